"""What a person may know about themselves: data, sessions, and what happened in the last 90 days."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from clients.models import Client
from idp import clock
from idp.account.words import event_words
from idp.audit import AuditEvent
from idp.database import id_floor, table_of
from idp.oidc.models import Authorization
from idp.people.models import Person, Unit
from idp.sessions.devices import device_words
from idp.sessions.models import BrowserSession
from idp.sessions.places import place_words

HISTORY = timedelta(days=90)
PAGE_EVENTS = 50
NEWEST = uuid.UUID(int=2**128 - 1)
_BAD = re.compile("refused|throttled|reported")
_a = table_of(Authorization)
_p, _u, _s, _e, _c = table_of(Person), table_of(Unit), table_of(BrowserSession), table_of(AuditEvent), table_of(Client)
_person = (
    select(_p, _u.c.name.label("unit_name")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(_p.c.id == bindparam("person_id"))
)
_sessions = (
    select(_s)
    .where(_s.c.person_id == bindparam("person_id"), _s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now"))
    .order_by(_s.c.last_seen_at.desc())
)
_events = (
    select(_e.c.id, _e.c.at, _e.c.event, _e.c.address, _c.c.client_name)
    .select_from(_e.outerjoin(_c, _c.c.id == _e.c.client_id))
    .where(
        _e.c.person_id == bindparam("person_id"),
        _e.c.id >= bindparam("floor"),
        _e.c.at >= bindparam("since"),
        _e.c.id < bindparam("before"),
    )
    .order_by(_e.c.id.desc())
    .limit(PAGE_EVENTS + 1)
)
_entered = (
    select(_a.c.session_id, _c.c.client_name)
    .distinct()
    .join(_c, _c.c.id == _a.c.client_id)
    .where(_a.c.session_id.in_(bindparam("sessions", expanding=True)), _a.c.revoked_at.is_(None))
    .order_by(_c.c.client_name)
)
_one = select(_s.c.id).where(_s.c.id == bindparam("session_id"), _s.c.person_id == bindparam("person_id"))


@dataclass(frozen=True)
class OwnSession:
    """An open session, in words for the person it belongs to."""

    id: uuid.UUID
    device: str
    place: str
    started_at: datetime
    last_seen_at: datetime
    shared_pc: bool
    is_this: bool
    is_idle: bool
    applications: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnEvent:
    """Something that happened to the account; `bad`: something was refused."""

    at: datetime
    told: str
    place: str
    bad: bool


@dataclass(frozen=True)
class HistoryPage:
    """Some of the history, newest first; `older`: the id before which the next page begins, if there is one."""

    events: Sequence[OwnEvent]
    older: uuid.UUID | None


def person_of(connection: Connection, person_id: uuid.UUID) -> Any:
    """The person's row, with the unit's name."""
    return connection.execute(_person, {"person_id": person_id}).one()


def masked(code: str | None) -> str:
    """A staff code whose middle is hidden: 0020••••••12. Short ones show their last two characters only."""
    if not code:
        return "—"
    shown = 4 if len(code) >= 8 else 0
    return code[:shown] + "•" * max(len(code) - shown - 2, 0) + code[-2:]


def open_sessions(connection: Connection, person_id: uuid.UUID, this: uuid.UUID) -> list[OwnSession]:
    """The person's open sessions, the one in use first."""
    now = clock.now()
    rows = connection.execute(_sessions, {"person_id": person_id, "now": now}).all()
    entered = connection.execute(_entered, {"sessions": [row.id for row in rows]}).all() if rows else []
    found = [
        OwnSession(
            row.id,
            device_words(row.user_agent),
            place_words(row.address),
            row.created_at,
            row.last_seen_at,
            row.shared_pc,
            row.id == this,
            row.id != this and now - row.last_seen_at >= timedelta(seconds=row.idle_seconds),
            tuple(one.client_name for one in entered if one.session_id == row.id),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.is_this)


def is_own_session(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """Whether the session is this person's."""
    return connection.execute(_one, {"person_id": person_id, "session_id": session_id}).first() is not None


def history_of(connection: Connection, person_id: uuid.UUID, before: uuid.UUID = NEWEST) -> HistoryPage:
    """What happened to the account in the last 90 days, newest first, 50 events a page; `before`: only what is older than that."""
    since = clock.now() - HISTORY
    # Ids are made by the machine's clock: a day of slack keeps the bound on the safe side of any difference.
    values = {"person_id": person_id, "since": since, "floor": id_floor(since - timedelta(days=1)), "before": before}
    rows = connection.execute(_events, values).all()
    events = [
        OwnEvent(row.at, event_words(row.event, row.client_name), place_words(row.address), bool(_BAD.search(row.event)))
        for row in rows[:PAGE_EVENTS]
    ]
    return HistoryPage(events, rows[PAGE_EVENTS - 1].id if len(rows) > PAGE_EVENTS else None)
