"""Reorganisations are proposed, approved by somebody else, and withdrawn; a sync carries them out."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, func, insert, select, update

from directory_sync.reorganisation_file import SchemeRow
from directory_sync.reorganisation_models import Origin, Reorganisation, ReorganisationRow, ReorganisationState
from directory_sync.unit_matching import NotUnique, Units
from idp import audit, clock
from idp.database import new_id, new_ids, table_of
from idp.errors import NotFound, Refusal
from idp.people.models import Unit
from idp.people.unit_models import SuccessionKind
from idp.second_word import Word, holds, require_second
from idp.web.viewer import Permission

NAME_LENGTH, DECISION_LENGTH = 200, 100
_o, _r, _u = table_of(Reorganisation), table_of(ReorganisationRow), table_of(Unit)
_old = _u.alias("old_unit")
_came = _u.alias("new_unit")
_rows = (
    select(_r, _old.c.name.label("old_unit_name"), _old.c.code.label("old_unit_code"), _came.c.name.label("new_unit_name"))
    .outerjoin(_old, _old.c.id == _r.c.old_unit_id)
    .outerjoin(_came, _came.c.id == _r.c.new_unit_id)
    .order_by(_r.c.line, _r.c.id)
)


def propose(
    connection: Connection, rows: Iterable[SchemeRow], *, name: str, decision: str, effective_on: date, origin: Origin, actor: str
) -> int:
    """Keep a scheme as a draft, with what is wrong with each row; return its number. Raises Refusal when no row says anything."""
    meant = [_understood(row, units) for units in [_open_units(connection)] for row in rows]
    if not any(row.flaw is None for row, _unit in meant):
        raise Refusal(_("Phương án không có dòng nào dùng được. Kiểm tra mã và tên đơn vị trong tệp."), "no_usable_row", 422)
    scheme_id = new_id()
    number: int = connection.execute(select(func.coalesce(func.max(_o.c.number), 0) + 1)).scalar_one()
    values = {
        "id": scheme_id, "number": number, "name": name[:NAME_LENGTH], "decision": decision[:DECISION_LENGTH], "effective_on": effective_on,
        "origin": origin.value, "state": ReorganisationState.DRAFT.value, "proposed_by": actor, "proposed_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_o), values)
    lines = [
        {
            "id": row_id, "reorganisation_id": scheme_id, "line": row.line, "kind": row.kind.value, "old_code": row.old_code,
            "old_name": row.old_name, "old_unit_id": unit_id, "new_code": row.new_code, "new_name": row.new_name,
            "new_source_key": row.new_source_key, "roles": row.roles.value,
            "effective_on": row.effective_on or effective_on, "flaw": row.flaw,
        }
        for row_id, (row, unit_id) in zip(new_ids(len(meant)), meant, strict=True)
    ]  # fmt: skip
    connection.execute(insert(_r), lines)
    audit.record(connection, audit.Event.REORGANISATION_PROPOSED, actor=actor, reorganisation=number, name=name, rows=len(lines))
    return number


def _open_units(connection: Connection) -> Units[uuid.UUID]:
    return Units(connection.execute(select(_u.c.id, _u.c.code, _u.c.name).where(_u.c.valid_to.is_(None))))


def _understood(row: SchemeRow, units: Units[uuid.UUID]) -> tuple[SchemeRow, uuid.UUID | None]:
    """The row with the unit that it is about, or with why no unit was found."""
    if row.flaw or row.kind == SuccessionKind.NEW or row.old_unit_id:
        return row, row.old_unit_id
    try:
        unit_id = units.find(row.old_code, row.old_name)
    except NotUnique:
        return replace(row, flaw="not_unique"), None
    return (row, unit_id) if unit_id else (replace(row, flaw="not_found"), None)


def require_reorganisation(connection: Connection, number: int) -> Any:
    """One scheme. Raises NotFound."""
    found = connection.execute(select(_o).where(_o.c.number == number)).first()
    if found is None:
        raise NotFound(_("Không có phương án số %(number)s.", number=number))
    return found


def list_reorganisations(connection: Connection, most: int = 100) -> Sequence[Any]:
    """The schemes, newest first, each with how many rows it has, how many came true and how many say nothing."""
    count = select(
        func.count().label("rows"), func.count(_r.c.run_number).label("done"), func.count(_r.c.flaw).label("flawed"),
        _r.c.reorganisation_id.label("of_scheme"),
    ).group_by(_r.c.reorganisation_id).subquery()  # fmt: skip
    query = select(_o, count.c.rows, count.c.done, count.c.flawed).join(count, count.c.of_scheme == _o.c.id)
    return connection.execute(query.order_by(_o.c.number.desc()).limit(most)).all()


def rows_of(connection: Connection, reorganisation_id: uuid.UUID) -> Sequence[Any]:
    """The rows of a scheme, as they stood in the file, with the names of the units they mean."""
    return connection.execute(_rows.where(_r.c.reorganisation_id == reorganisation_id)).all()


def approve(connection: Connection, number: int, *, actor: str) -> None:
    """Approve a draft, once. Raises Refusal for who proposed it, when either of the two may not any more, and when it is no draft."""
    scheme = require_reorganisation(connection, number)
    if scheme.proposed_by == actor:
        raise Refusal(_("Người lập phương án không tự phê duyệt. Nhờ một người khác có quyền toàn tỉnh."), "same_person", 403)
    may = holds(Permission.RUN_SYNC)
    require_second(connection, Word(scheme.proposed_by, scheme.proposed_at), actor, first_may=may, second_may=may)
    taken = update(_o).where(_o.c.number == number, _o.c.state == ReorganisationState.DRAFT, _o.c.proposed_by != actor)
    values = {"state": ReorganisationState.APPROVED.value, "approved_by": actor, "approved_at": clock.now()}
    if connection.execute(taken.values(values)).rowcount != 1:
        raise Refusal(_("Phương án này không còn là bản thảo. Tải lại trang để xem trạng thái mới nhất."), "not_a_draft", 409)
    audit.record(connection, audit.Event.REORGANISATION_APPROVED, actor=actor, reorganisation=number, name=scheme.name)


def withdraw(connection: Connection, number: int, *, actor: str) -> None:
    """Withdraw a scheme that is not applied: it explains nothing any more. What it has done stays; to undo that is another scheme.
    Raises Refusal."""
    scheme = require_reorganisation(connection, number)
    may_end = (ReorganisationState.DRAFT, ReorganisationState.APPROVED, ReorganisationState.UNDER_WAY)
    ended = update(_o).where(_o.c.number == number, _o.c.state.in_(may_end))
    if connection.execute(ended.values(state=ReorganisationState.WITHDRAWN, ended_at=clock.now())).rowcount != 1:
        raise Refusal(_("Phương án này đã kết thúc. Để đảo lại, lập một phương án khác."), "ended", 409)
    audit.record(connection, audit.Event.REORGANISATION_WITHDRAWN, actor=actor, reorganisation=number, name=scheme.name)
