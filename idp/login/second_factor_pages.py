"""/sign-in/factor, /sign-in/recovery, /sign-in/temporary: the second factor, or what stands in for it; /sign-in/activate: a slip's code."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import factors, failures, officer_codes, passkey_ceremony, passkeys, recovery_codes
from idp.credentials.failures import Attempt, Throttled
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.enrolling import WITH_TOTP
from idp.login.resting import record_rest
from idp.login.sent_twice import cookie_after, find_sent_twice
from idp.login.steps import Step
from idp.login.visit import (
    Visit,
    go_on,
    go_on_as,
    go_on_as_proved,
    link,
    page,
    require_session,
    require_step,
    require_visit,
    show_stale,
    stay_at,
)
from idp.opaque_tokens import Secret
from idp.people import letters
from idp.people.letters import Letter
from idp.people.sign_in_name import require_named
from idp.sessions import assurance, browser_sessions, known_browsers, trusted_browsers
from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("second_factor", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
WITH_RECOVERY_CODE = (assurance.PASSWORD, assurance.RECOVERY, assurance.MULTIPLE)
WITH_TEMPORARY_CODE = (assurance.PASSWORD, assurance.TEMPORARY, assurance.MULTIPLE)
Show = Callable[[Visit, dict[str, str]], str]


@dataclass(frozen=True)
class CodeFactor:
    """A factor that is typed. `ready`: find the code typed by this person, and give back what uses it up, once."""

    name: str
    amr: tuple[str, ...]
    ready: Callable[[LiveSession, str], Callable[[Connection], object]]
    wrong: Callable[[Attempt, WrongCode], str]
    show: Show
    steps: tuple[Step, ...] = (Step.SECOND_FACTOR,)


def show_factors(visit: Visit, errors: dict[str, str] | None = None) -> str:
    """What this person has: a key to touch, a phone with codes, or both; for what a passkey must prove, the passkey only."""
    session, held, only_passkey = require_session(visit), visit.standing.held, visit.standing.must_use_passkey
    ask = None
    if held.key and passkey_ceremony.are_possible():
        keys = [key for key in passkeys.find_active(reader(), session.person_id) if key.signs_in_alone or not only_passkey]
        ask = passkey_ceremony.request_options(passkey_ceremony.SECOND_FACTOR, str(session.session_id), keys, verified=only_passkey)
    return page(
        "factor.html", visit,
        errors=errors or {}, ask=ask, with_code=held.with_code and not only_passkey, only_passkey=only_passkey,
        trust_hours=current_settings().trusted_browser_seconds // 3600,
    )  # fmt: skip


def _show_recovery(visit: Visit, errors: dict[str, str] | None = None) -> str:
    return page("recovery.html", visit, errors=errors or {})


def _ready_code(session: LiveSession, typed: str) -> Callable[[Connection], object]:
    return lambda connection: factors.verify_code(connection, session.person_id, typed)


def _ready_recovery_code(session: LiveSession, typed: str) -> Callable[[Connection], object]:
    code_id = recovery_codes.match(reader(), session.person_id, typed)
    return lambda connection: _use_recovery_code(connection, session, code_id)


def _use_recovery_code(connection: Connection, session: LiveSession, code_id: uuid.UUID) -> None:
    recovery_codes.use(connection, code_id)
    audit.record(connection, audit.Event.RECOVERY_CODE_USED, actor=f"person:{session.person_id}", person_id=session.person_id)
    letters.write(connection, session.person_id, Letter.CODE_USED)


PHONE = CodeFactor(
    "factor", WITH_TOTP, _ready_code, lambda attempt, wrong: messages.wrong_code(attempt, wrong.clock_is_off), show_factors
)  # fmt: skip
RECOVERY_CODE = CodeFactor(
    "recovery", WITH_RECOVERY_CODE, _ready_recovery_code, lambda attempt, _wrong: messages.wrong_recovery_code(attempt), _show_recovery
)


def _show_temporary(visit: Visit, errors: dict[str, str] | None = None) -> str:
    return page("temporary.html", visit, errors=errors or {})


def _ready_temporary_code(session: LiveSession, typed: str) -> Callable[[Connection], object]:
    code_id = officer_codes.match(reader(), session.person_id, officer_codes.TEMPORARY, typed)
    return lambda connection: _use_officer_code(connection, session, code_id, audit.Event.TEMPORARY_CODE_USED)


def _use_officer_code(connection: Connection, session: LiveSession, code_id: uuid.UUID, event: audit.Event) -> None:
    officer_codes.use(connection, code_id, session.session_id)
    audit.record(connection, event, actor=f"person:{session.person_id}", person_id=session.person_id)


# Also for whoever has no factor yet: the officer has checked who it is.
TEMPORARY_CODE = CodeFactor(
    "temporary", WITH_TEMPORARY_CODE, _ready_temporary_code, lambda attempt, _wrong: messages.wrong_officer_code(attempt), _show_temporary,
    (Step.SECOND_FACTOR, Step.ACTIVATE, Step.ENROLL, Step.ENROLL_PASSKEY),
)  # fmt: skip


@blueprint.get("/sign-in/factor")
@anyone
def ask_for_factor() -> str:
    """Ask for a second factor."""
    return show_factors(require_step(Step.SECOND_FACTOR))


@blueprint.post("/sign-in/factor")
@anyone
def take_code() -> Response:
    """Take the code from the phone."""
    return _take(PHONE)


@blueprint.get("/sign-in/recovery")
@anyone
def ask_for_recovery_code() -> str:
    """Ask for a code from the printed sheet instead."""
    return _show_recovery(require_step(Step.SECOND_FACTOR))


@blueprint.post("/sign-in/recovery")
@anyone
def take_recovery_code() -> Response:
    """The same with a recovery code; then the person is told how many are left."""
    return _take(RECOVERY_CODE, then="/sign-in/recovery/used")


@blueprint.get("/sign-in/temporary")
@anyone
def ask_for_temporary_code() -> str:
    """Ask for a code that the unit's officer has handed out."""
    return _show_temporary(require_step(*TEMPORARY_CODE.steps))


@blueprint.post("/sign-in/temporary")
@anyone
def take_temporary_code() -> Response:
    """The same with that code."""
    return _take(TEMPORARY_CODE)


def _take(factor: CodeFactor, then: str | None = None) -> Response:
    """Count, check, and raise the session."""
    visit, typed = require_visit(), request.form.get("code", "")
    if visit.standing.session is None and (cookie := find_sent_twice(typed)):
        return go_on_as(visit, cookie)
    session = require_session(stay_at(visit, *factor.steps))
    try:
        attempt = in_transaction(lambda c: _count(c, session))
    except Throttled as rest:
        return make_response(factor.show(visit, {"code": messages.throttled(rest.until)}), 429)
    try:
        cookie = in_transaction(_proof(session, attempt, factor, typed))
    except WrongCode as wrong:
        return _refuse(visit, factor, attempt, typed, wrong)
    if then is None:
        return trusted_if_wanted(visit, go_on_as_proved(visit, cookie)) if factor is PHONE else go_on_as(visit, cookie)
    response = redirect(link(then, visit), 303)
    browser_sessions.set_cookie(response, cookie)
    return response


def trusted_if_wanted(visit: Visit, response: Response) -> Response:
    """After a real second factor, the box was ticked that this browser is trusted."""
    if request.form.get("trust") and visit.may_trust:
        session = require_session(visit)
        value = in_transaction(lambda c: trusted_browsers.trust(c, session.person_id, session.session_id))
        trusted_browsers.set_cookie(response, session.person_id, value)
    return response


def _count(connection: Connection, session: LiveSession) -> Attempt:
    # Wrong codes are counted apart in browsers where the person has proved a second factor before: a stranger who knows the
    # password makes strangers wait, not them.
    named = require_named(connection, session.person_id)
    own = known_browsers.has_proved(named.person_id, named.browser_round)
    return failures.count_attempt(connection, failures.SECOND_FACTOR, failures.account_of_person(named.person_id, own_browser=own))


def _proof(session: LiveSession, attempt: Attempt, factor: CodeFactor, typed: str) -> Callable[[Connection], Secret]:
    """Use the code up and raise the session, both or neither. Raises WrongCode."""
    cookie, use, actor = cookie_after(typed), factor.ready(session, typed), f"person:{session.person_id}"

    def prove(connection: Connection) -> Secret:
        use(connection)
        failures.forgive(connection, attempt.kind, attempt.account)
        audit.record(connection, audit.Event.SECOND_FACTOR_VERIFIED, actor=actor, person_id=session.person_id, amr=factor.amr[1])
        return browser_sessions.raise_assurance(connection, session.session_id, acr=assurance.AAL2, amr=factor.amr, value=cookie)

    return prove


def _refuse(visit: Visit, factor: CodeFactor, attempt: Attempt, typed: str, wrong: WrongCode) -> Response:
    if cookie := find_sent_twice(typed):
        in_transaction(lambda c: failures.uncount(c, attempt))
        return go_on_as(visit, cookie)
    in_transaction(lambda c: _record_refusal(c, require_session(visit).person_id, attempt, factor.name))
    return make_response(factor.show(visit, {"code": factor.wrong(attempt, wrong)}), 400)


def _record_refusal(connection: Connection, person_id: uuid.UUID, attempt: Attempt, factor: str) -> None:
    actor = f"person:{person_id}"
    audit.record(connection, audit.Event.SECOND_FACTOR_REFUSED, actor=actor, person_id=person_id, factor=factor)
    record_rest(connection, attempt, person_id, actor=actor)


@blueprint.get("/sign-in/recovery/used")
@anyone
def tell_codes_left() -> str | Response:
    """How many recovery codes are left, and what to do about the phone."""
    visit = require_visit()
    if not visit.standing.used_recovery_code:
        return go_on(visit)
    left = recovery_codes.left(reader(), require_session(visit).person_id)
    return page("recovery_used.html", visit, left=left, few=left <= recovery_codes.FEW)


@blueprint.post("/sign-in/recovery/used")
@anyone
def codes_left_read() -> Response:
    """On to whatever comes next."""
    return go_on(require_visit())
