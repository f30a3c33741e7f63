"""Follows the audit trail: entries into applications, and who stands otherwise since the last look; falls by time in their hour.

The trail is followed by the positions of its chain, which give each event once and in order, whenever its transaction ended.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.audit import AuditEvent, AuditLink, Event
from idp.database import in_transaction, table_of
from idp.enrollment.intervals import CHUNK, causes_from, differs, fall_by_time, find_open, find_standings, move, postpone
from idp.enrollment.parameters import digest_of
from idp.enrollment.recount import recount
from idp.enrollment.rungs import RULES_VERSION, Basis, basis_now
from idp.enrollment.standing_models import RungInterval, SystemEntry, TrackerCursor

CURSOR = "rungs"
BATCH = 5000
# What never changes where somebody stands; all other events about a person are looked at.
IDLE_EVENTS = frozenset({
    Event.PASSWORD_VERIFIED, Event.PASSWORD_REFUSED, Event.SECOND_FACTOR_REFUSED, Event.PASSKEY_REFUSED, Event.SESSION_ENDED,
    Event.LOGOUT_DELIVERED, Event.LOGOUT_FAILED, Event.CLIENT_AUTHORIZED, Event.TOKEN_EXCHANGED, Event.BROWSER_TRUSTED,
    Event.ACCOUNT_THROTTLED, Event.CONSENT_GIVEN, Event.OWN_DATA_DOWNLOADED,
})  # fmt: skip
_c, _i, _y = table_of(TrackerCursor), table_of(RungInterval), table_of(SystemEntry)
_ev, _l = table_of(AuditEvent), table_of(AuditLink)
_after = (
    select(_l.c.position, _ev.c.id, _ev.c.at, _ev.c.event, _ev.c.person_id, _ev.c.client_id)
    .join(_ev, _ev.c.id == _l.c.event_id)
    .where(_l.c.position > bindparam("after"))
    .order_by(_l.c.position)
    .limit(BATCH)
)
_due = select(_i.c.person_id).where(_i.c.to_at.is_(None), _i.c.falls_at < bindparam("now")).limit(BATCH)
_entered = (
    select(_ev.c.person_id, _ev.c.client_id, func.min(_ev.c.at), func.max(_ev.c.at))
    .where(_ev.c.event == Event.AUTHORIZATION_GRANTED.value, _ev.c.person_id.is_not(None), _ev.c.client_id.is_not(None))
    .group_by(_ev.c.person_id, _ev.c.client_id)
)


def look_job() -> None:
    """The worker's part: one look each time; more at once while there is more than one batch to follow."""
    while in_transaction(look) >= BATCH:
        pass


def look(connection: Connection) -> int:
    """Follow up to 5,000 events and up to 5,000 falls by time; return how many events. When the parameters or the systems are others
    than at the last look, everybody is looked at."""
    basis = basis_now(connection)
    cursor = take_cursor(connection, basis)
    events = connection.execute(_after, {"after": cursor.position}).all()
    _note_entries(connection, [row for row in events if row.event == Event.AUTHORIZATION_GRANTED.value])
    causes = causes_from(row for row in events if row.person_id and row.event not in IDLE_EVENTS)
    due = set(connection.execute(_due, {"now": basis.at}).scalars()) - causes.keys()
    _look_at(connection, basis, causes, due)
    position = events[-1].position if events else cursor.position
    digest = basis_digest(basis)
    if digest != cursor.parameters:
        recount(connection, basis, after=position, explained=True)
    if events or digest != cursor.parameters:
        values = {"position": position, "parameters": digest, "moved_at": basis.at}
        connection.execute(update(_c).where(_c.c.name == CURSOR), values)
    return len(events)


def _look_at(connection: Connection, basis: Basis, causes: dict[uuid.UUID, Any], due: set[uuid.UUID]) -> None:
    ids = [*causes, *due]
    found, intervals = find_standings(connection, basis, ids), find_open(connection, ids)
    changed, going_on = [], []
    for person_id in ids:
        before, now = intervals.get(person_id), found.get(person_id)
        if not differs(before, now):
            if before is not None and now is not None:
                going_on.append((before, now))
            continue
        cause = causes.get(person_id)
        by_time = fall_by_time(basis, before, now)
        # An event that is no reason for a fall, such as a refused code, does not hide that time was.
        chosen = by_time if by_time and (cause is None or by_time.at <= cause.at) else cause
        if chosen is not None:
            changed.append((before, now, chosen))
    move(connection, changed)
    postpone(connection, going_on)


def take_cursor(connection: Connection, basis: Basis) -> Any:
    """The cursor's row, locked: looks and snapshots wait for each other. The first look ever fills in everybody."""
    lock = update(_c).where(_c.c.name == CURSOR).values(moved_at=basis.at).returning(_c.c.position, _c.c.parameters)
    row = connection.execute(lock).first()
    if row is not None:
        return row
    begin = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    newest = connection.execute(select(func.coalesce(func.max(_l.c.position), 0))).scalar_one()
    first = {"name": CURSOR, "position": newest, "parameters": basis_digest(basis), "moved_at": basis.at}
    if connection.execute(begin(_c).on_conflict_do_nothing().returning(_c.c.name), first).first() is not None:
        connection.execute(insert(_y).from_select(["person_id", "client_id", "first_at", "last_at"], _entered))
        recount(connection, basis, after=newest, explained=True, begins=True)
    return connection.execute(lock).one()


def basis_digest(basis: Basis) -> str:
    """What everybody's rung depends on beside their own facts."""
    systems = [[str(one.client_key), one.is_integrated, one.asks_entry, _said(one.only)] for one in basis.systems]
    told = {name: value for name, value in basis.parameters.told().items() if name in ("recent_days", "entry_days")}
    return digest_of([RULES_VERSION, told, sorted(systems)])


def _said(condition: Any) -> str:
    """A condition with the values in it: to see that it is another."""
    return "" if condition is None else str(condition) + str(sorted(map(str, condition.compile().params.values())))


def _note_entries(connection: Connection, rows: Sequence[Any]) -> None:
    """Upsert who entered what; of several in one batch the first and the last instant count."""
    spans: dict[tuple[uuid.UUID, uuid.UUID], tuple[datetime, datetime]] = {}
    for row in rows:
        key = (row.person_id, row.client_id)
        first, last = spans.get(key, (row.at, row.at))
        spans[key] = (min(first, row.at), max(last, row.at))
    values = [
        {"person_id": person_id, "client_id": client_id, "first_at": first, "last_at": last}
        for (person_id, client_id), (first, last) in spans.items()
        if person_id and client_id
    ]
    put = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_y)
    newer = case_of_newer(put)
    for start in range(0, len(values), CHUNK):
        connection.execute(newer, values[start : start + CHUNK])


def case_of_newer(put: Any) -> Any:
    """The upsert: a row that is there takes the later instant."""
    return put.on_conflict_do_update(
        index_elements=[_y.c.person_id, _y.c.client_id],
        set_={"last_at": put.excluded.last_at},
        where=_y.c.last_at < put.excluded.last_at,
    )


def events_beyond(connection: Connection, position: int) -> int:
    """How many linked events wait to be followed."""
    found: int = connection.execute(select(func.count()).select_from(_l).where(_l.c.position > position)).scalar_one()
    return found


def seconds_behind(connection: Connection) -> float | None:
    """How long ago the tracker last looked, in seconds; None: never."""
    moved = connection.execute(select(_c.c.moved_at).where(_c.c.name == CURSOR)).scalar()
    return (clock.now() - moved).total_seconds() if moved else None
