"""How often an account may be tried: failures are counted before the attempt, successes are never slowed down.

The count stands in the database before the attempt begins, so that no number of parallel attempts gets past it. Names that do
not exist are counted like those that do, under a keyed digest that nobody can read.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request
from sqlalchemy import Connection, bindparam, case, delete, null, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.credentials.models import FailureCount
from idp.database import UtcDateTime, table_of
from idp.sealing import current_keys

UNTIL_HELP_DESK = datetime(9999, 1, 1, tzinfo=UTC)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Kind:
    """After every `tries` failures in a row the account rests for the next of `rests` (then always the last); after `most`
    failures only the help desk opens it again."""

    name: str
    tries: int
    rests: tuple[timedelta, ...]
    most: int


# The directory's own lockout counts 5 failures in 15 minutes: with 4 in as many we never lock anybody out of it.
PASSWORD = Kind("password", 4, (timedelta(minutes=16), timedelta(minutes=30), timedelta(hours=1)), 100)
# About 30 tries in a day, 50 in all: 3 of a million codes are right at any time, which keeps guessing below 1 in 10,000 a day.
SECOND_FACTOR = Kind("second_factor", 5, (timedelta(minutes=5), *(timedelta(hours=hours) for hours in (1, 2, 4, 8))), 50)
# Codes that devices show: 2.6e10 of them, a few of which wait. An office types from one address, so that one is given more.
DEVICE_CODE = Kind("device_code", 5, (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)), 10**9)
DEVICE_CODE_ADDRESS = Kind("device_address", 50, (timedelta(minutes=5), timedelta(minutes=15)), 10**9)
KINDS = (PASSWORD, SECOND_FACTOR, DEVICE_CODE, DEVICE_CODE_ADDRESS)


@dataclass(frozen=True)
class Attempt:
    """One attempt, already counted as failed. `blocked_until`: if it does fail, the account rests until then."""

    kind: Kind
    account: bytes
    failures: int
    blocked_until: datetime | None

    @property
    def tries_left(self) -> int:
        """How many more may follow before the account rests."""
        return -self.failures % self.kind.tries


class Throttled(Exception):
    """The account rests; nothing was tried. `until` is None when only the help desk can help."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__("throttled")
        self.until = until


_t = table_of(FailureCount)
_is_this = (_t.c.kind == bindparam("of_kind")) & (_t.c.account == bindparam("of_account"))
_forget = delete(_t).where(_is_this)
_blocked = _t.select().where(_is_this)
_uncount = update(_t).where(_is_this, _t.c.failures > 0).values(
    failures=_t.c.failures - 1,
    blocked_until=case((_t.c.blocked_until == bindparam("set_until", type_=UtcDateTime()), null()), else_=_t.c.blocked_until),
)  # fmt: skip
_forget_old = delete(_t).where(
    _t.c.updated_at < bindparam("before"), or_(_t.c.blocked_until.is_(None), _t.c.blocked_until < bindparam("now"))
)


def account_of_person(person_id: uuid.UUID) -> bytes:
    """The account under which a person's failures are counted, whichever of their names was typed."""
    return _keyed_digest(f"person {person_id}")


def account_of_name(key: str) -> bytes:
    """The account of a name that nobody has, in the form in which names are compared."""
    return _keyed_digest(f"name {key[:255]}")


def account_of_address() -> bytes:
    """The account of the address that this request comes from."""
    return _keyed_digest(f"address {request.remote_addr}")


def _keyed_digest(text: str) -> bytes:
    return hmac.digest(current_keys().derive_key("failure counts"), text.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _counting(dialect: str, kind: Kind) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new, last = _t.c.failures + 1, len(kind.rests) - 1
    rest = [(new == kind.tries * (n + 1), bindparam(f"rest_{n}", type_=UtcDateTime())) for n in range(last)]
    blocked_until = case(
        (new >= kind.most, bindparam("never", type_=UtcDateTime())),
        (new % kind.tries != 0, null()),
        *rest,
        else_=bindparam(f"rest_{last}", type_=UtcDateTime()),
    )
    statement = insert(_t).values(kind=kind.name, account=bindparam("account"), failures=1, updated_at=bindparam("now"))
    return statement.on_conflict_do_update(
        index_elements=[_t.c.kind, _t.c.account],
        set_={"failures": new, "updated_at": bindparam("now"), "blocked_until": blocked_until},
        where=or_(_t.c.blocked_until.is_(None), _t.c.blocked_until <= bindparam("now")),
    ).returning(_t.c.failures, _t.c.blocked_until)


_COUNTING = {(dialect, kind.name): _counting(dialect, kind) for dialect in ("sqlite", "postgresql") for kind in KINDS}


def count_attempt(connection: Connection, kind: Kind, account: bytes) -> Attempt:
    """Count an attempt as failed before it is tried; commit before trying. Raises Throttled while the account rests."""
    now = clock.now()
    rests = {f"rest_{n}": now + rest for n, rest in enumerate(kind.rests)}
    values = {"account": account, "now": now, "never": UNTIL_HELP_DESK, **rests}
    row = connection.execute(_COUNTING[connection.dialect.name, kind.name], values).first()
    if row is None:
        blocked = connection.execute(_blocked, {"of_kind": kind.name, "of_account": account}).first()
        until = blocked.blocked_until if blocked else now
        raise Throttled(None if until == UNTIL_HELP_DESK else until)
    return Attempt(kind, account, row.failures, row.blocked_until)


def forgive(connection: Connection, kind: Kind, account: bytes) -> None:
    """The attempt succeeded, or the help desk has spoken with the person: begin from nothing."""
    connection.execute(_forget, {"of_kind": kind.name, "of_account": account})


def uncount(connection: Connection, attempt: Attempt) -> None:
    """The attempt could not be tried: it counts against nobody."""
    values = {"of_kind": attempt.kind.name, "of_account": attempt.account, "set_until": attempt.blocked_until}
    connection.execute(_uncount, values)


def forget_old(connection: Connection) -> int:
    """Drop counts untouched for 30 days, most of them of names that nobody has; return how many."""
    now = clock.now()
    return connection.execute(_forget_old, {"before": now - KEPT, "now": now}).rowcount
