"""The live view of an application: what it did lately, from what is recorded anyway; no request pays for it."""

import statistics
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from clients import failed_requests
from idp import clock
from idp.audit import AuditEvent, Event
from idp.database import id_floor, table_of
from idp.oidc.backchannel_logout import LOGOUT_TOKEN
from idp.oidc.models import Authorization
from idp.outbox import OutboxMessage
from idp.settings import current_settings

HOURS, DAYS = 24, 7
MOST_EVENTS, MOST_TIMED = 50_000, 300
SHOWN_FAILURES = 10
LONGEST_STEP = timedelta(hours=1)  # whoever went for lunch at the sign-in page says nothing about how fast it is
SIGN_IN = Event.AUTHORIZATION_GRANTED
_e, _a, _o = table_of(AuditEvent), table_of(Authorization), table_of(OutboxMessage)
_events = (
    select(_e.c.at, _e.c.event, _e.c.person_id, _e.c.detail)
    .where(
        _e.c.client_id == bindparam("client"), _e.c.id >= bindparam("floor"), _e.c.at >= bindparam("since"),
        _e.c.event.in_([SIGN_IN, Event.CLIENT_AUTHORIZED, Event.TOKEN_EXCHANGED]),
    )
    .order_by(_e.c.id.desc())
    .limit(MOST_EVENTS)
)  # fmt: skip
_timed = select(_a.c.id, _a.c.auth_time, _a.c.created_at).where(_a.c.id.in_(bindparam("ids", expanding=True)))
_told = (
    select(_o.c.created_at, _o.c.delivered_at)
    .where(_o.c.client_id == bindparam("client"), _o.c.kind == LOGOUT_TOKEN, _o.c.delivered_at.is_not(None), _o.c.id >= bindparam("floor"))
    .order_by(_o.c.id.desc())
    .limit(MOST_TIMED)
)


@dataclass(frozen=True)
class Span:
    """Sign-ins of one hour or one day, and how often the application got tokens for itself (those of one second count once)."""

    begins: datetime
    sign_ins: int
    own_tokens: int


@dataclass(frozen=True)
class Slow:
    """How long one step takes, in seconds: the middle one, and the one that 19 of 20 stay below. `times`: how many were looked at."""

    step: str
    middle: float
    most: float
    times: int


@dataclass(frozen=True)
class Activity:
    """What the application did. `slow`: the slowest step first. `is_cut`: more happened than was counted."""

    hours: tuple[Span, ...]
    days: tuple[Span, ...]
    people: int
    last_sign_in: datetime | None
    slow: tuple[Slow, ...]
    failures: Sequence[tuple[str, int]]
    latest_failures: Sequence[Any]
    is_cut: bool


def activity_of(connection: Connection, client: uuid.UUID) -> Activity:
    """The last 24 hours by hour and the last 7 days by day, in the province's time."""
    now = clock.now().astimezone(ZoneInfo(current_settings().timezone))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=number) for number in range(HOURS - 1, -1, -1)]
    rows = connection.execute(_events, {"client": client, "since": days[0], "floor": id_floor(days[0])}).all()
    signed_in = [row for row in rows if row.event == SIGN_IN]
    return Activity(
        hours=_spans(rows, hours, timedelta(hours=1)),
        days=_spans(rows, days, timedelta(days=1)),
        people=len({row.person_id for row in signed_in}),
        last_sign_in=signed_in[0].at if signed_in else None,
        slow=_slow(connection, client, signed_in, days[0]),
        failures=failed_requests.counts_by_kind(connection, client, days[0]),
        latest_failures=failed_requests.latest(connection, client, SHOWN_FAILURES),
        is_cut=len(rows) == MOST_EVENTS,
    )


def _spans(rows: Sequence[Any], begins: Sequence[datetime], length: timedelta) -> tuple[Span, ...]:
    signed_in: Counter[int] = Counter()
    own: Counter[int] = Counter()
    for row in rows:
        number = (row.at - begins[0]) // length
        (signed_in if row.event == SIGN_IN else own)[number] += 1
    return tuple(Span(start, signed_in[number], own[number]) for number, start in enumerate(begins))


def _slow(connection: Connection, client: uuid.UUID, signed_in: Sequence[Any], since: datetime) -> tuple[Slow, ...]:
    ids = [uuid.UUID(row.detail["authorization_id"]) for row in signed_in[:MOST_TIMED] if "authorization_id" in row.detail]
    at_our_pages, at_the_client = [], []
    for row in connection.execute(_timed, {"ids": ids}) if ids else ():
        begun = _made_at(row.id)  # when the request came, or when the code was given to somebody who was signed in already
        proved = row.auth_time if row.auth_time is not None and row.auth_time > begun else None
        if proved is not None:
            at_our_pages.append(proved - begun)
        at_the_client.append(row.created_at - (proved or begun))
    told = [row.delivered_at - row.created_at for row in connection.execute(_told, {"client": client, "floor": id_floor(since)})]
    found = [_timed_step("sign_in", at_our_pages), _timed_step("redeem", at_the_client), _timed_step("logout", told)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.middle))


def _timed_step(step: str, took: Sequence[timedelta]) -> Slow | None:
    seconds = sorted(one.total_seconds() for one in took if timedelta(0) <= one <= LONGEST_STEP)
    if not seconds:
        return None
    return Slow(step, statistics.median(seconds), seconds[min(len(seconds) - 1, int(len(seconds) * 0.95))], len(seconds))


def _made_at(key: uuid.UUID) -> datetime:
    """When a UUIDv7 was made (RFC 9562 §5.7)."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, clock.now().tzinfo)
