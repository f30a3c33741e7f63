"""What the approved reorganisations explain of a run's changes: the units they are about, and the people who go with them."""

import uuid
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from directory_sync.changes import Changes, Explained
from directory_sync.known import KnownUnit, known_units
from directory_sync.reorganisation_models import Reorganisation, ReorganisationRow, ReorganisationState
from directory_sync.unit_matching import NotUnique, Units, ancestry, of_records
from directory_sync.unit_tree import UnitRecord
from idp.database import table_of
from idp.people.unit_models import SuccessionKind
from idp.web.formats import today

IN_FORCE = (ReorganisationState.APPROVED.value, ReorganisationState.UNDER_WAY.value)
_o, _r = table_of(Reorganisation), table_of(ReorganisationRow)
_rows = (
    select(_r, _o.c.number, _o.c.approved_by)
    .join(_o, _o.c.id == _r.c.reorganisation_id)
    .where(_o.c.state.in_(IN_FORCE), _r.c.flaw.is_(None), _r.c.effective_on <= bindparam("day"))
    .order_by(_o.c.number, _r.c.line)
)


class Happening(NamedTuple):
    """What a run does to units, by the source's keys."""

    added: set[str]
    changed: set[str]
    closed: set[str]


@dataclass(frozen=True)
class Line:
    """A row of a scheme with what it means in this run: the source's keys of the old and the new unit, None where there is none."""

    row: Any
    old: str | None
    new: str | None
    is_done: bool


@dataclass(frozen=True)
class Matched:
    """The lines of all schemes in force against one run's unit trees, before and after."""

    lines: tuple[Line, ...] = ()
    before: Mapping[str, str | None] = field(default_factory=dict)  # unit → unit above
    after: Mapping[str, str | None] = field(default_factory=dict)

    @cached_property
    def days(self) -> dict[str, date]:
        """The day of the decision for each unit that a line names which has come true."""
        return {key: line.row.effective_on for line in self.lines if line.is_done for key in (line.old, line.new) if key is not None}

    @cached_property
    def by_old(self) -> dict[str, list[Line]]:
        """The lines about each unit."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.old is not None:
                found.setdefault(line.old, []).append(line)
        return found

    def day_of(self, key: str) -> date | None:
        """The day of the decision that a unit, or one above it, is named by; None when no line is about it."""
        return next((self.days[above] for tree in (self.before, self.after) for above in ancestry(key, tree) if above in self.days), None)

    def line_of_move(self, old: str, new: str) -> Line | None:
        """The line that a move follows: one about the unit left, or the nearest above it, that leads to the unit gone to, or one above."""
        lines = next((self.by_old[above] for above in ancestry(old, self.before) if above in self.by_old), [])
        target = set(ancestry(new, self.after))
        return next((line for line in lines if line.new in target or (line.row.kind == SuccessionKind.VANISH and target)), None)


def explain_changes(connection: Connection, changes: Changes) -> Explained:
    """What approved schemes say will happen: units that end, begin or change by them, and people who go where they say. Suspensions
    are never explained: no scheme says that a person is gone. Reads only."""
    matched = match(connection, changes)
    if not matched.lines:
        return Explained()
    leaving = {one.person_id for one in changes.suspensions}
    return Explained(people=frozenset(set(explained_moves(matched, changes)) - leaving), units=frozenset(explained_units(matched, changes)))


def match(connection: Connection, changes: Changes) -> Matched:
    """The schemes in force against a run's changes."""
    rows = connection.execute(_rows, {"day": today()}).all()
    if not rows:
        return Matched()
    known = known_units(connection, changes.source)
    after = units_after(known, changes)
    keys = {unit.unit_id: key for key, unit in known.items()}
    happening = Happening(
        {unit.source_key for unit in changes.units.added}, {unit.source_key for _, unit in changes.units.changed},
        {unit.record.source_key for unit in changes.units.closed},
    )  # fmt: skip
    choices = of_records(changes.units.added), of_records(after.values())  # what begins in this run is meant before what was there
    lines = tuple(_line(row, keys, known, happening, choices, after) for row in rows)
    return Matched(
        lines, {key: unit.record.parent_key for key, unit in known.items()}, {key: unit.parent_key for key, unit in after.items()}
    )


def units_after(known: Mapping[str, KnownUnit], changes: Changes) -> dict[str, UnitRecord]:
    """The open units as they will be after a run, by the source's keys."""
    closed = {unit.record.source_key for unit in changes.units.closed}
    after = {key: unit.record for key, unit in known.items() if unit.is_open and key not in closed}
    return after | {unit.source_key: unit for unit in (*changes.units.added, *(unit for _, unit in changes.units.changed))}


def _line(
    row: Any, keys: Mapping[uuid.UUID, str], known: Mapping[str, KnownUnit], happening: Happening, choices: tuple[Units[str], Units[str]],
    after: Container[str],
) -> Line:  # fmt: skip
    old = keys.get(row.old_unit_id)
    named = row.new_source_key if row.new_source_key in after else None
    new = keys.get(row.new_unit_id) or named or next(filter(None, (_find(row, units) for units in choices)), None)
    return Line(row, old, new, _is_done(row, old, new, known, happening))


def _find(row: Any, units: Units[str]) -> str | None:
    if row.kind == SuccessionKind.VANISH:
        return None
    try:
        return units.find(row.new_code, row.new_name)
    except NotUnique:
        return None


def _is_done(row: Any, old: str | None, new: str | None, known: Mapping[str, KnownUnit], happening: Happening) -> bool:
    """Whether after the run this row has come true."""
    if row.run_number is not None:
        return True
    ends = old is not None and (not known[old].is_open or old in happening.closed)
    if row.kind == SuccessionKind.VANISH:
        return ends
    if new is None:
        return False
    if row.kind in (SuccessionKind.NEW, SuccessionKind.SPLIT):
        return ends or new in happening.added or (old is not None and new != old)
    return ends or (old == new and new in happening.changed)


def explained_units(matched: Matched, changes: Changes) -> Iterator[str]:
    """The units whose end, beginning or change a line explains: those it names and what is below them."""
    for unit in (*changes.units.added, *(unit for _, unit in changes.units.changed), *(unit.record for unit in changes.units.closed)):
        if matched.day_of(unit.source_key):
            yield unit.source_key


def explained_moves(matched: Matched, changes: Changes) -> Iterator[uuid.UUID]:
    """The people whose move follows a line: from its old unit, or one below, to its new unit, or one below; from a unit that ends
    without a successor to wherever there is a unit."""
    known: dict[tuple[str, str], bool] = {}
    for person_id, *pair in moves(changes):
        old, new = pair
        if (old, new) not in known:
            known[old, new] = matched.line_of_move(old, new) is not None
        if known[old, new]:
            yield person_id


def moves(changes: Changes) -> Iterator[tuple[uuid.UUID, str, str]]:
    """Everybody who goes from one unit to another: our key of them, the source's keys of both units."""
    for update in changes.updates:
        if update.has_moved and update.before["unit_key"] and update.after["unit_key"]:
            yield update.person_id, update.before["unit_key"], update.after["unit_key"]
