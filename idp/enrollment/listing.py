"""Any frozen day by name: who stood where at the instant of its snapshot, from the intervals; and the same as counts."""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from idp.database import table_of
from idp.enrollment.models import Snapshot
from idp.enrollment.standing_models import RungInterval
from idp.errors import NotFound
from idp.people.models import Person, Unit
from idp.people.unit_history import tree_on

_s, _i, _p, _u = table_of(Snapshot), table_of(RungInterval), table_of(Person), table_of(Unit)


def instant_of(connection: Connection, day: date) -> datetime:
    """When the figures of a day were taken. Raises NotFound for a gap, and for days before people's intervals were kept."""
    head = connection.execute(select(_s.c.taken_at, _s.c.parameters).where(_s.c.day == day)).first()
    if head is None:
        raise NotFound(_("Ngày %(day)s không có số liệu chốt.", day=f"{day:%d/%m/%Y}"))
    if "intervals" not in head.parameters:
        raise NotFound(
            _("Ngày %(day)s được chốt trước khi hệ thống lưu bậc của từng người, nên không có danh sách.", day=f"{day:%d/%m/%Y}")
        )
    found: datetime = head.taken_at
    return found


def _holds_at(at: datetime) -> ColumnElement[bool]:
    return and_(_i.c.from_at <= at, or_(_i.c.to_at.is_(None), _i.c.to_at > at))


def people_on(
    connection: Connection,
    day: date,
    *,
    rungs: Collection[str] | None = None,
    unit_ids: Collection[uuid.UUID] | None = None,
    most: int = 10_000,
    offset: int = 0,
) -> Sequence[Any]:
    """Who stood on these rungs (None: any) at these units (None: any) that day, by unit and name: person_id, name, username,
    staff_code and title (as they are now), unit_id, unit_name (of that day's tree), staff_category, rung, since when and why.
    Raises NotFound."""
    conditions = [_holds_at(instant_of(connection, day))]
    if rungs is not None:
        conditions.append(_i.c.rung.in_(rungs))
    if unit_ids is not None:
        conditions.append(_i.c.unit_id.in_(unit_ids))
    columns = (
        _p.c.id.label("person_id"), _p.c.name, _p.c.username, _p.c.staff_code, _p.c.title, _i.c.unit_id, _i.c.staff_category, _i.c.rung,
        _i.c.from_at, _i.c.cause, _u.c.name.label("unit_name"),
    )  # fmt: skip
    joined = _i.join(_p, _p.c.id == _i.c.person_id).outerjoin(_u, _u.c.id == _i.c.unit_id)
    query = select(*columns).select_from(joined).where(*conditions).order_by(_i.c.unit_id, _p.c.sort_key, _p.c.id)
    rows, tree = connection.execute(query.limit(most).offset(offset)).all(), tree_on(connection, day)
    names = {unit_id: unit.name for unit_id, unit in tree.items()}
    return [SimpleNamespace(**{**row._mapping, "unit_name": names.get(row.unit_id, row.unit_name)}) for row in rows]


def below_on(tree: Mapping[uuid.UUID, Any], tops: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """These units and all below them in the tree of a day."""
    found = set(tops)
    while more := {unit_id for unit_id, unit in tree.items() if unit.parent_id in found} - found:
        found |= more
    return found


def counts_by_intervals(connection: Connection, day: date) -> Counter[tuple[uuid.UUID, str, str]]:
    """How many stood where that day, by (unit, category, rung), told by the intervals alone."""
    keys = (_i.c.unit_id, _i.c.staff_category, _i.c.rung)
    query = select(*keys, func.count()).where(_holds_at(instant_of(connection, day))).group_by(*keys)
    return Counter({(row[0], row[1], row[2]): row[3] for row in connection.execute(query)})


def history_of(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """One person's intervals, oldest first."""
    return connection.execute(select(_i).where(_i.c.person_id == person_id).order_by(_i.c.from_at, _i.c.position)).all()
