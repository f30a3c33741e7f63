"""Browsers that a person has signed in with before: a stranger who keeps failing does not lock them out of these.

The cookie is signed and nothing is stored of it but the person's round, which ends all that were given before. It lets nobody in and
counts as no factor: it only opens the tries that are reserved for it (OWASP, device cookies). A browser where a second factor was
proved says that too: only there are a stranger's wrong codes no hindrance, since the stranger may know the password.
"""

import base64
import hashlib
import hmac
import uuid
from datetime import timedelta

from flask import request
from sqlalchemy import Connection, bindparam, update
from werkzeug.wrappers import Response

from idp import clock
from idp.database import table_of
from idp.people.models import Person
from idp.sealing import current_keys
from idp.settings import current_settings

KEPT = timedelta(days=180)
RENEWED = timedelta(days=30)
DAY_SECONDS = 86400
LONGEST_COOKIE = 100
FIRST_FACTOR, SECOND_FACTOR = "", "2"
_p = table_of(Person)
_next_round = update(_p).where(_p.c.id == bindparam("of_person")).values(browser_round=_p.c.browser_round + 1)


def is_known(person_id: uuid.UUID, browser_round: int) -> bool:
    """Whether this person has signed in with this browser in the last half year, and has not ended that since."""
    return any(_age(person_id, browser_round, proved) is not None for proved in (FIRST_FACTOR, SECOND_FACTOR))


def has_proved(person_id: uuid.UUID, browser_round: int) -> bool:
    """Whether this person has even proved a second factor in this browser."""
    return _age(person_id, browser_round, SECOND_FACTOR) is not None


def remember(response: Response, person_id: uuid.UUID, browser_round: int, *, second_factor: bool = False) -> None:
    """The person has just signed in here: let the browser show so next time. A first factor takes nothing from a second one."""
    proved = SECOND_FACTOR if second_factor or has_proved(person_id, browser_round) else FIRST_FACTOR
    age = _age(person_id, browser_round, proved)
    if age is not None and age < RENEWED:
        return
    today = _today()
    response.set_cookie(
        _cookie_name(person_id), f"{today}.{_signature(person_id, today, browser_round, proved)}", max_age=int(KEPT.total_seconds()),
        path="/", secure=current_settings().is_https, httponly=True, samesite="Lax",
    )  # fmt: skip


def forget_all(connection: Connection, person_id: uuid.UUID) -> None:
    """No browser is known any more as one of this person's."""
    connection.execute(_next_round, {"of_person": person_id})


def _age(person_id: uuid.UUID, browser_round: int, proved: str) -> timedelta | None:
    day, _, signature = request.cookies.get(_cookie_name(person_id), "")[:LONGEST_COOKIE].partition(".")
    if not (day.isascii() and day.isdigit() and len(day) < 8):
        return None
    expected = _signature(person_id, int(day), browser_round, proved)
    if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), expected.encode()):
        return None
    age = timedelta(days=_today() - int(day))
    return age if timedelta(0) <= age <= KEPT else None


def _today() -> int:
    return int(clock.now().timestamp()) // DAY_SECONDS


def _signature(person_id: uuid.UUID, day: int, browser_round: int, proved: str) -> str:
    key = current_keys().derive_key("known browsers")
    round_ = browser_round.to_bytes(4, "big") if browser_round else b""  # the first round is signed as before there were any
    signed = person_id.bytes + day.to_bytes(4, "big") + round_ + proved.encode()
    return base64.urlsafe_b64encode(hmac.digest(key, signed, hashlib.sha256)).decode().rstrip("=")


def _cookie_name(person_id: uuid.UUID) -> str:
    # One for each person: people who share a computer do not take each other's place.
    mark = hashlib.sha256(b"known browser" + person_id.bytes).hexdigest()[:8]
    return f"__Host-hopnhat-known-{mark}" if current_settings().is_https else f"hopnhat_known_{mark}"
