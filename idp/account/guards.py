"""Who may see their own account: whoever has a second factor has shown it, and for changes a moment ago."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, cast

from flask import request
from werkzeug.wrappers import Response

from idp import clock
from idp.credentials import factors
from idp.database import reader
from idp.sessions import assurance, browser_sessions, sign_in_request
from idp.sessions.browser_sessions import LiveSession
from idp.sessions.sign_in_request import SignInRequest

P = ParamSpec("P")
FRESH = timedelta(minutes=5)
Answer = str | Response | tuple[str, int]


def own_session() -> LiveSession:
    """The session of the person whose page this is; behind `signed_in`."""
    return cast("LiveSession", browser_sessions.current())


def as_strong_as_possible(door: Callable[P, Answer]) -> Callable[P, Answer]:
    """Guard, below `signed_in`: a password alone does not open the account of somebody who has a second factor."""

    @wraps(door)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        session = own_session()
        needed = _needed(session)
        if not assurance.is_enough(session.acr, needed):
            return sign_in_request.begin(SignInRequest(return_to=_page_to_return_to(), minimum_acr=needed))
        return door(*args, **kwargs)

    return guarded


def freshly(door: Callable[P, Answer]) -> Callable[P, Answer]:
    """Guard, below `signed_in`: as strong as possible, and no longer than five minutes ago (ASVS 7.5.1)."""
    return _proved_since(door, _needed)


def freshly_with_factor(door: Callable[P, Answer]) -> Callable[P, Answer]:
    """Guard, below `signed_in`: two factors no longer than five minutes ago. Who has none yet enrols the first one where everybody
    does, among the steps of sign-in."""
    return _proved_since(door, lambda _session: assurance.AAL2)


def _proved_since(door: Callable[P, Answer], needed_by: Callable[[LiveSession], str]) -> Callable[P, Answer]:
    @wraps(door)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        session = own_session()
        needed, since = needed_by(session), clock.now() - FRESH
        if session.auth_time < since or not assurance.is_enough(session.acr, needed):
            return_to = "/account/factors" if _needed(session) < needed else _page_to_return_to()
            return sign_in_request.begin(SignInRequest(return_to=return_to, minimum_acr=needed, not_before=since))
        return door(*args, **kwargs)

    return guarded


def _needed(session: LiveSession) -> str:
    return assurance.AAL2 if factors.held_by(reader(), session.person_id).second_factor else assurance.AAL1


def _page_to_return_to() -> str:
    # A form cannot be sent again by a redirect; the page that it stood on can be opened.
    if request.method == "GET":
        return request.path
    return "/account/sessions" if request.path.startswith("/account/sessions/") else "/account/factors"
