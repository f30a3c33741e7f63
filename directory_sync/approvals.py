"""The word for a plan: who may give it, what they must show that they have seen, and when a second person is needed."""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from directory_sync import plans
from directory_sync.models import ChangeKind, PlanLine, PlanPart, PlanState, PlanWord, SyncPlan
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import Forbidden, Refusal
from idp.people import units
from idp.roles.models import RoleGrant
from idp.roles.permissions import scope_of
from idp.second_word import May, Word, counts, require_second
from idp.web.viewer import Permission

SHORTEST_REASON = 20
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,\s][0-9]{3})+")  # as pages write numbers, and as people copy them
_n, _l, _g = table_of(SyncPlan), table_of(PlanLine), table_of(RoleGrant)
_touches_themselves = (ChangeKind.SUSPENDED.value, ChangeKind.RETURNED.value)


@dataclass(frozen=True)
class Officer:
    """Who gives their word: a person of a unit, or an operator of the command line, who is of none. `within`: the units whose
    people they act on, None for the whole province."""

    actor: str
    person_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    within: Collection[uuid.UUID] | None = None


def give_word(connection: Connection, number: int, officer: Officer, *, typed: str, reason: str, part: PlanPart = PlanPart.WHOLE) -> bool:
    """Approve plan NUMBER; return whether it is approved now (else it waits for a second person). Raises Refusal."""
    plan = _require_open(connection, number)
    if plan.words_wanted == 0:
        raise Refusal(_("Kế hoạch này không thể phê duyệt: dữ liệu nguồn trống. Kiểm tra danh bạ rồi chạy lại."), "not_approvable", 409)
    require_reason(reason)
    if part == PlanPart.WHOLE and _digits_of(typed) != str(plan.typed_number):
        raise Refusal(_("Nhập đúng số %(number)s để xác nhận đã xem kế hoạch.", number=plan.typed_number), "wrong_number", 400)
    require_reach(connection, plan, officer)
    words = [word for word in plans.words_for(connection, plan.run_id) if _still_counts(connection, word)]
    wanted = 1 if part == PlanPart.BELOW_LIMITS else plan.words_wanted
    _require_another(words, officer, wanted)
    if wanted > 1:
        for word in (word for word in words if word.part == part.value):
            may = _may(connection, plan.run_id)
            require_second(connection, Word(word.actor, word.given_at), officer.actor, first_may=may, second_may=may)
    row = {
        "id": new_id(), "run_id": plan.run_id, "actor": officer.actor, "person_id": officer.person_id, "unit_id": officer.unit_id,
        "part": part.value, "reason": reason.strip(), "given_at": clock.now(),
    }  # fmt: skip
    try:
        with connection.begin_nested():
            connection.execute(insert(PlanWord), row)
    except IntegrityError:
        raise _twice() from None
    audit.record(connection, audit.Event.SYNC_PLAN_WORD_GIVEN, actor=officer.actor, run=number, part=part.value, reason=reason.strip())
    agreeing = 1 + sum(word.part == part.value for word in words)
    if agreeing < wanted:
        return False
    approve = update(_n).where(_n.c.run_id == plan.run_id, _n.c.state == PlanState.WAITING.value)
    if connection.execute(approve.values(state=PlanState.APPROVED.value, part=part.value)).rowcount != 1:
        raise _closed(number)
    audit.record(connection, audit.Event.SYNC_PLAN_APPROVED, actor=officer.actor, run=number, part=part.value)
    return True


def still_holds(connection: Connection, plan: Any) -> bool:
    """Whether as many as it took to approve the plan may still do so, now that it is carried out."""
    words = [word for word in plans.words_for(connection, plan.run_id) if word.part == plan.part and _still_counts(connection, word)]
    return len(words) >= (1 if plan.part == PlanPart.BELOW_LIMITS else plan.words_wanted)


def reject(connection: Connection, number: int, officer: Officer, *, reason: str) -> None:
    """Send a plan back: nothing of it is applied. The next run makes a new one when the source still says so. Raises Refusal."""
    plan = _require_open(connection, number)
    require_reason(reason)
    require_reach(connection, plan, officer)
    if not plans.end(connection, plan.run_id, PlanState.REJECTED, officer.actor, reason.strip()):
        raise _closed(number)
    audit.record(connection, audit.Event.SYNC_PLAN_REJECTED, actor=officer.actor, run=number, reason=reason.strip())


def require_reason(reason: str) -> None:
    """Raises Refusal for a reason that says too little."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refusal(_("Ghi rõ lý do, ít nhất %(number)s ký tự.", number=SHORTEST_REASON), "short_reason", 400)


def is_within(connection: Connection, run_id: uuid.UUID, within: Collection[uuid.UUID] | None) -> bool:
    """Whether every line of the plan is about people and units of this part of the tree."""
    if within is None:
        return True
    inside = select(units.below(within).c.id)
    outside = or_(_l.c.unit_id.is_(None), _l.c.unit_id.not_in(inside), _l.c.to_unit_id.not_in(inside))
    return connection.execute(select(_l.c.id).where(_l.c.run_id == run_id, outside).limit(1)).first() is None


def _require_open(connection: Connection, number: int) -> Any:
    """The plan, held until the end of the transaction, so that two who speak at once hear each other."""
    connection.execute(select(_n.c.run_id).where(_n.c.number == number).with_for_update())
    plan = plans.require_plan(connection, number)
    if not plans.is_open(plan):
        raise _closed(number)
    return plan


def _closed(number: int) -> Refusal:
    return Refusal(
        _("Kế hoạch số %(number)s không còn chờ phê duyệt. Mở danh sách để xem kế hoạch mới nhất.", number=number), "plan_closed", 409
    )


def _twice() -> Refusal:
    return Refusal(_("Mỗi người chỉ phê duyệt một lần. Cần thêm một người khác đơn vị."), "same_person", 409)


def _digits_of(typed: str) -> str:
    """A number as it was typed, without the signs that part its thousands; anything else as it is."""
    number = typed.strip()
    return re.sub(r"[^0-9]", "", number) if _GROUPED.fullmatch(number) else number


def require_reach(connection: Connection, plan: Any, officer: Officer) -> None:
    """Raises Forbidden for a plan of which a line is not this officer's to decide: of other units, about themselves, or, for the officer
    of one unit, about somebody who holds a role."""
    if not is_within(connection, plan.run_id, officer.within):
        raise Forbidden(
            _("Kế hoạch này có thay đổi ngoài phạm vi phụ trách; chỉ người có quyền trên cả phần đó mới làm được."), "outside_scope"
        )
    if officer.person_id is None:
        return
    own = select(_l.c.id).where(_l.c.run_id == plan.run_id, _l.c.person_id == officer.person_id, _l.c.kind.in_(_touches_themselves))
    if connection.execute(own.limit(1)).first() is not None:
        raise Forbidden(_("Kế hoạch này có thay đổi về chính người phê duyệt. Nhờ một người khác có quyền."), "own_account")
    if officer.within is not None:
        of_plan = select(_l.c.person_id).where(_l.c.run_id == plan.run_id, _l.c.person_id.is_not(None))
        require_no_holder(connection, of_plan)


def require_no_holder(connection: Connection, person_ids: Any) -> None:
    """Raises Forbidden when one of these people holds a role: no unit's officer gets at those who are above them."""
    holders = select(_g.c.id).where(_g.c.revoked_at.is_(None), _g.c.person_id.in_(person_ids))
    if connection.execute(holders.limit(1)).first() is not None:
        raise Forbidden(_("Người này giữ một vai trò trong hệ thống; chỉ người có quyền toàn tỉnh mới làm được."), "holds_a_role")


def _still_counts(connection: Connection, word: Any) -> bool:
    """Whether whoever gave it may still do so: the word of somebody who lost the role meanwhile is worth nothing."""
    return counts(connection, Word(word.actor, word.given_at), _may(connection, word.run_id))


def _may(connection: Connection, run_id: uuid.UUID) -> May:
    """Whether somebody may approve this plan: all of it is within what they reach."""

    def may(holder_id: uuid.UUID) -> bool:
        within = scope_of(holder_id, Permission.APPROVE_SYNC).within
        return within is None or (bool(within) and is_within(connection, run_id, within))

    return may


def _require_another(words: list[Any], officer: Officer, wanted: int) -> None:
    if any(word.actor == officer.actor for word in words):
        raise _twice()
    if wanted > 1 and any(word.unit_id == officer.unit_id for word in words):
        raise Refusal(_("Người thứ hai phải thuộc đơn vị khác với người thứ nhất."), "same_unit", 409)
