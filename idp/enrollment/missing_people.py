"""Who stands on which rung now, by name: people of a segment, for lists that are printed and for reminders."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from idp.database import table_of
from idp.enrollment.rungs import Rung
from idp.enrollment.standing_models import RungInterval
from idp.people import units
from idp.people.models import Person, Unit

MOST_LISTED = 2000
_i, _p, _u = table_of(RungInterval), table_of(Person), table_of(Unit)
BELOW_THE_TOP = tuple(rung.value for rung in Rung if rung is not Rung.SEAMLESS)


def of_segment(rung: str, unit_ids: Collection[uuid.UUID] | None) -> list[ColumnElement[bool]]:
    """The open intervals of a segment: a rung ("": all below B6), units with all below them (None: all)."""
    found: list[ColumnElement[bool]] = [_i.c.to_at.is_(None), _i.c.rung.in_([rung] if rung else BELOW_THE_TOP)]
    if unit_ids is not None:
        found.append(_i.c.unit_id.in_(select(units.below(unit_ids).c.id)))
    return found


def _joined(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(_i.join(_p, _p.c.id == _i.c.person_id).outerjoin(_u, _u.c.id == _i.c.unit_id))


def count_missing(connection: Connection, rung: str, unit_ids: Collection[uuid.UUID] | None) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(_i).where(*of_segment(rung, unit_ids))).scalar_one())


def list_missing(connection: Connection, rung: str, unit_ids: Collection[uuid.UUID] | None, most: int = MOST_LISTED) -> Sequence[Any]:
    """Their names, by unit and as a staff list is sorted."""
    columns = (
        _p.c.id, _p.c.name, _p.c.staff_code, _p.c.title, _p.c.mail, _i.c.rung, _i.c.from_at, _i.c.unit_id, _u.c.name.label("unit_name"),
    )  # fmt: skip
    query = _joined(*columns).where(*of_segment(rung, unit_ids)).order_by(_u.c.name, _i.c.unit_id, _p.c.sort_key, _p.c.id)
    return connection.execute(query.limit(most)).all()


def page_of_ids(
    connection: Connection, rung: str, unit_ids: Collection[uuid.UUID] | None, after: uuid.UUID | None, most: int
) -> Sequence[Any]:
    """Some of them in the order of their ids, after one: id, whether there is a mail address, rung."""
    conditions = of_segment(rung, unit_ids)
    if after is not None:
        conditions.append(_p.c.id > after)
    query = _joined(_p.c.id, _p.c.mail.is_not(None).label("has_mail"), _i.c.rung).where(*conditions).order_by(_p.c.id)
    return connection.execute(query.limit(most)).all()
