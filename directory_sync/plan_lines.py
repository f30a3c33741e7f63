"""The lines of a plan: every change of a run with whom it is about, where they are, before and after, and what the guard says."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from directory_sync import plan_marks
from directory_sync.changes import Changes, Explained, Update
from directory_sync.known import CHUNK, KnownUnit, placing_units
from directory_sync.models import ChangeKind
from directory_sync.safety import Objection
from directory_sync.unit_tree import UnitRecord
from idp.database import table_of
from idp.people.models import Person, Unit
from idp.people.names import search_key

_p, _u = table_of(Person), table_of(Unit)
_where_they_are = select(_p.c.id, _p.c.name, _p.c.username, _p.c.staff_code, _p.c.unit_id, _u.c.name.label("unit_name")).select_from(
    _p.outerjoin(_u, _u.c.id == _p.c.unit_id)
)


class Line(NamedTuple):
    """One line, as it is kept."""

    kind: str
    mark: bytes
    person_id: uuid.UUID | None
    unit_id: uuid.UUID | None
    to_unit_id: uuid.UUID | None
    name: str
    search_key: str
    unit_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    is_over: bool
    is_explained: bool


class _Units(NamedTuple):
    """The source's units by its keys: as they are, and those that the run adds."""

    known: Mapping[str, KnownUnit]
    added: Mapping[str, UnitRecord]

    def name_of(self, key: str | None) -> str | None:
        if key is None:
            return None
        if key in self.added:
            return self.added[key].name
        return self.known[key].record.name if key in self.known else None

    def id_of(self, key: str | None) -> uuid.UUID | None:
        """Our key; of a unit that does not exist yet the one of the nearest above that does."""
        while key is not None and key not in self.known and key in self.added:
            key = self.added[key].parent_key
        return self.known[key].unit_id if key is not None and key in self.known else None


def lines_of(connection: Connection, changes: Changes, explained: Explained, objections: Sequence[Objection]) -> Iterator[Line]:
    """Every change that people would call one, units first."""
    units = _Units(placing_units(connection, changes.source), {unit.source_key: unit for unit in changes.units.added})
    yield from _unit_lines(changes, explained, objections, units)
    reasons = {one.person_id: one for one in changes.suspensions}
    for row in _people(connection, reasons):
        mark = plan_marks.of_suspension(reasons[row.id])
        after = {"state": "suspended", "reason": reasons[row.id].reason}
        yield _about(row, ChangeKind.SUSPENDED, mark, {"state": "active"}, after, explained, objections)
    for row in _people(connection, changes.returns):
        mark = plan_marks.of_return(row.id)
        yield _about(row, ChangeKind.RETURNED, mark, {"state": "suspended"}, {"state": "active"}, explained, objections)
    yield from (_update_line(update, explained, objections, units) for update in changes.told_updates)
    for record in changes.joins:
        unit_id = units.id_of(record.unit_key)
        yield Line(
            ChangeKind.JOINED.value, plan_marks.of_join(record), None, unit_id, unit_id, record.name,
            search_key(record.name, record.username, record.staff_code), units.name_of(record.unit_key), {},
            {"username": record.username, "staff_code": record.staff_code, "title": record.title, "mail": record.mail}
            | ({"locked": True} if record.locked else {}),
            _is_over(objections, ChangeKind.JOINED, record.source_key), record.source_key in explained.joins,
        )  # fmt: skip


def _is_over(objections: Sequence[Objection], kind: ChangeKind, key: object) -> bool:
    return any(kind in one.kinds and (one.only is None or key in one.only) for one in objections)


def _people(connection: Connection, person_ids: Iterable[uuid.UUID]) -> Iterator[Any]:
    waiting = iter(person_ids)
    while chunk := list(islice(waiting, CHUNK)):
        yield from connection.execute(_where_they_are.where(_p.c.id.in_(chunk))).all()


def _about(
    row: Any, kind: ChangeKind, mark: bytes, before: dict[str, Any], after: dict[str, Any], explained: Explained, objections: Sequence[Objection]
) -> Line:  # fmt: skip
    is_explained = row.id in explained.people
    return Line(
        kind.value, mark, row.id, row.unit_id, None, row.name, search_key(row.name, row.username, row.staff_code), row.unit_name, before, after,
        not is_explained and _is_over(objections, kind, row.id), is_explained,
    )  # fmt: skip


def _update_line(update: Update, explained: Explained, objections: Sequence[Objection], units: _Units) -> Line:
    record, kind = update.record, ChangeKind.MOVED if update.has_moved else ChangeKind.CHANGED
    is_explained = update.person_id in explained.people
    here, there = update.before.get("unit_key", record.unit_key), units.id_of(record.unit_key)
    return Line(
        kind.value, plan_marks.of_update(update), update.person_id, units.id_of(here), there, record.name,
        search_key(record.name, record.username, record.staff_code), units.name_of(here), _told(update.before, units), _told(update.after, units),
        not is_explained and _is_over(objections, kind, update.person_id), is_explained,
    )  # fmt: skip


def _told(facts: Mapping[str, Any], units: _Units) -> dict[str, Any]:
    return {
        ("unit" if name == "unit_key" else name): (units.name_of(value) if name == "unit_key" else value) for name, value in facts.items()
    }


def _unit_lines(changes: Changes, explained: Explained, objections: Sequence[Objection], units: _Units) -> Iterator[Line]:
    pairs = (
        *((ChangeKind.UNIT_ADDED, None, unit) for unit in changes.units.added),
        *((ChangeKind.UNIT_CHANGED, known.record, unit) for known, unit in changes.units.changed),
        *((ChangeKind.UNIT_CLOSED, known.record, None) for known in changes.units.closed),
    )
    for kind, before, after in pairs:
        told = after or before
        assert told is not None
        is_explained = told.source_key in explained.units
        yield Line(
            kind.value, plan_marks.of_unit(before, after), None, units.id_of(told.source_key), None, told.name, search_key(told.name, told.code),
            None, _told_unit(before, units), _told_unit(after, units),
            not is_explained and _is_over(objections, kind, told.source_key), is_explained,
        )  # fmt: skip


def _told_unit(unit: UnitRecord | None, units: _Units) -> dict[str, Any]:
    if unit is None:
        return {}
    return {"name": unit.name, "code": unit.code, "level": str(unit.level), "parent": units.name_of(unit.parent_key)}
