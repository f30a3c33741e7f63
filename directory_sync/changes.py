"""What is different between the directory and what we know: compared person by person and unit by unit, changing nothing."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from directory_sync.known import CHUNK, KnownPeople, KnownUnit, count_people, standings
from directory_sync.record_spool import newcomers_in
from directory_sync.rematch import Held
from directory_sync.source.reading import Reading, Unreadable
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitRecord, UnitTree
from idp.database import table_of
from idp.people.models import DirectoryReason, Person, PersonState, Unit

GONE, LOCKED = DirectoryReason.GONE.value, DirectoryReason.LOCKED.value
OUR_REASONS = frozenset({GONE, LOCKED})  # whoever was suspended for another reason was suspended by a person, and stays so
FACTS = (
    "name", "username", "mail", "phone", "staff_code", "staff_category", "title", "employment_status", "unit_key", "locked",
)  # fmt: skip
QUIET_FACTS = ("directory_dn", "username_key", "mail_key", "alias_key")  # follow from others, or from the name of a unit above

_p, _u = table_of(Person), table_of(Unit)
_stored = select(
    *(_p.c[name] for name in (*FACTS, *QUIET_FACTS) if name not in ("unit_key", "locked")),
    _p.c.id,
    _p.c.directory_locked.label("locked"),
    _u.c.source_key.label("unit_key"),
).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))


@dataclass(frozen=True, slots=True)
class Update:
    """A person whose entry reads differently. `before` and `after` hold the facts that differ; both empty: only the digest or
    the DN does."""

    person_id: uuid.UUID
    record: StaffRecord
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def has_moved(self) -> bool:
        """Whether the unit is another."""
        return "unit_key" in self.after


class Suspension(NamedTuple):
    """Somebody whose access is withdrawn; `changed_at`: when the directory says that it was changed, which of an entry that is gone
    it does not."""

    person_id: uuid.UUID
    reason: str
    changed_at: datetime | None = None


@dataclass(frozen=True)
class UnitChanges:
    """What happens to units: new ones (parents first), changed or reopened ones, and those that are gone."""

    added: Sequence[UnitRecord]
    changed: Sequence[tuple[KnownUnit, UnitRecord]]
    closed: Sequence[KnownUnit]

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.closed)


@dataclass(frozen=True)
class Changes:
    """Everything one run would do. `people_read` and `active_before` are what its safety is judged by."""

    source: str
    units: UnitChanges
    joins: Sequence[StaffRecord]
    updates: Sequence[Update]
    suspensions: Sequence[Suspension]
    returns: Sequence[uuid.UUID]
    people_read: int
    units_read: int
    known_people: int
    active_before: int
    open_units_before: int
    unreadable: Sequence[Unreadable] = ()
    held: Sequence[Held] = ()
    ended_posts: Sequence[uuid.UUID] = ()
    absences: Any = None  # who is missing and not suspended yet (directory_sync.absences)
    is_whole: bool = True
    has_units: bool = True
    further: Any = None  # of people whom another source has first (directory_sync.several_sources)
    entries: Sequence[Any] = ()  # what is to be remembered of them (directory_sync.precedence_applied)
    leavings: Sequence[Any] = ()  # whose last day is to come (directory_sync.source.reading)

    @property
    def told_updates(self) -> list[Update]:
        """The updates that people would call a change."""
        return [update for update in self.updates if update.after]

    @property
    def are_none(self) -> bool:
        """Whether there is nothing to tell."""
        return not (len(self.units) or self.joins or self.suspensions or self.returns or self.told_updates)


@dataclass(frozen=True)
class Explained:
    """What was decided before the run: `people` by our key, `joins` and `units` by the source's key. The guard does not count them."""

    people: frozenset[uuid.UUID] = frozenset()
    joins: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


def compare_units(known: Mapping[str, KnownUnit], tree: UnitTree) -> UnitChanges:
    """What is different in the unit tree."""
    read = {unit.source_key for unit in tree.units}
    return UnitChanges(
        added=[unit for unit in tree.units if unit.source_key not in known],
        changed=[
            (known[unit.source_key], unit)
            for unit in tree.units
            if unit.source_key in known and (known[unit.source_key].record != unit or not known[unit.source_key].is_open)
        ],
        closed=[unit for key, unit in known.items() if unit.is_open and key not in read],
    )


def compare(connection: Connection, source: str, known: KnownPeople, units: Mapping[str, KnownUnit], reading: Reading) -> Changes:
    """All that is different. `known`: everybody of the source when the reading is whole, else those whom it names."""
    fresh = reading.fresh
    suspensions: list[Suspension] = []
    returns: list[uuid.UUID] = []
    known_count, active = (len(known), 0) if reading.is_whole else count_people(connection, source)
    for key, state, reason, was_locked in standings(known):
        active += reading.is_whole and state == PersonState.ACTIVE
        is_gone = key not in reading.seen if reading.is_whole else key in reading.gone
        record = fresh.get(key)
        locked = record.locked if record else was_locked
        if state == PersonState.ACTIVE and (is_gone or locked):
            suspensions.append(Suspension(known[key].person_id, GONE if is_gone else LOCKED, record.changed_at if record else None))
        elif state == PersonState.SUSPENDED and reason in OUR_REASONS and not is_gone and not locked:
            returns.append(known[key].person_id)
    return Changes(
        source=source,
        units=compare_units(units, reading.tree) if reading.has_units else UnitChanges((), (), ()),
        joins=newcomers_in(fresh, known),
        updates=list(updates_of(connection, {known[key].person_id: fresh[key] for key in fresh if key in known} if known else {})),
        suspensions=suspensions,
        returns=returns,
        people_read=len(reading.seen),
        units_read=len(reading.tree.units),
        known_people=known_count,
        active_before=active,
        open_units_before=sum(unit.is_open for unit in units.values()),
        unreadable=reading.unreadable,
        is_whole=reading.is_whole,
        has_units=reading.has_units,
        leavings=reading.leavings,
    )


def updates_of(connection: Connection, changed: Mapping[uuid.UUID, StaffRecord]) -> Iterator[Update]:
    """What differs between people as remembered and their entries."""
    waiting = iter(changed)
    while chunk := list(islice(waiting, CHUNK)):
        for row in connection.execute(_stored.where(_p.c.id.in_(chunk))).mappings():
            record = changed[row["id"]]
            differing = [name for name in FACTS if row[name] != getattr(record, name)]
            yield Update(row["id"], record, {name: row[name] for name in differing}, {name: getattr(record, name) for name in differing})


def told_people(connection: Connection, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of people already known."""
    names: dict[uuid.UUID, str] = {}
    for start in range(0, len(person_ids), CHUNK):
        rows = connection.execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(person_ids[start : start + CHUNK])))
        names |= {row.id: row.name for row in rows}
    return names
