"""Devices that show codes (OATH TOTP, RFC 6238): in stock until somebody shows a code of theirs; their clocks are followed as they
drift (RFC 6238 §6), and found again by two codes in a row when they have drifted far."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyotp
from sqlalchemy import Connection, bindparam, insert, select, update

from idp import clock
from idp.credentials.models import HardwareToken
from idp.credentials.seed_files import Seed, plain_serial
from idp.credentials.totp import WrongCode, plain_code
from idp.database import new_id, table_of
from idp.sealing import current_keys

WINDOW = range(-1, 2)  # periods around what the token's clock should show
FIRST_WINDOW = range(-2, 3)  # at the first code, when nothing is known of its clock yet: 5 of a million codes are right, not 21
FAR_WINDOW = range(-40, 41)  # of a clock that is off by minutes, where two codes in a row are asked for instead of one
DIGESTS: dict[str, Callable[..., Any]] = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}

_t = table_of(HardwareToken)
_is_in_use = (_t.c.person_id == bindparam("of_person")) & _t.c.revoked_at.is_(None)
_in_use = select(_t).where(_is_in_use).order_by(_t.c.id)
_by_serial = select(_t).where(_t.c.serial == bindparam("of_serial"))
_is_in_stock = (_t.c.person_id.is_(None)) & _t.c.revoked_at.is_(None)
_any_in_stock = select(_t.c.id).where(_is_in_stock).limit(1)
_accepted: dict[str, Any] = {"last_step": bindparam("step"), "drift": bindparam("off"), "last_used_at": bindparam("now")}
_accept = update(_t).where(_t.c.id == bindparam("token_id"), _is_in_use, _t.c.last_step < bindparam("step")).values(**_accepted)
_claim = (
    update(_t)
    .where(_t.c.id == bindparam("token_id"), _is_in_stock, _t.c.last_step < bindparam("step"))
    .values(**_accepted, person_id=bindparam("for_person"), assigned_at=bindparam("now"))
)
_assign = update(_t).where(_t.c.serial == bindparam("of_serial"), _is_in_stock)
_release = update(_t).where(_t.c.id == bindparam("token_id"), _is_in_use).values(person_id=None, assigned_at=None)
_revoke = update(_t).where(_t.c.serial == bindparam("of_serial"), _t.c.revoked_at.is_(None)).returning(_t.c.person_id)


def import_seeds(connection: Connection, seeds: Sequence[Seed]) -> int:
    """Put new tokens into stock; return how many. A serial number that is known already is left as it is."""
    known = set(connection.execute(select(_t.c.serial)).scalars())
    rows = [_row(seed) for seed in seeds if seed.serial not in known]
    if rows:
        connection.execute(insert(_t), rows)
    return len(rows)


def _row(seed: Seed) -> dict[str, Any]:
    token_id = new_id()
    return {
        "id": token_id,
        "serial": seed.serial,
        "sealed_secret": current_keys().seal(seed.secret, _context(token_id)),
        "algorithm": seed.algorithm,
        "digits": seed.digits,
        "period_seconds": seed.period_seconds,
        "last_step": 0,
        "drift": 0,
        "imported_at": clock.now(),
    }


def find_all(connection: Connection) -> Sequence[Any]:
    """Every token ever imported, by serial number."""
    return connection.execute(select(_t).order_by(_t.c.serial)).all()


def find_of(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """The tokens that this person has."""
    return connection.execute(_in_use, {"of_person": person_id}).all()


def are_in_stock(connection: Connection) -> bool:
    """Whether there is any token to be given out."""
    return connection.execute(_any_in_stock).first() is not None


def verify(connection: Connection, person_id: uuid.UUID, typed: str) -> None:
    """Accept a code, once, of one of the person's tokens, and follow its clock. Raises WrongCode."""
    for row in find_of(connection, person_id):
        for values in _matching(row, typed, WINDOW if row.last_used_at else FIRST_WINDOW):
            if connection.execute(_accept, {**values, "of_person": person_id}).rowcount == 1:
                return
    raise WrongCode


def claim(connection: Connection, person_id: uuid.UUID, serial: str, typed: str) -> uuid.UUID:
    """A code of a token in stock shows who holds it: the token is theirs, and its clock is known. Raises WrongCode, also for a
    serial number that is unknown, revoked or somebody's."""
    row = connection.execute(_by_serial, {"of_serial": plain_serial(serial)}).first()
    for values in _matching(row, typed, FIRST_WINDOW) if row else ():
        if connection.execute(_claim, {**values, "for_person": person_id}).rowcount == 1:
            return uuid.UUID(str(values["token_id"]))
    raise WrongCode


def assign(connection: Connection, serial: str, person_id: uuid.UUID) -> bool:
    """Give a token in stock to a person without a code; return whether there was such a token."""
    given = _assign.values(person_id=person_id, assigned_at=clock.now())
    return connection.execute(given, {"of_serial": plain_serial(serial)}).rowcount == 1


def release(connection: Connection, person_id: uuid.UUID, token_id: uuid.UUID) -> bool:
    """Take a token back into stock; return whether it was this person's. Codes it has shown stay used."""
    return connection.execute(_release, {"token_id": token_id, "of_person": person_id}).rowcount == 1


def release_all(connection: Connection, person_id: uuid.UUID) -> int:
    """Take all the tokens of a person back; return how many."""
    return sum(release(connection, person_id, row.id) for row in find_of(connection, person_id))


def revoke(connection: Connection, serial: str) -> tuple[bool, uuid.UUID | None]:
    """A token is lost or broken and never used again: whether this call revoked it, and whose it was."""
    row = connection.execute(_revoke.values(revoked_at=clock.now()), {"of_serial": plain_serial(serial)}).first()
    return row is not None, row.person_id if row else None


def _matching(row: Any, typed: str, around: range) -> Iterator[dict[str, Any]]:
    """The periods in which this token shows the code: what is to be written down if one of them is accepted."""
    one, two = plain_code(typed, row.digits), plain_code(typed, 2 * row.digits)
    code = one or (two and two[row.digits :])
    if code is None:
        return
    secret = base64.b32encode(current_keys().open(row.sealed_secret, _context(row.id))).decode()
    counter = pyotp.HOTP(secret, digits=row.digits, digest=DIGESTS[row.algorithm])
    now = clock.now()
    period = int(now.timestamp()) // row.period_seconds
    for away in FAR_WINDOW if two else around:
        off = row.drift + away
        # Two codes in a row are right by chance once in a billion tries: with them a clock may be far off.
        if two and not hmac.compare_digest(counter.at(period + off - 1), two[: row.digits]):
            continue
        if hmac.compare_digest(counter.at(period + off), code):
            yield {"token_id": row.id, "step": period + off, "off": off, "now": now}


def _context(token_id: uuid.UUID) -> str:
    return f"hardware_token.sealed_secret {token_id}"
