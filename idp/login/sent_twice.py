"""Forms sent twice by an impatient click: the second one, with the cookie of before, ends where the first one did."""

from datetime import timedelta

from limits import parse_many

from idp import clock
from idp.opaque_tokens import Secret
from idp.sessions import browser_sessions
from idp.web.address_limits import is_within

PATIENCE = timedelta(seconds=60)
LIMITS = parse_many("60/minute")  # an office's impatient clicks; not guesses at the code that was accepted


def cookie_after(code: str) -> Secret:
    """The cookie value that this browser's session gets when the code is accepted."""
    return browser_sessions.value_after(browser_sessions.cookie_value() or "", code)


def find_sent_twice(code: str) -> Secret | None:
    """The session's cookie, when this very code was accepted a moment ago from this very cookie; its answer never arrived.

    No failure is counted here: an address gets as many answers as people click twice, and no more to guess with.
    """
    if not is_within("sent-twice", LIMITS):
        return None
    cookie = cookie_after(code)
    raised = browser_sessions.find_unfinished(cookie)
    return cookie if raised and clock.now() - raised.auth_time <= PATIENCE else None
