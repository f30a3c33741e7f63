"""The unit tree as it was on a day of the past, and what became of a unit."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from idp import clock
from idp.database import new_id, table_of
from idp.people.models import Unit
from idp.people.unit_models import UnitSuccessor, UnitVersion

_u, _v, _s = table_of(Unit), table_of(UnitVersion), table_of(UnitSuccessor)
_now = select(_u.c.id, _u.c.code, _u.c.name, _u.c.level, _u.c.parent_id, _u.c.valid_from, _u.c.valid_to).where(
    _u.c.valid_from <= bindparam("day")
)
_was = select(_v.c.unit_id, _v.c.code, _v.c.name, _v.c.level, _v.c.parent_id, _v.c.valid_from, _v.c.valid_to)
_counted = _was.where(_v.c.recorded_on > bindparam("day"), _v.c.valid_from <= bindparam("day")).order_by(
    _v.c.unit_id, _v.c.recorded_on.desc(), _v.c.id.desc()
)
_in_force = _was.where(_v.c.valid_to > bindparam("day"), _v.c.valid_from <= bindparam("day")).order_by(
    _v.c.unit_id, _v.c.valid_to.desc(), _v.c.id.desc()
)


class UnitFacts(NamedTuple):
    """A unit as it was on the day asked for."""

    unit_id: uuid.UUID
    code: str | None
    name: str
    level: str
    parent_id: uuid.UUID | None


def tree_on(connection: Connection, day: date) -> dict[uuid.UUID, UnitFacts]:
    """The units by which people were counted on a day: what a report of that day shows, also when a decision of an earlier day
    was carried out later."""
    return _tree(connection, day, _counted)


def tree_in_force(connection: Connection, day: date) -> dict[uuid.UUID, UnitFacts]:
    """The units that the decisions had put in force on a day, whenever they were carried out."""
    return _tree(connection, day, _in_force)


def _tree(connection: Connection, day: date, versions: Any) -> dict[uuid.UUID, UnitFacts]:
    found = {row.id: UnitFacts(*row[:5]) for row in connection.execute(_now, {"day": day}) if row.valid_to is None or row.valid_to > day}
    # Of several versions that ended later, the one that ended first held on the day; it comes last.
    return found | {row.unit_id: UnitFacts(*row[:5]) for row in connection.execute(versions, {"day": day})}


def remember(connection: Connection, unit_ids: Collection[uuid.UUID], until: date, today: date) -> None:
    """Remember how these units were, before they are changed or closed. `until`: the first day on which they are otherwise, by the
    decision; `today`: the day on which we begin to count otherwise."""
    ids = list(unit_ids)
    for start in range(0, len(ids), 500):
        rows = connection.execute(select(_u).where(_u.c.id.in_(ids[start : start + 500]))).all()
        since = _last_change(connection, [row.id for row in rows])
        rows = [row for row in rows if row.valid_to is None or since.get(row.id) != row.valid_to]  # closed: remembered when it was closed
        versions = [
            {
                "id": new_id(), "unit_id": row.id, "code": row.code, "name": row.name, "level": row.level, "parent_id": row.parent_id,
                "valid_from": max(since.get(row.id, row.valid_from), row.valid_from), "valid_to": row.valid_to or until,
                "recorded_on": today,
            }
            for row in rows
        ]  # fmt: skip
        if versions:
            connection.execute(insert(_v), versions)


def _last_change(connection: Connection, unit_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, date]:
    query = select(_v.c.unit_id, _v.c.valid_to).where(_v.c.unit_id.in_(unit_ids)).order_by(_v.c.valid_to)
    return {row.unit_id: row.valid_to for row in connection.execute(query)}


def succeed(
    connection: Connection,
    unit_id: uuid.UUID,
    successor_id: uuid.UUID,
    kind: str,
    effective_on: date,
    people: int,
    reorganisation: int | None,
) -> None:
    """Write down that one unit became another, or a part of it; once for a pair and a day."""
    same = (_s.c.unit_id == unit_id, _s.c.successor_id == successor_id, _s.c.effective_on == effective_on)
    if connection.execute(select(_s.c.id).where(*same)).first():
        return
    row = {
        "id": new_id(), "unit_id": unit_id, "successor_id": successor_id, "kind": kind, "people": people, "effective_on": effective_on,
        "reorganisation": reorganisation, "recorded_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_s), row)


def successors_of(connection: Connection, unit_id: uuid.UUID) -> Sequence[Any]:
    """What became of a unit: key and name of each successor, kind, people and day."""
    return _relatives(connection, _s.c.unit_id == unit_id, _s.c.successor_id)


def predecessors_of(connection: Connection, unit_id: uuid.UUID) -> Sequence[Any]:
    """What a unit came from: key and name of each predecessor, kind, people and day."""
    return _relatives(connection, _s.c.successor_id == unit_id, _s.c.unit_id)


def _relatives(connection: Connection, where: Any, other: Any) -> Sequence[Any]:
    columns = (_u.c.id, _u.c.name, _u.c.code, _s.c.kind, _s.c.people, _s.c.effective_on, _s.c.reorganisation)
    return connection.execute(select(*columns).join(_s, _u.c.id == other).where(where).order_by(_s.c.effective_on, _u.c.name)).all()
