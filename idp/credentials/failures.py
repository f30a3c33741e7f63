"""How often an account may be tried: failures are counted before the attempt, successes are never slowed down.

The count stands in the database before the attempt begins, so that no number of parallel attempts gets past it. Names that do
not exist are counted like those that do, under a keyed digest that nobody can read.

Of passwords the last try before each rest is reserved for browsers that the person has signed in with before: a stranger who keeps
failing makes strangers wait, not the person at their own desk.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.credentials.models import FailureCount
from idp.database import UtcDateTime, table_of
from idp.sealing import current_keys
from idp.settings import current_settings
from idp.web.address_limits import counted_address

UNTIL_HELP_DESK = datetime(9999, 1, 1, tzinfo=UTC)
KEPT = timedelta(days=30)
MOST_KEPT = 1_000_000


@dataclass(frozen=True)
class Kind:
    """After every `tries` failures in a row the account rests for the next of `rests` (then always the last); after `most`
    failures only the help desk opens it again.

    `reserved`: so many of the tries of each round only a known browser gets, and as many rounds before the help desk. `fades`: an
    account left alone for so long begins anew.
    """

    name: str
    tries: int
    rests: tuple[timedelta, ...]
    most: int
    reserved: int = 0
    fades: timedelta | None = None

    @property
    def most_of_strangers(self) -> int:
        """After so many failures only known browsers are left."""
        return self.most - self.reserved * (self.tries * 3 + 1)


PASSWORD_NAME, MOST_PASSWORDS = "password", 100
# About 30 tries in a day, 50 in all: 3 of a million codes are right at any time, which keeps guessing below 1 in 10,000 a day.
SECOND_FACTOR = Kind("second_factor", 5, (timedelta(minutes=5), *(timedelta(hours=hours) for hours in (1, 2, 4, 8))), 50)
# Codes that devices show: 2.6e10 of them, a few of which wait. An office types from one address, so that one is given more.
DEVICE_CODE = Kind("device_code", 5, (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)), 10**9)
DEVICE_CODE_ADDRESS = Kind("device_address", 50, (timedelta(minutes=5), timedelta(minutes=15)), 10**9)
# Somebody who tries one password on everybody. A whole office shares one address, and mistypes.
PASSWORD_ADDRESS = Kind(
    "address", 300, (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)), 10**9, fades=timedelta(hours=1)
)  # fmt: skip


def password_kind() -> Kind:
    """How passwords are counted: one try short of the directory's own lockout, with rests longer than its memory."""
    settings = current_settings()
    return _password_kind(settings.ldap_lockout_failures, settings.ldap_lockout_window_seconds)


@lru_cache
def _password_kind(directory_locks_after: int, window_seconds: int) -> Kind:
    first = timedelta(seconds=window_seconds + 60)
    rests = (first, max(first, timedelta(minutes=30)), max(first, timedelta(hours=1)))
    return Kind(PASSWORD_NAME, min(directory_locks_after, 6) - 1, rests, MOST_PASSWORDS, reserved=1)


@dataclass(frozen=True)
class Attempt:
    """One attempt, already counted as failed. `blocked_until`: if it does fail, the account rests until then."""

    kind: Kind
    account: bytes
    failures: int
    blocked_until: datetime | None
    known_browser: bool = False
    beside: "Attempt | None" = None  # the same attempt under another name that must rest with this one

    @property
    def tries_left(self) -> int:
        """How many more may follow before the account rests."""
        left = -self.failures % self.kind.tries
        return left if self.known_browser else max(0, left - self.kind.reserved)

    @property
    def rests_until(self) -> datetime | None:
        """Until when whoever failed just now has to wait, if they have."""
        return None if self.known_browser and self.tries_left else self.blocked_until


class Throttled(Exception):
    """The account rests; nothing was tried. `until` is None when only the help desk can help."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__("throttled")
        self.until = until


_t = table_of(FailureCount)
_is_this = (_t.c.kind == bindparam("of_kind")) & (_t.c.account == bindparam("of_account"))
_forget = delete(_t).where(_is_this)
_blocked = _t.select().where(_is_this)
_before = _t.c.failures - 1
_uncount = update(_t).where(_is_this, _t.c.failures > 0).values(
    failures=_before,
    blocked_until=case(
        (_t.c.blocked_until != bindparam("set_until", type_=UtcDateTime()), _t.c.blocked_until),
        (and_(_before % bindparam("tries") >= bindparam("share"), _before % bindparam("tries") != 0), _t.c.blocked_until),  # still strangers' rest
        else_=null(),
    ),
)  # fmt: skip
_forget_old = delete(_t).where(
    _t.c.updated_at < bindparam("before"), or_(_t.c.blocked_until.is_(None), _t.c.blocked_until < bindparam("now"))
)
_too_old = select(_t.c.updated_at).order_by(_t.c.updated_at.desc()).offset(bindparam("most")).limit(1)


def account_of_person(person_id: uuid.UUID, *, own_browser: bool = False) -> bytes:
    """The account under which a person's failures are counted, whichever of their names was typed. `own_browser`: the one of
    browsers that the person alone can have, which no stranger's failures reach."""
    return _keyed_digest(f"person {person_id} in an own browser" if own_browser else f"person {person_id}")


def account_of_name(key: str) -> bytes:
    """The account of a name that nobody has, in the form in which names are compared."""
    return _keyed_digest(f"name {key[:255]}")


def account_of_address() -> bytes:
    """The account of the address that this request comes from."""
    return _keyed_digest(f"address {counted_address()}")


def _keyed_digest(text: str) -> bytes:
    return hmac.digest(current_keys().derive_key("failure counts"), text.encode("utf-8", "surrogatepass"), hashlib.sha256)


@lru_cache
def _counting(dialect: str, kind: Kind, known_browser: bool) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    now: Any = bindparam("now")
    old, last = _t.c.failures, len(kind.rests) - 1
    reserved_left = and_(old % kind.tries >= kind.tries - kind.reserved, old % kind.tries != 0)  # strangers have had their share
    rested = and_(_t.c.blocked_until.is_not(None), _t.c.blocked_until <= now)
    # What was reserved and not used is not carried into the next round: the directory's memory is counted in rounds.
    new = case((and_(rested, reserved_left), old + (kind.tries - old % kind.tries) + 1), else_=old + 1)
    if kind.fades is not None:
        new = case((and_(_t.c.updated_at < bindparam("faded"), or_(_t.c.blocked_until.is_(None), rested)), 1), else_=new)
    rest = [(new <= kind.tries * (n + 1), bindparam(f"rest_{n}", type_=UtcDateTime())) for n in range(last)]
    blocked_until = case(
        (new >= kind.most, bindparam("never", type_=UtcDateTime())),
        (and_(new % kind.tries < kind.tries - kind.reserved, new % kind.tries != 0), null()),
        *rest,
        else_=bindparam(f"rest_{last}", type_=UtcDateTime()),
    )
    may_try = or_(_t.c.blocked_until.is_(None), _t.c.blocked_until <= now)
    may_try = or_(may_try, reserved_left) if known_browser else and_(may_try, old < kind.most_of_strangers)
    statement = insert(_t).values(kind=kind.name, account=bindparam("account"), failures=1, updated_at=now)
    return statement.on_conflict_do_update(
        index_elements=[_t.c.kind, _t.c.account],
        set_={"failures": new, "updated_at": now, "blocked_until": blocked_until},
        where=and_(may_try, old < kind.most),
    ).returning(_t.c.failures, _t.c.blocked_until)


def count_attempt(connection: Connection, kind: Kind, account: bytes, *, known_browser: bool = False) -> Attempt:
    """Count an attempt as failed before it is tried; commit before trying. Raises Throttled while the account rests."""
    now = clock.now()
    rests = {f"rest_{n}": now + rest for n, rest in enumerate(kind.rests)}
    values = {"account": account, "now": now, "never": UNTIL_HELP_DESK, **rests}
    if kind.fades is not None:
        values["faded"] = now - kind.fades
    row = connection.execute(_counting(connection.dialect.name, kind, known_browser), values).first()
    if row is None:
        blocked = connection.execute(_blocked, {"of_kind": kind.name, "of_account": account}).first()
        if blocked is not None and blocked.failures >= (kind.most if known_browser else kind.most_of_strangers):
            raise Throttled(None)
        raise Throttled(blocked.blocked_until if blocked and blocked.blocked_until else now)
    return Attempt(kind, account, row.failures, row.blocked_until, known_browser)


def count_under_both(connection: Connection, kind: Kind, account: bytes, beside: bytes, *, known_browser: bool = False) -> Attempt:
    """As `count_attempt`, for a name that is counted under two accounts: it rests while either does. Raises Throttled; then nothing
    may be committed."""
    other = count_attempt(connection, kind, beside, known_browser=known_browser)
    attempt = count_attempt(connection, kind, account, known_browser=known_browser)
    return replace(attempt, beside=other, blocked_until=attempt.blocked_until or other.blocked_until)


def rests_until(connection: Connection, kind: Kind, account: bytes) -> datetime | None:
    """Until when an account rests, if it does now."""
    row = connection.execute(_blocked, {"of_kind": kind.name, "of_account": account}).first()
    return row.blocked_until if row and row.blocked_until and row.blocked_until > clock.now() else None


def forgive(connection: Connection, kind: Kind, account: bytes) -> None:
    """The attempt succeeded, or the help desk has spoken with the person: begin from nothing."""
    connection.execute(_forget, {"of_kind": kind.name, "of_account": account})


def succeeded(connection: Connection, attempt: Attempt) -> None:
    """The attempt was right, under whatever name: begin from nothing."""
    if attempt.beside is not None:
        forgive(connection, attempt.kind, attempt.beside.account)  # first, as they are counted: nobody waits for each other
    forgive(connection, attempt.kind, attempt.account)


def uncount(connection: Connection, attempt: Attempt) -> None:
    """The attempt could not be tried: it counts against nobody."""
    if attempt.beside is not None:
        uncount(connection, attempt.beside)
    values = {
        "of_kind": attempt.kind.name, "of_account": attempt.account, "set_until": attempt.blocked_until, "tries": attempt.kind.tries,
        "share": attempt.kind.tries - attempt.kind.reserved,
    }  # fmt: skip
    connection.execute(_uncount, values)


def forget_old(connection: Connection) -> int:
    """Drop counts untouched for 30 days, most of them of names that nobody has, and above a million the oldest of all; return
    how many."""
    now = clock.now()
    gone = connection.execute(_forget_old, {"before": now - KEPT, "now": now}).rowcount
    too_old = connection.execute(_too_old, {"most": MOST_KEPT}).scalar()
    if too_old is not None:
        gone += connection.execute(_forget_old, {"before": too_old, "now": now}).rowcount
    return gone
