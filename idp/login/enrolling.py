"""A phone or a key becomes a factor, and the sheet of recovery codes that belongs to it is issued: all of it or nothing."""

import uuid
from typing import Any

from sqlalchemy import Connection

from idp import audit
from idp.credentials import factors, hardware_tokens, passkeys, recovery_codes, totp
from idp.credentials.passkeys import NewKey
from idp.credentials.printed_codes import NewCode
from idp.credentials.seed_files import plain_serial
from idp.login.activation import awaits_activation
from idp.opaque_tokens import Secret
from idp.people import letters
from idp.people.letters import Letter
from idp.people.sign_in_name import lock
from idp.sessions import assurance, browser_sessions
from idp.sessions.browser_sessions import LiveSession

WITH_TOTP = (assurance.PASSWORD, assurance.OTP, assurance.MULTIPLE)


class NotEnrolled(Exception):
    """The factor is one already, the person has one that was not shown in this session, or has not shown their activation slip."""


def sheet_if_needed(connection: Connection, person_id: uuid.UUID) -> list[NewCode]:
    """A sheet of recovery codes for whoever has none left; slow on purpose, to be made before the transaction."""
    return [] if recovery_codes.left(connection, person_id) else recovery_codes.new_sheet()


def enroll_phone(
    connection: Connection, session: LiveSession, credential_id: uuid.UUID, step: int, *, sheet: list[NewCode], cookie: Secret | None = None
) -> Secret:
    """Make the secret whose code was matched a factor and raise the session; return the cookie's new value.

    After a recovery code the lost phone's secret goes. Raises NotEnrolled.
    """
    _lock_for_enrolling(connection, session)
    if not totp.confirm_enrollment(connection, session.person_id, credential_id, step):
        raise NotEnrolled
    _added(connection, audit.Event.TOTP_ENROLLED, session.person_id)
    if _is_replacing(session) and totp.remove_all(connection, session.person_id, keep=credential_id):
        _record(connection, audit.Event.TOTP_REMOVED, session.person_id)
    if sheet:
        issue_codes(connection, session, sheet)
    return _raise(connection, session, assurance.AAL2, WITH_TOTP, cookie)


def enroll_key(connection: Connection, session: LiveSession, new: NewKey, name: str, *, sheet: list[NewCode]) -> Secret:
    """Make a new passkey or security key a factor and raise the session; return the cookie's new value.

    After a recovery code the lost keys go. Raises NotEnrolled and WrongKey.
    """
    _lock_for_enrolling(connection, session)
    passkeys.add(connection, session.person_id, new, name)
    _added(connection, audit.Event.PASSKEY_ENROLLED, session.person_id)
    if _is_replacing(session) and passkeys.remove_all(connection, session.person_id, keep=[new.credential_id]):
        _record(connection, audit.Event.PASSKEY_REMOVED, session.person_id)
    if sheet:
        issue_codes(connection, session, sheet)
    reached = assurance.AAL3 if new.user_verified else assurance.AAL2
    return _raise(connection, session, reached, assurance.with_key(session.amr, synced=new.synced), None)


def enroll_token(connection: Connection, session: LiveSession, serial: str, code: str, *, sheet: list[NewCode]) -> Secret:
    """Make a hardware token a factor of whoever shows a code of it, and raise the session; return the cookie's new value.

    After a recovery code the lost tokens go back into stock. Raises NotEnrolled and WrongCode.
    """
    _lock_for_enrolling(connection, session)
    if _is_replacing(session):
        hardware_tokens.release_all(connection, session.person_id)
    hardware_tokens.claim(connection, session.person_id, serial, code)
    _added(connection, audit.Event.TOKEN_ASSIGNED, session.person_id, serial=plain_serial(serial))
    if sheet:
        issue_codes(connection, session, sheet)
    return _raise(connection, session, assurance.AAL2, WITH_TOTP, None)


def _lock_for_enrolling(connection: Connection, session: LiveSession) -> None:
    lock(connection, session.person_id)
    is_strong = assurance.is_enough(session.acr, assurance.AAL2)
    held = factors.held_by(connection, session.person_id)
    if (held.second_factor and not is_strong) or awaits_activation(connection, session, held):
        raise NotEnrolled


def _is_replacing(session: LiveSession) -> bool:
    return assurance.RECOVERY in session.amr.split()


def _raise(connection: Connection, session: LiveSession, acr: str, amr: tuple[str, ...], cookie: Secret | None) -> Secret:
    # Whoever has shown a passkey and adds a phone has proved no less than before.
    if session.acr > acr:
        acr, amr = session.acr, tuple(session.amr.split())
    return browser_sessions.raise_assurance(connection, session.session_id, acr=acr, amr=amr, value=cookie)


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


def _added(connection: Connection, event: audit.Event, person_id: uuid.UUID, **detail: Any) -> None:
    _record(connection, event, person_id, **detail)
    letters.write(connection, person_id, Letter.FACTOR_ADDED)


def _record(connection: Connection, event: audit.Event, person_id: uuid.UUID, **detail: Any) -> None:
    audit.record(connection, event, actor=f"person:{person_id}", person_id=person_id, **detail)
