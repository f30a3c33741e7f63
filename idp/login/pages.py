"""/sign-in: the password, checked by the directory; and the choice between accounts, the language, and the way out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, abort, make_response, redirect, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit, clock
from idp.credentials import failures
from idp.credentials.failures import Attempt, Throttled
from idp.credentials.password import DirectoryEntry, DirectoryUnavailable, PasswordRightButRefused, WrongPassword, verify
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.entering import enter, terms_for
from idp.login.sign_in_page import refuse_sign_in, show_sign_in
from idp.login.steps import Step
from idp.login.visit import Visit, go_on, go_on_as, page, require_session, require_step, require_visit, show_stale, turn_to_next_step
from idp.opaque_tokens import Secret
from idp.people.names import username_key
from idp.people.sign_in_name import Named, find_for_sign_in
from idp.sessions import sign_in_request
from idp.sessions.assurance import AAL1, PASSWORD
from idp.web.csrf import ForgedForm
from idp.web.language import LANGUAGES, set_language_cookie
from idp.web.viewer import anyone

blueprint = Blueprint("login", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
LONGEST_NAME = 255
NOBODY = "anonymous"


@dataclass(frozen=True)
class Typed:
    """What was typed into the form. The password is never shown again."""

    username: str
    password: Secret
    shared_pc: bool


@blueprint.get("/sign-in")
@anyone
def sign_in() -> str:
    """Ask for the password, when that is what comes next."""
    visit = require_step(Step.PASSWORD)
    hint = visit.wanted.login_hint or ""
    session = visit.standing.session
    username = (session.username or "") if session else hint[:LONGEST_NAME]
    return show_sign_in(visit, username)


@blueprint.post("/sign-in")
@anyone
def sign_in_posted() -> Response:
    """Count, ask the directory, and let in: the session that begins here claims a password and no more."""
    visit = require_visit()
    if visit.step is Step.REFUSED:
        turn_to_next_step(visit)
    typed = Typed(
        request.form.get("username", "")[:LONGEST_NAME].strip(),
        Secret(request.form.get("password", "")),
        bool(request.form.get("shared_pc")),
    )
    if not typed.password.strip():
        return _refuse(visit, typed, messages.nothing_typed(), 400)  # a slip is no failure, and nothing is ever bound without a password
    named = find_for_sign_in(reader(), typed.username)
    if _is_sent_twice(visit, named):
        return go_on(visit)
    return _try_password(visit, typed, named)


def _is_sent_twice(visit: Visit, named: Named | None) -> bool:
    session = visit.standing.session
    return session is not None and named is not None and named.person_id == session.person_id and visit.step is not Step.PASSWORD


def _try_password(visit: Visit, typed: Typed, named: Named | None) -> Response:
    account = _account(typed, named)
    try:
        attempt = in_transaction(lambda c: failures.count_attempt(c, failures.PASSWORD, account))
    except Throttled as rest:
        return _refuse(visit, typed, messages.throttled(rest.until), 429)
    try:
        verify(DirectoryEntry(named.source_key, named.directory_dn) if named else None, typed.password)
    except DirectoryUnavailable as trouble:
        in_transaction(lambda c: failures.uncount(c, attempt))
        return _refuse(visit, typed, trouble.message, 503)
    except WrongPassword as wrong:
        reason = wrong.reason
        in_transaction(lambda c: _record_refusal(c, named, attempt, reason))
        return _refuse(visit, typed, messages.wrong_password(attempt), 400)
    except PasswordRightButRefused as refused:
        answer = refused.answer
        in_transaction(lambda c: _record_right(c, named, attempt, str(answer)))
        return _refuse(visit, typed, messages.password_refused(answer), 403)
    assert named is not None
    if not named.may_sign_in:
        in_transaction(lambda c: _record_right(c, named, attempt, named.state if named.directory_locked is False else "directory_locked"))
        return _refuse(visit, typed, messages.closed_account(named), 403)
    return go_on_as(visit, in_transaction(_entrance(named, attempt, typed)))


def _account(typed: Typed, named: Named | None) -> bytes:
    # A mail address that nobody has counts like the name in front of its @, as that of somebody real does: else four tries with
    # a name and one with its address would tell whether there is such a person.
    name = username_key(typed.username) or typed.username
    before_at = name.partition("@")[0] or name
    meant = find_for_sign_in(reader(), before_at) if "@" in name else None  # looked up for everybody: it takes its time
    counted = named or meant
    return failures.account_of_person(counted.person_id) if counted else failures.account_of_name(before_at)


def _entrance(named: Named, attempt: Attempt, typed: Typed) -> Callable[[Connection], Secret]:
    terms = terms_for(named.person_id, shared_pc=typed.shared_pc)

    def let_in(connection: Connection) -> Secret:
        failures.forgive(connection, attempt.kind, attempt.account)
        audit.record(connection, audit.Event.PASSWORD_VERIFIED, actor=f"person:{named.person_id}", person_id=named.person_id)
        return enter(connection, named.person_id, acr=AAL1, amr=(PASSWORD,), terms=terms)

    return let_in


def _record_refusal(connection: Connection, named: Named | None, attempt: Attempt, reason: str) -> None:
    # Not what was typed: a password typed into the wrong field would stand in the trail for a year.
    who = named.person_id if named else None
    audit.record(connection, audit.Event.PASSWORD_REFUSED, actor=NOBODY, person_id=who, reason=reason if named else "unknown_person")
    if attempt.blocked_until is not None:
        audit.record(
            connection, audit.Event.ACCOUNT_THROTTLED, actor=NOBODY, person_id=who, kind=attempt.kind.name, failures=attempt.failures
        )


def _record_right(connection: Connection, named: Named | None, attempt: Attempt, reason: str) -> None:
    failures.forgive(connection, attempt.kind, attempt.account)
    who = named.person_id if named else None
    audit.record(connection, audit.Event.PASSWORD_REFUSED, actor=NOBODY, person_id=who, reason=reason)


def _refuse(visit: Visit, typed: Typed, message: str, status: int) -> Response:
    return refuse_sign_in(visit, typed.username, {"username": message}, status, shared_pc=typed.shared_pc)


@blueprint.get("/sign-in/account")
@anyone
def choose_account() -> str:
    """Somebody is signed in, and the application wants the person to say whether it is them."""
    visit = require_step(Step.CHOOSE_ACCOUNT)
    return page("choose_account.html", visit, session=require_session(visit))


@blueprint.post("/sign-in/account")
@anyone
def choose_account_posted() -> Response:
    """The same person goes on; another one signs in anew."""
    wanted = replace(require_step(Step.CHOOSE_ACCOUNT).wanted, select_account=False)
    if request.form.get("another"):
        wanted = replace(wanted, not_before=clock.now(), login_hint=None)
    return sign_in_request.begin(wanted)


@blueprint.get("/sign-in/refused")
@anyone
def refused() -> tuple[str, int]:
    """What is wanted cannot be proved here."""
    visit = require_step(Step.REFUSED)
    return page("refused.html", visit), 403


@blueprint.post("/sign-in/refused")
@anyone
def refused_posted() -> Response:
    """Only the way back leads on from here."""
    return go_on(require_step(Step.REFUSED))


@blueprint.get("/language")
@anyone
def switch_language() -> Response:
    """Remember the language and lead back to a page of this server, nowhere else."""
    back, language = request.args.get("next", "/"), request.args.get("to", "")
    if language not in LANGUAGES or not _is_own_path(back):
        abort(404)
    response = make_response(redirect(back, 303))
    set_language_cookie(response, language)
    return response


def _is_own_path(path: str) -> bool:
    # Browsers read "//host", "/\\host" and "/<tab>/host" as another site.
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
