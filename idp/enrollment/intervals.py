"""Where each person stood from when to when: intervals, opened and closed as looks find people standing otherwise than before.

Between two looks (seconds apart while the worker runs) only what came of all changes is seen. A look never tells of an instant before
the newest snapshot: what comes late is told from then on, and the past stays as it was frozen.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from idp.credentials.models import Proofing
from idp.database import insert_rows, table_of
from idp.enrollment.models import Snapshot
from idp.enrollment.rungs import Basis, Rung, standing_of_all
from idp.enrollment.standing_models import RungInterval, SystemEntry
from idp.people.models import Person

CHUNK = 400
NEVER = "9999"
TICK = timedelta(microseconds=1)
TIME_TWO_FACTOR, TIME_PROOFING, TIME_ENTRY, TIME_SECONDMENT = "time.two_factor", "time.proofing", "time.entry", "time.secondment"
BEGINNING, RECOUNT, SYSTEMS, PARAMETERS = "beginning", "recount", "systems.changed", "parameters.changed"
_i, _p, _f, _e = table_of(RungInterval), table_of(Person), table_of(Proofing), table_of(SystemEntry)
_s = table_of(Snapshot)
_open_of = select(_i).where(_i.c.to_at.is_(None), _i.c.person_id.in_(bindparam("ids", expanding=True)))
_end = update(_i).where(_i.c.position == bindparam("ended"), _i.c.to_at.is_(None)).values(to_at=bindparam("at"), end_cause=bindparam("why"))
_postpone = update(_i).where(_i.c.position == bindparam("open"), _i.c.to_at.is_(None)).values(falls_at=bindparam("falls"))
_COLUMNS = (
    "position", "person_id", "from_at", "rung", "unit_id", "staff_category", "cause", "event_id", "falls_at", "digest",
)  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """Why somebody stands otherwise: an event, or another word of this module; and since when."""

    word: str
    at: datetime
    event_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Found:
    """Where somebody in post stands, with what tells when time alone will change it."""

    person_id: uuid.UUID
    unit_id: uuid.UUID
    staff_category: str
    rung: str
    two_factor_until: datetime | None
    proofed_until: datetime | None
    entries_until: datetime | None

    def falls_at(self) -> datetime | None:
        """The earliest instant at which time alone may take the rung away."""
        ends = []
        if self.rung >= Rung.PROOFED:
            ends.append(self.proofed_until)
        if self.rung >= Rung.AUTHENTICATED:
            ends.append(self.two_factor_until)
        if self.rung >= Rung.SEAMLESS:
            ends.append(self.entries_until)
        return min((one for one in ends if one is not None), default=None)


def find_standings(connection: Connection, basis: Basis, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Found]:
    """Where these people stand; who is not in post is not among them."""
    wanted = list(ids)
    found: dict[uuid.UUID, Found] = {}
    query = _standing_with_ends(basis)
    for start in range(0, len(wanted), CHUNK):
        for row in connection.execute(query.where(_p.c.id.in_(wanted[start : start + CHUNK]))):
            days = basis.parameters
            found[row.id] = Found(
                row.id, row.unit_id, row.staff_category, row.rung,
                row.last_two_factor_at + timedelta(days=days.recent_days) if row.last_two_factor_at else None,
                None if row.endless else row.proofed_until,
                row.oldest_entry + timedelta(days=days.entry_days) if row.oldest_entry else None,
            )  # fmt: skip
    return found


def _standing_with_ends(basis: Basis) -> Any:
    of_person = (_f.c.person_id == _p.c.id, _f.c.withdrawn_at.is_(None))
    until = select(func.max(_f.c.expires_at)).where(*of_person).correlate(_p).scalar_subquery()
    endless = select(func.count()).select_from(_f).where(*of_person, _f.c.expires_at.is_(None)).correlate(_p).scalar_subquery()
    needed = [
        _e.c.client_id == one.client_key if one.only is None else (_e.c.client_id == one.client_key) & one.only
        for one in basis.systems
        if one.asks_entry
    ]
    oldest = select(func.min(_e.c.last_at)).where(_e.c.person_id == _p.c.id, or_(False, *needed)).correlate(_p).scalar_subquery()
    return standing_of_all(basis).add_columns(
        _p.c.last_two_factor_at, until.label("proofed_until"), endless.label("endless"), oldest.label("oldest_entry")
    )


def find_open(connection: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """The intervals that these people are in."""
    wanted = list(ids)
    found: dict[uuid.UUID, Any] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(_open_of, {"ids": wanted[start : start + CHUNK]})
        found |= {row.person_id: row for row in rows}
    return found


def differs(interval: Any | None, found: Found | None) -> bool:
    """Whether somebody stands otherwise than their open interval says; None: no interval, or not in post."""
    if interval is None or found is None:
        return interval is not found
    return (interval.rung, interval.unit_id, interval.staff_category) != (found.rung, found.unit_id, found.staff_category)


def fall_by_time(basis: Basis, before: Any | None, now: Found | None) -> Cause | None:
    """The fall that time alone explains, at its instant; None when it does not."""
    if before is None or now is None or now.rung >= before.rung:
        return None
    ended = {
        Rung.ACTIVATED: (TIME_PROOFING, now.proofed_until),
        Rung.FACTOR_ENROLLED: (TIME_TWO_FACTOR, now.two_factor_until),
        Rung.AUTHENTICATED: (TIME_ENTRY, now.entries_until),
    }.get(Rung(now.rung))
    if ended is None or ended[1] is None or ended[1] > basis.at:
        return None
    return Cause(ended[0], ended[1])


def move(connection: Connection, changes: Sequence[tuple[Any | None, Found | None, Cause]]) -> int:
    """Close the interval before (None: there is none) and open the one found (None: not in post) for each; return how many."""
    if not changes:
        return 0
    floor = newest_frozen(connection)
    position: int = connection.execute(select(func.coalesce(func.max(_i.c.position), 0))).scalar_one()
    ended, rows = [], []
    for before, found, cause in changes:
        at = cause.at if floor is None else max(cause.at, floor + TICK)
        if before is not None:
            at = max(at, before.from_at)
            ended.append({"ended": before.position, "at": at, "why": cause.word})
        if found is not None:
            position += 1
            told = (position, found.person_id, at, found.rung, found.unit_id, found.staff_category, cause.word, cause.event_id)
            rows.append((*told, found.falls_at(), digest_of(*told)))
    if ended:
        connection.execute(_end, ended)
    insert_rows(connection, _i, _COLUMNS, rows)
    return len(changes)


def postpone(connection: Connection, pairs: Iterable[tuple[Any, Found]]) -> None:
    """Remember anew when time alone will end intervals that go on."""
    later = [{"open": interval.position, "falls": found.falls_at()} for interval, found in pairs if interval.falls_at != found.falls_at()]
    if later:
        connection.execute(_postpone, later)


def newest_frozen(connection: Connection) -> datetime | None:
    """The instant of the newest snapshot: nothing is told of before it any more."""
    return connection.execute(select(func.max(_s.c.taken_at))).scalar()


def digest_of(
    position: int,
    person_id: uuid.UUID,
    from_at: datetime,
    rung: str,
    unit_id: uuid.UUID,
    category: str,
    cause: str,
    event: uuid.UUID | None,
) -> bytes:
    """SHA-256 of what an interval says of its beginning."""
    told = [position, str(person_id), from_at.isoformat(), rung, str(unit_id), category, cause, str(event)]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def causes_from(events: Iterable[Any]) -> dict[uuid.UUID, Cause]:
    """The last event of each person as a cause. Ids of one millisecond are in no order; instants are."""
    return {row.person_id: Cause(row.event, row.at, row.id) for row in sorted(events, key=lambda row: row.at)}
