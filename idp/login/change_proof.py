"""Before a password that must be changed is changed on the way in: whoever has a second factor proves it first.

Else somebody who has found the old password, or the one that the help desk set, would lock the person out of the directory with it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from idp import audit
from idp.credentials import factors, failures, officer_codes, recovery_codes
from idp.credentials.failures import Attempt, Throttled
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.resting import record_rest
from idp.people import letters
from idp.people.letters import Letter
from idp.people.sign_in_name import Named
from idp.sessions import assurance, known_browsers


class NotProved(Exception):
    """The code is missing or not accepted; `message` says so to the person, `status` to the browser."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message, self.status = message, status


@dataclass(frozen=True)
class Proved:
    """What the session may claim that begins now. `give_back`: lets a code out of paper be used again, when the directory did not take
    the new password; `settle`: tells the person that it was used."""

    acr: str = assurance.AAL1
    amr: tuple[str, ...] = (assurance.PASSWORD,)
    give_back: Callable[[Connection], None] = lambda _connection: None
    settle: Callable[[Connection], None] = lambda _connection: None


def prove(named: Named, typed: str) -> Proved:
    """Take a code from the phone, the token, the sheet or an officer, if this person has anything of the kind. Raises NotProved."""
    if not factors.held_by(reader(), named.person_id).second_factor:
        return Proved()
    if not typed.strip():
        raise NotProved(messages.code_with_new_password(), 400)
    own = known_browsers.has_proved(named.person_id, named.browser_round)
    account = failures.account_of_person(named.person_id, own_browser=own)
    try:
        attempt = in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, account))
    except Throttled as rest:
        raise NotProved(messages.throttled(rest.until), 429) from None
    try:
        return _use(named, typed, attempt)
    except WrongCode:
        in_transaction(lambda c: _record_refusal(c, named, attempt))
        raise NotProved(messages.wrong_code(attempt, False), 400) from None


def _use(named: Named, typed: str, attempt: Attempt) -> Proved:
    """The code is used up before the directory is asked, so that of any number at once one does it. Raises WrongCode."""
    try:
        in_transaction(lambda c: _use_code(c, named, typed, attempt))
    except WrongCode:
        try:
            code_id = recovery_codes.match(reader(), named.person_id, typed)
        except WrongCode:
            return _use_temporary(named, typed, attempt)

        def use_sheet(connection: Connection) -> None:
            recovery_codes.use(connection, code_id)
            _record(connection, audit.Event.RECOVERY_CODE_USED, named)
            failures.forgive(connection, attempt.kind, attempt.account)

        in_transaction(use_sheet)
        return Proved(
            assurance.AAL2, (assurance.PASSWORD, assurance.RECOVERY, assurance.MULTIPLE),
            give_back=lambda connection: _give_back(connection, named, recovery_codes.give_back, code_id),
            settle=lambda connection: letters.write(connection, named.person_id, Letter.CODE_USED),
        )  # fmt: skip
    return Proved(assurance.AAL2, (assurance.PASSWORD, assurance.OTP, assurance.MULTIPLE))


def _use_temporary(named: Named, typed: str, attempt: Attempt) -> Proved:
    """A code that an officer has handed out does as well as at sign-in. Raises WrongCode."""
    code_id = officer_codes.match(reader(), named.person_id, officer_codes.TEMPORARY, typed)

    def use(connection: Connection) -> None:
        officer_codes.use(connection, code_id, None)
        failures.forgive(connection, attempt.kind, attempt.account)
        _record(connection, audit.Event.TEMPORARY_CODE_USED, named)

    in_transaction(use)
    return Proved(
        assurance.AAL2, (assurance.PASSWORD, assurance.TEMPORARY, assurance.MULTIPLE),
        give_back=lambda connection: _give_back(connection, named, officer_codes.give_back, code_id),
    )  # fmt: skip


def _give_back(connection: Connection, named: Named, give: Callable[[Connection, uuid.UUID], None], code_id: uuid.UUID) -> None:
    give(connection, code_id)
    _record(connection, audit.Event.CODE_GIVEN_BACK, named)


def _use_code(connection: Connection, named: Named, typed: str, attempt: Attempt) -> None:
    factors.verify_code(connection, named.person_id, typed)
    failures.forgive(connection, attempt.kind, attempt.account)
    _record(connection, audit.Event.SECOND_FACTOR_VERIFIED, named)


def _record_refusal(connection: Connection, named: Named, attempt: Attempt) -> None:
    _record(connection, audit.Event.SECOND_FACTOR_REFUSED, named)
    record_rest(connection, attempt, named.person_id, actor=f"person:{named.person_id}")


def _record(connection: Connection, event: audit.Event, named: Named) -> None:
    audit.record(connection, event, actor=f"person:{named.person_id}", person_id=named.person_id)
