"""People whom several sources know: a new entry of one is given to whom another source has already, never added a second time."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from directory_sync.changes import GONE, Changes
from directory_sync.desk_models import CaseKind, Choice
from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks, decided, role_holders
from directory_sync.rematch import Candidate, Held
from directory_sync.source.reading import Reading
from directory_sync.staff_record import StaffRecord
from idp import clock
from idp.database import table_of
from idp.people.models import Person, PersonState
from idp.people.precedence import DIRECTORY
from idp.people.source_models import SourceEntry
from idp.settings import current_settings

_e, _p = table_of(SourceEntry), table_of(Person)
_of_source: Any = bindparam("of_source")
_others_before = select(_p.c.id).where(_p.c.source < _of_source).limit(1)  # two looks into the index; "other than" would read everybody
_others_behind = select(_p.c.id).where(_p.c.source > _of_source).limit(1)
_entries = (
    select(_e.c.source_key, _e.c.person_id, _e.c.digest, _e.c.gone_at, _e.c.missing_since, _p.c.state, _p.c.state_reason)
    .join(_p, _p.c.id == _e.c.person_id)
    .where(_e.c.source == _of_source, _p.c.source != _of_source)
)
_numbered = select(_p.c.id, _p.c.source, _p.c.staff_code, _p.c.state, _p.c.state_reason, _p.c.state_changed_at)


@dataclass(frozen=True, slots=True)
class FurtherEntry:
    """What a run read of an entry that is not its person's first: `record` None when it is gone. `row`: as it was remembered."""

    person_id: uuid.UUID
    source_key: str
    record: StaffRecord | None
    row: Any = None


@dataclass(frozen=True)
class Further:
    """The further entries of a run, and what of it waits for the desk."""

    entries: Sequence[FurtherEntry] = ()
    held: Sequence[Held] = ()


def give_to_whom_others_know(connection: Connection, changes: Changes, reading: Reading) -> Changes:
    """The changes with each new entry taken out that is somebody's whom another source has: by the entry that was theirs before, else by
    a staff number unique on both sides. A number of several people, or a way into the account of whoever holds a role, is for the
    desk. Reads only."""
    asked = {"of_source": changes.source}
    if connection.execute(_others_before, asked).first() is None and connection.execute(_others_behind, asked).first() is None:
        return changes
    rows = _remembered(connection, changes, reading)
    entries = [_entry(rows[one.source_key], one) for one in changes.joins if one.source_key in rows and _is_news(rows[one.source_key], one)]
    entries += [_entry(row, None) for row in rows.values() if row.gone_at is None and _is_gone(row.source_key, reading)]
    newcomers = [record for record in changes.joins if record.source_key not in rows]
    gone = {entry.person_id for entry in entries if entry.record is None}
    present = {row.person_id for row in rows.values() if row.gone_at is None} - gone
    found, held, joins = _by_number(connection, changes.source, newcomers, present)
    live = sum(row.gone_at is None for row in rows.values())
    return replace(
        changes, joins=joins, further=Further([*entries, *found], held), known_people=changes.known_people + live,
        active_before=changes.active_before + sum(row.gone_at is None and row.state == PersonState.ACTIVE for row in rows.values()),
    )  # fmt: skip


def _remembered(connection: Connection, changes: Changes, reading: Reading) -> Mapping[str, Any]:
    asked = {"of_source": changes.source}
    if reading.is_whole:
        return {row.source_key: row for row in connection.execute(_entries, asked)}
    found: dict[str, Any] = {}
    for keys in chunks({*reading.fresh, *reading.gone}, CHUNK):
        found |= {row.source_key: row for row in connection.execute(_entries.where(_e.c.source_key.in_(keys)), asked)}
    return found


def _entry(row: Any, record: StaffRecord | None) -> FurtherEntry:
    return FurtherEntry(row.person_id, row.source_key, record, row)


def _is_news(row: Any, record: StaffRecord) -> bool:
    """Whether an entry has to be looked at: it reads differently, was missing, or its person is out and may come back."""
    return bool(row.digest != record.digest or row.gone_at or row.missing_since or row.state != PersonState.ACTIVE)


def _is_gone(key: str, reading: Reading) -> bool:
    return key not in reading.seen if reading.is_whole else key in reading.gone


def _by_number(
    connection: Connection, source: str, records: Sequence[StaffRecord], present: set[uuid.UUID]
) -> tuple[list[FurtherEntry], list[Held], list[StaffRecord]]:
    """The new entries that are somebody's by their staff number, those for the desk, and the rest."""
    read = Counter(record.staff_code for record in records if record.staff_code)
    people: dict[str, list[Any]] = {}
    for codes in chunks(read, CHUNK):
        for row in connection.execute(_numbered.where(_p.c.staff_code.in_(codes))):
            people.setdefault(row.staff_code, []).append(row)
    sharing = {row.id for rows in people.values() for row in rows}
    holders = role_holders(connection, list(sharing)) if source == DIRECTORY else frozenset[uuid.UUID]()
    words = decided(connection, source, [record.source_key for record in records if record.staff_code in people])
    found: list[FurtherEntry] = []
    held: list[Held] = []
    joins: list[StaffRecord] = []
    for record in records:
        rows = people.get(record.staff_code or "", [])
        word = words.get(record.source_key)
        if (
            not any(row.source != source for row in rows)
            or any(row.source == source for row in rows)
            or (word and word.choice == Choice.NEW)
        ):
            joins.append(record)
        elif word and word.choice == Choice.KEEP_OUT:
            continue
        elif len(rows) > 1 or read[record.staff_code or ""] > 1 or rows[0].id in present:
            held.append(_held(CaseKind.NUMBER_NOT_UNIQUE, record, rows))
        elif rows[0].id in holders or _was_away_for_long(rows[0]):
            held.append(_held(CaseKind.REHIRE, record, rows))
        else:
            found.append(FurtherEntry(rows[0].id, record.source_key, record))
    return found, held, joins


def _was_away_for_long(row: Any) -> bool:
    if row.state == PersonState.ACTIVE or row.state_reason != GONE or row.state_changed_at is None:
        return False
    return bool(row.state_changed_at < clock.now() - timedelta(days=current_settings().sync_rejoin_days))


def _held(kind: CaseKind, record: StaffRecord, rows: Iterable[Any]) -> Held:
    return Held(kind, record, tuple(Candidate(row.id, ("staff_code",)) for row in list(rows)[:5]))


def is_known_to_several(connection: Connection, person_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these people whom several sources know."""
    found: set[uuid.UUID] = set()
    if connection.execute(select(_e.c.person_id).limit(1)).first() is None:
        return found
    for part in chunks(person_ids, CHUNK):
        found |= set(connection.execute(select(_e.c.person_id).where(_e.c.person_id.in_(part))).scalars())
    return found


def entries_of(connection: Connection, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Any]]:
    """What every source says of these people."""
    found: dict[uuid.UUID, list[Any]] = {}
    for part in chunks(person_ids, CHUNK):
        for row in connection.execute(select(_e).where(_e.c.person_id.in_(part))):
            found.setdefault(row.person_id, []).append(row)
    return found
