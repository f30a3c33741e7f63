"""Browsers that a person has signed in with before: a stranger who keeps failing does not lock them out of these.

The cookie is signed and nothing is stored. It lets nobody in and counts as no factor: it only opens the tries that are reserved for
it (OWASP, device cookies).
"""

import base64
import hashlib
import hmac
import uuid
from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response

from idp import clock
from idp.sealing import current_keys
from idp.settings import current_settings

KEPT = timedelta(days=180)
RENEWED = timedelta(days=30)
DAY_SECONDS = 86400
LONGEST_COOKIE = 100


def is_known(person_id: uuid.UUID) -> bool:
    """Whether this browser has been signed in to by this person in the last half year."""
    return _age(person_id) is not None


def remember(response: Response, person_id: uuid.UUID) -> None:
    """The person has just signed in here: let the browser show so next time."""
    age = _age(person_id)
    if age is not None and age < RENEWED:
        return
    today = _today()
    response.set_cookie(
        _cookie_name(person_id), f"{today}.{_signature(person_id, today)}", max_age=int(KEPT.total_seconds()), path="/",
        secure=current_settings().is_https, httponly=True, samesite="Lax",
    )  # fmt: skip


def _age(person_id: uuid.UUID) -> timedelta | None:
    day, _, signature = request.cookies.get(_cookie_name(person_id), "")[:LONGEST_COOKIE].partition(".")
    if not (day.isascii() and day.isdigit() and len(day) < 8):
        return None
    if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), _signature(person_id, int(day)).encode()):
        return None
    age = timedelta(days=_today() - int(day))
    return age if timedelta(0) <= age <= KEPT else None


def _today() -> int:
    return int(clock.now().timestamp()) // DAY_SECONDS


def _signature(person_id: uuid.UUID, day: int) -> str:
    key = current_keys().derive_key("known browsers")
    return base64.urlsafe_b64encode(hmac.digest(key, person_id.bytes + day.to_bytes(4, "big"), hashlib.sha256)).decode().rstrip("=")


def _cookie_name(person_id: uuid.UUID) -> str:
    # One for each person: people who share a computer do not take each other's place.
    mark = hashlib.sha256(b"known browser" + person_id.bytes).hexdigest()[:8]
    return f"__Host-hopnhat-known-{mark}" if current_settings().is_https else f"hopnhat_known_{mark}"
