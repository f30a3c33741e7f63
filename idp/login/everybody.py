"""The day from which everybody signs in with two factors: whom it concerns at this sign-in, and who may still put it off."""

import uuid

from sqlalchemy import Connection

from idp import audit
from idp.credentials import enrolment_delays, factors
from idp.database import reader
from idp.sessions import assurance, browser_sessions, trusted_browsers
from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings
from idp.web.formats import today


def needs_two() -> bool:
    """Whether the day has come."""
    since = current_settings().second_factor_from
    return since is not None and today() >= since


def required_acr(person_id: uuid.UUID, *, administrator: bool, shared_pc: bool) -> str:
    """What this sign-in must prove before the session counts, because of the day alone."""
    if not needs_two():
        return assurance.AAL1
    may_rest = not administrator and not shared_pc and trusted_browsers.is_trusted(reader(), person_id)
    return assurance.AAL1 if may_rest or _is_put_off(person_id) else assurance.AAL2


def _is_put_off(person_id: uuid.UUID) -> bool:
    return enrolment_delays.is_delayed(reader(), person_id, today()) and not factors.held_by(reader(), person_id).second_factor


def delays_left(session: LiveSession, *, needed_anyway: bool) -> int:
    """How often this person may still put enrolling off: never when something else than the day demands two factors."""
    if needed_anyway or not needs_two() or session.required_acr == assurance.AAL1:
        return 0
    return enrolment_delays.left(reader(), session.person_id, current_settings().second_factor_delays)


def put_off(connection: Connection, session: LiveSession) -> None:
    """Let this person enrol tomorrow, if they may, and go on today with the password."""
    delayed = enrolment_delays.delay(connection, session.person_id, today(), current_settings().second_factor_delays)
    if delayed:
        audit.record(connection, audit.Event.ENROLMENT_DELAYED, actor=f"person:{session.person_id}", person_id=session.person_id)
    if delayed or enrolment_delays.is_delayed(connection, session.person_id, today()):
        browser_sessions.let_count(connection, session.session_id)


def may_trust(session: LiveSession, *, administrator: bool) -> bool:
    """Whether this person may call this browser trusted, and would gain something by it."""
    return needs_two() and not administrator and not session.shared_pc and current_settings().trusted_browser_seconds > 0
