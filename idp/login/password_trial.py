"""A password is tried: counted, asked of the directory, written down. The same for everybody at every door that takes one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from idp import audit
from idp.credentials import failures
from idp.credentials.bind_answers import Answer, Said
from idp.credentials.directory_server import DirectoryEntry
from idp.credentials.failures import PASSWORD_ADDRESS, Attempt, Throttled
from idp.credentials.password import DirectoryUnavailable, PasswordRightButRefused, WrongPassword, verify
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.entering import enter, terms_for
from idp.login.password_end import end_told_by
from idp.login.resting import record_rest
from idp.opaque_tokens import Secret
from idp.people import letters
from idp.people.letters import Letter
from idp.people.names import username_key
from idp.people.sign_in_name import Named, find_for_sign_in
from idp.sessions import browser_sessions, known_browsers
from idp.sessions.assurance import AAL1, PASSWORD

NOBODY = "anonymous"


@dataclass(frozen=True)
class Right:
    """The password is this person's, and they may sign in."""

    named: Named
    attempt: Attempt
    said: Said


@dataclass(frozen=True)
class Wrong:
    """Not let in: what to say, and with which status. `answer`: what the directory holds against a password that was right."""

    message: str
    status: int
    answer: Answer | None = None
    named: Named | None = None
    attempt: Attempt | None = None


def entry_of(named: Named) -> DirectoryEntry:
    """The directory's entry of a person."""
    return DirectoryEntry(named.source_key, named.directory_dn)


def try_password(named: Named | None, typed_name: str, password: Secret) -> Right | Wrong:
    """Count, ask, and write down what came of it; `named` is whom the typed name means, None for nobody."""
    known = named is not None and known_browsers.is_known(named.person_id, named.browser_round)
    resting = None if known else failures.rests_until(reader(), PASSWORD_ADDRESS, failures.account_of_address())
    if resting is not None:
        return Wrong(messages.throttled(resting), 429)
    accounts, kind = _accounts(typed_name, named), failures.password_kind()
    count = failures.count_under_both if len(accounts) == 2 else failures.count_attempt
    try:
        attempt = in_transaction(lambda c: count(c, kind, *accounts, known_browser=known))
    except Throttled as rest:
        return Wrong(messages.throttled(rest.until), 429)
    try:
        said = verify(entry_of(named) if named else None, password)
    except DirectoryUnavailable as trouble:
        # What a slow directory may have counted stays counted: else strangers would lock the account in it while it is slow.
        if known or not trouble.may_have_counted:
            in_transaction(lambda c: failures.uncount(c, attempt))
        return Wrong(trouble.message, 503)
    except WrongPassword as wrong:
        reason = wrong.reason
        in_transaction(lambda c: _record_refusal(c, named, attempt, reason))
        return Wrong(messages.wrong_password(attempt), 400)
    except PasswordRightButRefused as refused:
        answer = refused.answer
        in_transaction(lambda c: record_right(c, named, attempt, str(answer)))
        return _closed(named) or Wrong(messages.password_refused(answer), 403, answer, named, attempt)
    assert named is not None
    closed = _closed(named)
    if closed is not None:
        reason = named.state if named.directory_locked is False else "directory_locked"
        in_transaction(lambda c: record_right(c, named, attempt, reason))
    return closed or Right(named, attempt, said)


def _closed(named: Named | None) -> Wrong | None:
    return Wrong(messages.closed_account(named), 403) if named is not None and not named.may_sign_in else None


def entrance(right: Right, *, shared_pc: bool, acr: str = AAL1, amr: tuple[str, ...] = (PASSWORD,)) -> Callable[[Connection], Secret]:
    """The deed that lets this person in; it gives the cookie's value. The session claims a password and no more, unless more is said."""
    terms, person_id = terms_for(right.named.person_id, shared_pc=shared_pc), right.named.person_id
    ends_at = end_told_by(right.said)

    def let_in(connection: Connection) -> Secret:
        failures.succeeded(connection, right.attempt)
        audit.record(connection, audit.Event.PASSWORD_VERIFIED, actor=f"person:{person_id}", person_id=person_id)
        if not right.attempt.known_browser:
            letters.write(connection, person_id, Letter.STRANGE_BROWSER)
        value = enter(connection, person_id, acr=acr, amr=amr, terms=terms)
        if ends_at is not None:
            browser_sessions.note_password_end(connection, value, ends_at, right.said.grace_left)
        return value

    return let_in


def record_right(connection: Connection, named: Named | None, attempt: Attempt, reason: str) -> None:
    """The password was right and yet nobody was let in."""
    failures.succeeded(connection, attempt)
    who = named.person_id if named else None
    audit.record(connection, audit.Event.PASSWORD_REFUSED, actor=NOBODY, person_id=who, reason=reason)


def _accounts(typed_name: str, named: Named | None) -> tuple[bytes, ...]:
    """Under which accounts a try counts: a mail address under two.

    An address that nobody has counts like the name in front of its @, as that of somebody real does: else some tries with a name and
    one with its address would tell whether there is such a person. Where the name in front is nobody's, it rests with the address,
    whether the address is somebody's or not. Where it is somebody's, a name that nobody types takes the place: the work is the same.
    """
    name = username_key(typed_name) or typed_name
    if "@" not in name:
        return (failures.account_of_person(named.person_id) if named else failures.account_of_name(name),)
    before_at = name.partition("@")[0] or name
    meant = find_for_sign_in(reader(), before_at)
    counted, in_front = named or meant, failures.account_of_name(before_at)
    if counted is None:
        return in_front, failures.account_of_name(name)
    return failures.account_of_person(counted.person_id), failures.account_of_name(name) if meant else in_front


def _record_refusal(connection: Connection, named: Named | None, attempt: Attempt, reason: str) -> None:
    # Not what was typed: a password typed into the wrong field would stand in the trail for a year.
    who = named.person_id if named else None
    audit.record(connection, audit.Event.PASSWORD_REFUSED, actor=NOBODY, person_id=who, reason=reason if named else "unknown_person")
    record_rest(connection, attempt, who, actor=NOBODY)
    with suppress(Throttled):
        failures.count_attempt(connection, PASSWORD_ADDRESS, failures.account_of_address())
