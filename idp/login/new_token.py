"""A hardware token becomes somebody's, at sign-in or on the account page: its serial number and a code that it shows."""

from flask import request
from sqlalchemy import Connection

from idp.credentials import failures
from idp.credentials.failures import Throttled
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.enrolling import enroll_token, sheet_if_needed
from idp.login.resting import record_rest
from idp.opaque_tokens import Secret
from idp.sessions.browser_sessions import LiveSession

LONGEST_SERIAL = 64


class TokenRefused(Exception):
    """The token is not taken; `message` says why to the person, `status` to the browser."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def take_token(session: LiveSession) -> Secret:
    """Make the token in the form a factor; return the cookie's new value. Raises TokenRefused and NotEnrolled.

    Counted like any second factor: else somebody with a password could try serial numbers and codes without end.
    """
    serial, code = request.form.get("serial", "")[:LONGEST_SERIAL], request.form.get("code", "")
    account = failures.account_of_person(session.person_id)
    try:
        attempt = in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, account))
    except Throttled as rest:
        raise TokenRefused(messages.throttled(rest.until), 429) from None
    sheet = sheet_if_needed(reader(), session.person_id)

    def take(connection: Connection) -> Secret:
        failures.forgive(connection, attempt.kind, attempt.account)
        return enroll_token(connection, session, serial, code, sheet=sheet)

    try:
        return in_transaction(take)
    except WrongCode:
        in_transaction(lambda c: record_rest(c, attempt, session.person_id, actor=f"person:{session.person_id}"))
        raise TokenRefused(messages.wrong_token(attempt), 400) from None
