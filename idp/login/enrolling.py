"""A phone becomes a second factor, and the sheet of recovery codes that belongs to it is issued: all of it or nothing."""

import uuid

from sqlalchemy import Connection

from idp import audit
from idp.credentials import recovery_codes, totp
from idp.credentials.recovery_codes import NewCode
from idp.opaque_tokens import Secret
from idp.people.sign_in_name import lock
from idp.sessions import assurance, browser_sessions
from idp.sessions.browser_sessions import LiveSession

WITH_TOTP = (assurance.PASSWORD, assurance.OTP, assurance.MULTIPLE)


class NotEnrolled(Exception):
    """The secret was confirmed already, or the person has a factor that was not shown in this session."""


def enroll(
    connection: Connection, session: LiveSession, credential_id: uuid.UUID, step: int, *, sheet: list[NewCode], cookie: Secret | None = None
) -> Secret:
    """Make the secret whose code was matched a factor and raise the session; return the cookie's new value.

    After a recovery code the lost phone's secret goes. Raises NotEnrolled.
    """
    lock(connection, session.person_id)
    is_strong = assurance.is_enough(session.acr, assurance.AAL2)
    if totp.is_enrolled(connection, session.person_id) and not is_strong:
        raise NotEnrolled
    if not totp.confirm_enrollment(connection, session.person_id, credential_id, step):
        raise NotEnrolled
    _record(connection, audit.Event.TOTP_ENROLLED, session.person_id)
    if assurance.RECOVERY in session.amr.split() and totp.remove_others(connection, session.person_id, credential_id):
        _record(connection, audit.Event.TOTP_REMOVED, session.person_id)
    if sheet:
        issue_codes(connection, session, sheet)
    return browser_sessions.raise_assurance(connection, session.session_id, acr=assurance.AAL2, amr=WITH_TOTP, value=cookie)


def issue_codes(connection: Connection, session: LiveSession, sheet: list[NewCode]) -> None:
    """Issue a sheet of recovery codes, shown in this session until it is confirmed."""
    recovery_codes.issue(connection, session.person_id, session.session_id, sheet)
    _record(connection, audit.Event.RECOVERY_CODES_ISSUED, session.person_id)


def confirm_codes(connection: Connection, session: LiveSession) -> bool:
    """The person has put the sheet away; return whether this call made it so."""
    confirmed = recovery_codes.confirm(connection, session.person_id, session.session_id)
    if confirmed:
        _record(connection, audit.Event.RECOVERY_CODES_CONFIRMED, session.person_id)
    return confirmed


def _record(connection: Connection, event: audit.Event, person_id: uuid.UUID) -> None:
    audit.record(connection, event, actor=f"person:{person_id}", person_id=person_id)
