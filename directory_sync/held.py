"""Changes held back by an officer: left out of every run as long as they stay exactly the same, until somebody releases them."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, insert, select, update

from directory_sync.approvals import Officer, require_no_holder, require_reason
from directory_sync.models import ChangeKind, HeldChange, PlanLine, SyncPlan
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people import units

MOST_SHOWN = 200
_l, _h, _n = table_of(PlanLine), table_of(HeldChange), table_of(SyncPlan)
ABOUT_PEOPLE = frozenset({ChangeKind.JOINED, ChangeKind.CHANGED, ChangeKind.MOVED, ChangeKind.SUSPENDED, ChangeKind.RETURNED})


def require_line(connection: Connection, number: int, line_id: uuid.UUID, within: Collection[uuid.UUID] | None) -> Any:
    """One line of plan NUMBER that lies wholly within the officer's units. Raises NotFound, Forbidden."""
    query = select(_l, _n.c.source, _n.c.number).join(_n, _n.c.run_id == _l.c.run_id).where(_l.c.id == line_id, _n.c.number == number)
    line = connection.execute(query).first()
    if line is None:
        raise NotFound(_("Không có thay đổi này trong kế hoạch. Mở lại kế hoạch từ đầu."))
    _require_reach(connection, {line.unit_id, line.to_unit_id or line.unit_id}, within)
    return line


def hold(connection: Connection, line: Any, officer: Officer, reason: str) -> None:
    """Leave this change out of the plan and of every later run. Raises Refusal."""
    require_reason(reason)
    _require_other(connection, line.person_id, officer)
    if line.kind not in ABOUT_PEOPLE:
        raise Refusal(
            _("Chỉ giữ lại được thay đổi về người. Thay đổi về đơn vị được duyệt hoặc trả lại cùng kế hoạch."), "not_about_people", 400
        )
    same = select(_h.c.id).where(_h.c.source == line.source, _h.c.mark == line.mark, _h.c.released_at.is_(None))
    if connection.execute(same.limit(1)).first() is not None:
        return
    row = {
        "id": new_id(), "source": line.source, "mark": line.mark, "kind": line.kind, "person_id": line.person_id, "unit_id": line.unit_id,
        "name": line.name, "reason": reason.strip(), "held_by": officer.actor, "held_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_h), row)
    detail = {"run": line.number, "kind": line.kind, "reason": reason.strip()}
    audit.record(connection, audit.Event.SYNC_CHANGE_HELD, actor=officer.actor, person_id=line.person_id, **detail)


def release(connection: Connection, held_id: uuid.UUID, officer: Officer) -> None:
    """Let a change that was held back take its course at the next run. Raises NotFound, Forbidden."""
    found = connection.execute(select(_h).where(_h.c.id == held_id)).first()
    if found is None:
        raise NotFound(_("Không có thay đổi nào được giữ lại như vậy."))
    _require_reach(connection, {found.unit_id}, officer.within)
    _require_other(connection, found.person_id, officer)
    let_go = update(_h).where(_h.c.id == held_id, _h.c.released_at.is_(None)).values(released_at=clock.now(), released_by=officer.actor)
    if connection.execute(let_go).rowcount == 1:
        audit.record(connection, audit.Event.SYNC_CHANGE_RELEASED, actor=officer.actor, person_id=found.person_id, kind=found.kind)


def list_held(connection: Connection, within: Collection[uuid.UUID] | None) -> Sequence[Any]:
    """What is held back now, newest first."""
    query = select(_h).where(_h.c.released_at.is_(None)).order_by(_h.c.id.desc()).limit(MOST_SHOWN)
    if within is not None:
        query = query.where(_h.c.unit_id.in_(select(units.below(within).c.id)))
    return connection.execute(query).all()


def held_marks(connection: Connection, source: str) -> dict[bytes, str]:
    """The reasons by mark."""
    rows = connection.execute(select(_h.c.mark, _h.c.reason).where(_h.c.source == source, _h.c.released_at.is_(None)))
    return {row.mark: row.reason for row in rows}


def _require_other(connection: Connection, person_id: uuid.UUID | None, officer: Officer) -> None:
    """Nobody keeps themselves in, or lets in what was kept from them; nor does a unit's officer with whoever holds a role. Raises Forbidden."""
    if person_id is None:
        return
    if person_id == officer.person_id:
        raise Forbidden(_("Không tự làm việc này cho chính mình. Nhờ một người khác có quyền."), "own_account")
    if officer.within is not None:
        require_no_holder(connection, [person_id])


def _require_reach(connection: Connection, unit_ids: set[uuid.UUID | None], within: Collection[uuid.UUID] | None) -> None:
    if within is None:
        return
    inside = set(connection.execute(select(units.below(within).c.id)).scalars())
    if not unit_ids <= inside:
        raise Forbidden(_("Thay đổi này ngoài phạm vi phụ trách."), "outside_scope")
