"""What counts of what several sources say, put into the changes of a run: a source that does not own a fact does not overwrite it, and
whoever another source still has stays."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, insert, or_, select

from directory_sync.changes import FACTS, GONE, LOCKED, OUR_REASONS, Changes, Suspension, Update
from directory_sync.known import CHUNK
from directory_sync.models import RunState, SyncRun
from directory_sync.newcomers import chunks
from directory_sync.several_sources import Further, FurtherEntry, entries_of, is_known_to_several
from directory_sync.source.reading import Reading
from directory_sync.staff_record import StaffRecord
from idp import clock
from idp.database import table_of
from idp.people import precedence
from idp.people.career_models import PersonalMark
from idp.people.models import Person, PersonState, Unit
from idp.people.names import username_key
from idp.people.precedence import DIRECTORY, Said
from idp.people.source_models import SourceEntry
from idp.settings import current_settings

FILES = "spreadsheet:"
_e, _p, _u, _m, _r = table_of(SourceEntry), table_of(Person), table_of(Unit), table_of(PersonalMark), table_of(SyncRun)
_people = select(_p, _u.c.source_key.label("unit_key")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))
_whole_sources = (
    select(_r.c.source).where(
        _r.c.kind == "full", _r.c.state.in_([RunState.APPLIED.value, RunState.UNCHANGED.value]), _r.c.source.startswith(FILES)
    )
).distinct()
_sources_of_people = select(_p.c.source).where(_p.c.source.startswith(FILES)).distinct()
_sources_of_entries = select(_e.c.source).where(_e.c.source.startswith(FILES)).distinct()
_open_units = select(_u.c.source_key).where(_u.c.valid_to.is_(None))


class EntryWrite(NamedTuple):
    """A row of `source_entry` as it is to be kept, and what must have been carried out for that."""

    source: str
    source_key: str
    person_id: uuid.UUID
    facts: Mapping[str, Any]
    is_locked: bool
    digest: bytes | None
    missing_since: datetime | None
    gone_at: datetime | None
    mark: bytes | None = None
    needs_update: bool = False
    needs_suspension: bool = False


@dataclass(frozen=True)
class _Context:
    """What is asked once for all people of a run. `says`: of a file, the facts that it has columns for; `parts`: the sources of files
    that were never read whole."""

    source: str
    owned: Mapping[str, str]
    open_units: frozenset[str]
    says: frozenset[str] | None
    parts: frozenset[str]

    def vouches(self, source: str) -> bool:
        """Whether a source tells by silence that somebody is gone."""
        return source not in self.parts


@dataclass(frozen=True)
class _Heard:
    """What a run heard of one person: the record, or that they are gone from it; and the update, where the entry is their first."""

    record: StaffRecord | None = None
    update: Update | None = None
    further: FurtherEntry | None = None
    is_gone: bool = False
    is_locked: bool | None = None
    changed_at: datetime | None = None


def weigh_sources(connection: Connection, changes: Changes, reading: Reading) -> Changes:
    """The changes as they are when every source is heard. Reads only; costs nothing for people of one source only."""
    further = changes.further or Further()
    heard = _heard(changes, further)
    shared = is_known_to_several(connection, heard) | {entry.person_id for entry in further.entries}
    weighed = shared | ({update.person_id for update in changes.updates} if reading.says is not None else set())
    if not weighed:
        return replace(changes, held=[*changes.held, *further.held])
    units = frozenset(connection.execute(_open_units).scalars()) | {unit.source_key for unit in reading.tree.units}
    context = _Context(changes.source, precedence.owners(connection), units, reading.says, _only_parts(connection, changes, reading))
    entries = entries_of(connection, weighed)
    updates: list[Update] = []
    suspensions: list[Suspension] = []
    returns: list[uuid.UUID] = []
    writes: list[EntryWrite] = []
    for part in chunks(weighed, CHUNK):
        for person in connection.execute(_people.where(_p.c.id.in_(part))):
            update, suspension, back, kept = _weigh(context, person, entries.get(person.id, []), heard[person.id], keep=person.id in shared)
            updates += [update] if update is not None else []
            suspensions += [suspension] if suspension is not None else []
            returns += [back] if back is not None else []
            writes += kept
    return replace(
        changes,
        updates=[*(one for one in changes.updates if one.person_id not in weighed), *updates],
        suspensions=[*(one for one in changes.suspensions if one.person_id not in weighed), *suspensions],
        returns=[*(one for one in changes.returns if one not in weighed), *returns],
        held=[*changes.held, *further.held],
        entries=writes,
    )


def _only_parts(connection: Connection, changes: Changes, reading: Reading) -> frozenset[str]:
    whole = set(connection.execute(_whole_sources).scalars()) | ({changes.source} if reading.is_whole else set())
    named = (
        set(connection.execute(_sources_of_people).scalars()) | set(connection.execute(_sources_of_entries).scalars()) | {changes.source}
    )
    return frozenset(one for one in named if one.startswith(FILES) and one not in whole)


def _heard(changes: Changes, further: Further) -> dict[uuid.UUID, _Heard]:
    found = {update.person_id: _Heard(update.record, update, is_locked=update.record.locked) for update in changes.updates}
    for one in changes.suspensions:
        before = found.get(one.person_id, _Heard())
        found[one.person_id] = replace(
            before, is_gone=one.reason == GONE, is_locked=one.reason == LOCKED or before.is_locked, changed_at=one.changed_at
        )
    for person_id in changes.returns:
        found[person_id] = replace(found.get(person_id, _Heard()), is_locked=False)
    for entry in further.entries:
        locked = entry.record.locked if entry.record else None
        found[entry.person_id] = _Heard(entry.record, further=entry, is_gone=entry.record is None, is_locked=locked)
    return found


def _weigh(
    context: _Context, person: Any, rows: Sequence[Any], heard: _Heard, *, keep: bool
) -> tuple[Update | None, Suspension | None, uuid.UUID | None, list[EntryWrite]]:
    said = {row.source: Said(row.source, row.facts, row.gone_at is not None, row.is_locked, context.vouches(row.source)) for row in rows}
    is_new = person.source not in said
    if is_new:
        said[person.source] = _as_remembered(person, vouches=context.vouches(person.source))
    waits = heard.further is not None and heard.is_gone and not _grace_is_over(heard.further.row)
    before = said.get(context.source, Said(context.source, {}))
    facts = dict(before.facts) | (_facts(heard.record, context.says) if heard.record else {})
    locked = before.is_locked if heard.is_locked is None else heard.is_locked
    said[context.source] = Said(context.source, facts, heard.is_gone and not waits, locked, context.vouches(context.source))
    update = _update(context, person, list(said.values()), heard)
    everybody = list(said.values())
    suspension, back = _verdict(context, person, everybody, heard)
    writes = _writes(context, person, said, heard, update, suspension, is_new=is_new, waits=waits) if keep else []
    return update, suspension, back, writes


def _as_remembered(person: Any, *, vouches: bool) -> Said:
    """What the first source says of somebody: all that is known, as long as no other was heard."""
    facts = {name: getattr(person, name) for name in precedence.FACTS if getattr(person, name) is not None}
    return Said(person.source, facts, person.state != PersonState.ACTIVE and person.state_reason == GONE, person.directory_locked, vouches)


def _facts(record: StaffRecord, says: frozenset[str] | None) -> dict[str, Any]:
    """What a record says: of a file, an empty cell says nothing; of every other source, a fact that is not there is none any more."""
    found = {name: getattr(record, name) for name in precedence.FACTS}
    return found if says is None else {name: value for name, value in found.items() if name in says and value not in (None, "")}


def _grace_is_over(row: Any) -> bool:
    grace = timedelta(minutes=current_settings().sync_absent_grace_minutes)
    return not grace or (row is not None and row.missing_since is not None and clock.now() - row.missing_since >= grace)


def _update(context: _Context, person: Any, said: list[Said], heard: _Heard) -> Update | None:
    counted = {name: value for name, (value, _source) in precedence.effective(said, context.owned, context.open_units).items()}
    is_first, record = heard.update is not None, heard.record
    directory = record if record is not None and (is_first or context.source == DIRECTORY) else None
    username, mail = counted.get("username"), counted.get("mail")
    merged = StaffRecord(
        source_key=record.source_key if is_first and record else person.source_key,
        digest=record.digest if is_first and record else person.directory_digest,
        directory_dn=directory.directory_dn if directory and context.source == DIRECTORY else person.directory_dn,
        username=username, username_key=username_key(username) if username else None,
        mail=mail, mail_key=username_key(mail) if mail else None, phone=counted.get("phone"), staff_code=counted.get("staff_code"),
        staff_category=counted.get("staff_category"), name=counted.get("name") or person.name, title=counted.get("title"),
        employment_status=counted.get("employment_status"), unit_key=counted.get("unit_key"), locked=precedence.is_locked(said, context.owned),
        flaws=record.flaws if record else frozenset(), changed=record.changed if record else None,
        alias_key=directory.alias_key if directory and context.source == DIRECTORY else person.alias_key,
        personal_mark=record.personal_mark if is_first and record else None,
    )  # fmt: skip
    stored = {name: person.directory_locked if name == "locked" else getattr(person, name) for name in FACTS}
    differing = [name for name in FACTS if stored[name] != getattr(merged, name)]
    before = {name: stored[name] for name in differing}
    after = {name: getattr(merged, name) for name in differing}
    if heard.update is not None and "source_key" in heard.update.after:
        before["source_key"], after["source_key"] = heard.update.before["source_key"], heard.update.after["source_key"]
    is_quiet = directory is not None and (merged.directory_dn, merged.alias_key) != (person.directory_dn, person.alias_key)
    return Update(person.id, merged, before, after) if after or is_first or is_quiet else None


def _verdict(context: _Context, person: Any, said: list[Said], heard: _Heard) -> tuple[Suspension | None, uuid.UUID | None]:
    in_service, locked = precedence.is_in_service(said, context.owned), precedence.is_locked(said, context.owned)
    if person.state == PersonState.ACTIVE and not (in_service and not locked):
        return Suspension(person.id, LOCKED if in_service else GONE, heard.changed_at), None
    is_ours = person.state == PersonState.SUSPENDED and person.state_reason in OUR_REASONS
    return None, person.id if is_ours and in_service and not locked else None


def _writes(
    context: _Context, person: Any, said: Mapping[str, Said], heard: _Heard, update: Update | None, suspension: Suspension | None, *,
    is_new: bool, waits: bool,
) -> list[EntryWrite]:  # fmt: skip
    now, own = clock.now(), said[context.source]
    is_first = heard.further is None
    row = heard.further.row if heard.further else None
    key = person.source_key if heard.further is None else heard.further.source_key
    if heard.update is not None:
        key = heard.update.record.source_key
    since = (row.missing_since if row is not None else None) or now
    written = EntryWrite(
        context.source, key, person.id, own.facts, own.is_locked, heard.record.digest if heard.record else None,
        since if waits else None, now if own.is_gone else None, None if is_first or heard.record is None else heard.record.personal_mark,
        needs_update=bool(update and update.after), needs_suspension=suspension is not None,
    )  # fmt: skip
    if not is_new or is_first:
        return [written]
    first = said[person.source]
    gone_at = person.state_changed_at or now if first.is_gone else None
    return [EntryWrite(person.source, person.source_key, person.id, first.facts, first.is_locked, None, None, gone_at), written]


def keep_entries(connection: Connection, changes: Changes) -> None:
    """Remember what the run heard, for all that was carried out of it. May be done again."""
    updated = {update.person_id for update in changes.updates}
    suspended = {one.person_id for one in changes.suspensions}
    kept = [
        one
        for one in changes.entries
        if (not one.needs_update or one.person_id in updated) and (not one.needs_suspension or one.person_id in suspended)
    ]
    now = clock.now()
    for part in chunks(kept, CHUNK // 5):
        theirs = [and_(_e.c.source == one.source, or_(_e.c.source_key == one.source_key, _e.c.person_id == one.person_id)) for one in part]
        connection.execute(delete(_e).where(or_(*theirs)))
        columns = ("source", "source_key", "person_id", "facts", "is_locked", "digest", "missing_since", "gone_at")
        connection.execute(insert(_e), [{**{name: getattr(one, name) for name in columns}, "seen_at": now} for one in part])
    _keep_marks(connection, kept)


def _keep_marks(connection: Connection, kept: Iterable[EntryWrite]) -> None:
    marks = {one.person_id: one.mark for one in kept if one.mark}
    for ids in chunks(marks, CHUNK):
        known = set(connection.execute(select(_m.c.person_id).where(_m.c.person_id.in_(ids))).scalars())
        if missing := [{"person_id": one, "mark": marks[one]} for one in ids if one not in known]:
            connection.execute(insert(_m), missing)
