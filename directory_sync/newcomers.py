"""New entries looked at together with everybody they could be: what the database knows, handed to the rules of `rematch`."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, func, select

from directory_sync.changes import GONE, LOCKED, OUR_REASONS, Changes, Suspension, Update, updates_of
from directory_sync.desk_models import CaseState, DeskCase
from directory_sync.known import CHUNK
from directory_sync.models import RunState, SyncRun
from directory_sync.rematch import Decision, Known, Remembered, Sorted, count_numbers, sort_out
from directory_sync.source.reading import Reading
from directory_sync.staff_record import StaffRecord
from idp import clock
from idp.database import table_of
from idp.people.career_models import PersonalMark
from idp.people.models import Person, PersonState
from idp.people.names import sort_key
from idp.roles.models import RoleGrant
from idp.settings import current_settings

T = TypeVar("T")
_p, _g, _r, _d, _m = table_of(Person), table_of(RoleGrant), table_of(SyncRun), table_of(DeskCase), table_of(PersonalMark)
_people = select(
    _p.c.id, _p.c.source_key, _p.c.staff_code, _p.c.username_key, _p.c.mail_key, _p.c.name, _p.c.state, _p.c.state_reason, _p.c.state_changed_at,
    _p.c.created_at, _m.c.mark,
).select_from(_p.outerjoin(_m, _m.c.person_id == _p.c.id))  # fmt: skip


@dataclass(frozen=True)
class _Presence:
    """Who of those known is without an entry, as far as this reading tells."""

    changes: Changes
    reading: Reading
    gone_now: frozenset[uuid.UUID]

    def is_gone(self, row: Any) -> bool:
        """Whether no entry is this person's any more."""
        if self.reading.is_whole:
            return row.source_key not in self.reading.seen
        return (
            row.id in self.gone_now or row.source_key in self.reading.gone or (row.state != PersonState.ACTIVE and row.state_reason == GONE)
        )


def resolve_newcomers(connection: Connection, changes: Changes, reading: Reading) -> Changes:
    """The changes with each new entry given to whom it belongs: people found again are updated instead of suspended and added anew,
    and what the desk must decide waits. Reads only."""
    if not changes.joins or not changes.known_people:  # nobody is known yet: everybody is new
        return changes
    gone_now = frozenset(person_id for person_id, reason, _at in changes.suspensions if reason == GONE)
    presence = _Presence(changes, reading, gone_now)
    found = sort_out(changes.joins, _known(connection, changes, presence))
    return _told_anew(connection, changes, found)


def _known(connection: Connection, changes: Changes, presence: _Presence) -> Known:
    records = changes.joins
    rows = _alike(connection, changes.source, records)
    numbers = count_numbers(records)
    now_numbered = {update.person_id: update.record.staff_code for update in changes.updates if "staff_code" in update.after}
    remembered: Counter[str] = Counter(row.staff_code for row in rows.values() if row.staff_code in numbers)
    read = Counter(numbers)
    for row in rows.values():
        if not presence.is_gone(row):
            read[now_numbered.get(row.id, row.staff_code) or ""] += 1
    read.update(code for person_id, code in now_numbered.items() if code and person_id not in rows)
    holders = role_holders(connection, list(rows))
    last_whole = _last_whole_run(connection, changes.source)
    people = [_remembered(row, presence, last_whole, holders) for row in rows.values()]
    keys = [record.source_key for record in records]
    return Known(people, read, remembered, decided(connection, changes.source, keys), _marks_of(records))


def _remembered(row: Any, presence: _Presence, last_whole: datetime | None, holders: frozenset[uuid.UUID]) -> Remembered:
    is_gone = presence.is_gone(row)
    since = row.state_changed_at if is_gone and row.state != PersonState.ACTIVE else row.created_at
    is_old_news = last_whole is not None and since <= last_whole and not (is_gone and row.id in presence.gone_now)
    was_away_since = row.state_changed_at if is_gone and row.state != PersonState.ACTIVE else None
    oldest = clock.now() - timedelta(days=current_settings().sync_rejoin_days)
    return Remembered(
        row.id, row.staff_code, row.username_key, row.mail_key, row.name, is_gone, is_old_news,
        was_away_since is not None and was_away_since < oldest, row.id in holders, row.mark,
    )  # fmt: skip


def _alike(connection: Connection, source: str, records: Sequence[StaffRecord]) -> dict[uuid.UUID, Any]:
    """Everybody of the source who shares a number, username, address or mark with a new entry; a name only with one that has no number."""
    wanted: list[tuple[ColumnElement[Any], Iterable[Any]]] = [
        (_p.c.staff_code, {record.staff_code for record in records if record.staff_code}),
        (_p.c.username_key, {record.username_key for record in records if record.username_key}),
        (_p.c.mail_key, {record.mail_key for record in records if record.mail_key}),
        (_p.c.sort_key, {sort_key(record.name) for record in records if not record.staff_code}),
        (_m.c.mark, set(_marks_of(records).values())),
    ]
    found: dict[uuid.UUID, Any] = {}
    for column, values in wanted:
        for chunk in chunks(values, CHUNK):
            found |= {row.id: row for row in connection.execute(_people.where(_p.c.source == source, column.in_(chunk)))}
    return found


def _marks_of(records: Sequence[StaffRecord]) -> dict[str, bytes]:
    return {record.source_key: record.personal_mark for record in records if record.personal_mark}


def role_holders(connection: Connection, person_ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of these people who hold a role here."""
    found: set[uuid.UUID] = set()
    for chunk in chunks(person_ids, CHUNK):
        held = select(_g.c.person_id).where(_g.c.person_id.in_(chunk), _g.c.revoked_at.is_(None))
        found |= set(connection.execute(held).scalars())
    return frozenset(found)


def _last_whole_run(connection: Connection, source: str) -> datetime | None:
    """When a run was last carried out to its end: what is younger belongs to this run or to one that broke off."""
    ended = select(func.max(_r.c.finished_at)).where(_r.c.source == source, _r.c.state.in_((RunState.APPLIED, RunState.UNCHANGED)))
    return connection.execute(ended).scalar()


def decided(connection: Connection, source: str, keys: Sequence[str]) -> Mapping[str, Decision]:
    """What the desk decided of these entries; the newest word counts."""
    found: dict[str, Decision] = {}
    for chunk in chunks(keys, CHUNK):
        words = (
            select(_d.c.entry_key, _d.c.choice, _d.c.chosen_person_id)
            .where(_d.c.source == source, _d.c.entry_key.in_(chunk), _d.c.state == CaseState.DECIDED)
            .order_by(_d.c.decided_at)
        )
        found |= {row.entry_key: Decision(row.choice, row.chosen_person_id) for row in connection.execute(words)}
    return found


def _told_anew(connection: Connection, changes: Changes, found: Sorted) -> Changes:
    back = dict(found.back)
    if not back and not found.held and len(found.new) == len(changes.joins):
        return changes
    states = _states(connection, list(back))
    suspensions = [one for one in changes.suspensions if one.person_id not in back]
    returns = list(changes.returns)
    for person_id, record in back.items():
        state, reason, _key = states[person_id]
        if state == PersonState.ACTIVE and record.locked:
            suspensions.append(Suspension(person_id, LOCKED, record.changed_at))
        elif state != PersonState.ACTIVE and reason in OUR_REASONS and not record.locked:
            returns.append(person_id)
    updates = [*changes.updates, *_updates(connection, back, states)]
    return replace(changes, joins=found.new, updates=updates, suspensions=suspensions, returns=returns, held=found.held)


def _updates(connection: Connection, back: Mapping[uuid.UUID, StaffRecord], states: Mapping[uuid.UUID, Any]) -> Iterator[Update]:
    for one in updates_of(connection, back):
        key = states[one.person_id][2]
        yield replace(one, before={**one.before, "source_key": key}, after={**one.after, "source_key": one.record.source_key})


def _states(connection: Connection, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str | None, str]]:
    found: dict[uuid.UUID, tuple[str, str | None, str]] = {}
    for chunk in chunks(person_ids, CHUNK):
        rows = connection.execute(select(_p.c.id, _p.c.state, _p.c.state_reason, _p.c.source_key).where(_p.c.id.in_(chunk)))
        found |= {row.id: (row.state, row.state_reason, row.source_key) for row in rows}
    return found


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of at most `size`, for one question each."""
    waiting = iter(values)
    while chunk := list(islice(waiting, size)):
        yield chunk
