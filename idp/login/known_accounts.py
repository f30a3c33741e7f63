"""Who has signed in on this device before: names only, in a sealed cookie of the browser; the server keeps no list."""

import json
from dataclasses import astuple, dataclass

from flask import request
from werkzeug.wrappers import Response

from idp.sealing import SealBroken, current_keys
from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings

CONTEXT = "known accounts"
MOST, LONGEST_COOKIE, KEPT_SECONDS = 5, 3500, 90 * 86400


@dataclass(frozen=True)
class KnownAccount:
    """Somebody who signed in here and did not say that the computer is shared."""

    username: str
    name: str
    unit_name: str | None


def known_here() -> tuple[KnownAccount, ...]:
    """The people remembered in this browser, the last one first."""
    sealed = request.cookies.get(_cookie_name(), "")
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return ()
    try:
        return tuple(KnownAccount(*one) for one in json.loads(current_keys().open_text(sealed, CONTEXT)))
    except (SealBroken, TypeError):
        return ()


def chosen(number: str | None) -> KnownAccount | None:
    """The one at this place of the list, counted from 0; None for anything else."""
    known = known_here()
    return known[int(number)] if number in [str(place) for place in range(len(known))] else None


def remember(response: Response, session: LiveSession) -> None:
    """Somebody has signed in: put them first, or, on a shared computer, leave no trace of them."""
    if not session.username:
        return
    before = known_here()
    others = [one for one in before if one.username != session.username]
    now = others if session.shared_pc else [KnownAccount(session.username, session.name, session.unit_name), *others]
    if tuple(now[:MOST]) != before:
        _keep(response, now[:MOST])


def forget(response: Response, username: str) -> None:
    """Take one out of the list."""
    _keep(response, [one for one in known_here() if one.username != username])


def _keep(response: Response, known: list[KnownAccount]) -> None:
    https = current_settings().is_https
    sealed = current_keys().seal_text(json.dumps([astuple(one) for one in known], ensure_ascii=False).encode(), CONTEXT)
    if not known or len(sealed) > LONGEST_COOKIE:
        response.delete_cookie(_cookie_name(), path="/", secure=https, httponly=True, samesite="Lax")
        return
    response.set_cookie(_cookie_name(), sealed, max_age=KEPT_SECONDS, path="/", secure=https, httponly=True, samesite="Lax")


def _cookie_name() -> str:
    return "__Host-hopnhat-known" if current_settings().is_https else "hopnhat_known"
