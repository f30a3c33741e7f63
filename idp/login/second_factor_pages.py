"""/sign-in/factor and /sign-in/recovery: the second factor, a code from the phone or from the printed sheet."""

import uuid
from collections.abc import Callable

from flask import Blueprint, make_response, redirect, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import failures, recovery_codes, totp
from idp.credentials.failures import Attempt, Throttled
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.enrolling import WITH_TOTP
from idp.login.sent_twice import cookie_after, find_sent_twice
from idp.login.steps import Step
from idp.login.visit import Visit, go_on, go_on_as, link, page, require_session, require_step, require_visit, show_stale, stay_at
from idp.opaque_tokens import Secret
from idp.sessions import assurance, browser_sessions
from idp.sessions.browser_sessions import LiveSession
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("second_factor", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)
WITH_RECOVERY_CODE = (assurance.PASSWORD, assurance.RECOVERY, assurance.MULTIPLE)


@blueprint.get("/sign-in/factor")
@anyone
def ask_for_code() -> str:
    """Ask for the code from the phone."""
    return page("factor.html", require_step(Step.SECOND_FACTOR), errors={})


@blueprint.post("/sign-in/factor")
@anyone
def take_code() -> Response:
    """Count, check, and raise the session."""
    visit, typed = require_visit(), request.form.get("code", "")
    if visit.standing.session is None and (cookie := find_sent_twice(typed)):
        return go_on_as(visit, cookie)
    session = require_session(stay_at(visit, Step.SECOND_FACTOR))
    try:
        attempt = in_transaction(lambda c: _count(c, session))
    except Throttled as rest:
        return _refuse("factor.html", visit, messages.throttled(rest.until), 429)
    try:
        cookie = in_transaction(_proof(session, attempt, WITH_TOTP, typed, lambda c: totp.verify(c, session.person_id, typed)))
    except WrongCode as wrong:
        return _refuse_code("factor.html", visit, attempt, typed, messages.wrong_code(attempt, wrong.clock_is_off))
    return go_on_as(visit, cookie)


@blueprint.get("/sign-in/recovery")
@anyone
def ask_for_recovery_code() -> str:
    """Ask for a code from the printed sheet instead."""
    return page("recovery.html", require_step(Step.SECOND_FACTOR), errors={})


@blueprint.post("/sign-in/recovery")
@anyone
def take_recovery_code() -> Response:
    """The same with a recovery code; then the person is told how many are left."""
    visit, typed = require_visit(), request.form.get("code", "")
    if visit.standing.session is None and (cookie := find_sent_twice(typed)):
        return go_on_as(visit, cookie)
    session = require_session(stay_at(visit, Step.SECOND_FACTOR))
    try:
        attempt = in_transaction(lambda c: _count(c, session))
    except Throttled as rest:
        return _refuse("recovery.html", visit, messages.throttled(rest.until), 429)
    try:
        code_id = recovery_codes.match(reader(), session.person_id, typed)
        cookie = in_transaction(_proof(session, attempt, WITH_RECOVERY_CODE, typed, lambda c: _use(c, session, code_id)))
    except WrongCode:
        return _refuse_code("recovery.html", visit, attempt, typed, messages.wrong_recovery_code(attempt))
    response = redirect(link("/sign-in/recovery/used", visit), 303)
    browser_sessions.set_cookie(response, cookie)
    return response


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


def _count(connection: Connection, session: LiveSession) -> Attempt:
    return failures.count_attempt(connection, failures.SECOND_FACTOR, failures.account_of_person(session.person_id))


def _proof(
    session: LiveSession, attempt: Attempt, amr: tuple[str, ...], typed: str, use: Callable[[Connection], object]
) -> Callable[[Connection], Secret]:
    """Use the code up and raise the session, both or neither."""
    cookie = cookie_after(typed)

    def prove(connection: Connection) -> Secret:
        use(connection)
        failures.forgive(connection, attempt.kind, attempt.account)
        audit.record(
            connection, audit.Event.SECOND_FACTOR_VERIFIED, actor=f"person:{session.person_id}", person_id=session.person_id, amr=amr[1]
        )
        return browser_sessions.raise_assurance(connection, session.session_id, acr=assurance.AAL2, amr=amr, value=cookie)

    return prove


def _use(connection: Connection, session: LiveSession, code_id: uuid.UUID) -> None:
    recovery_codes.use(connection, code_id)
    audit.record(connection, audit.Event.RECOVERY_CODE_USED, actor=f"person:{session.person_id}", person_id=session.person_id)


def _refuse_code(template: str, visit: Visit, attempt: Attempt, typed: str, message: str) -> Response:
    if cookie := find_sent_twice(typed):
        in_transaction(lambda c: failures.uncount(c, attempt))
        return go_on_as(visit, cookie)
    in_transaction(lambda c: _record_refusal(c, require_session(visit).person_id, attempt, template.removesuffix(".html")))
    return _refuse(template, visit, message)


def _record_refusal(connection: Connection, person_id: uuid.UUID, attempt: Attempt, factor: str) -> None:
    actor = f"person:{person_id}"
    audit.record(connection, audit.Event.SECOND_FACTOR_REFUSED, actor=actor, person_id=person_id, factor=factor)
    if attempt.blocked_until is not None:
        audit.record(
            connection, audit.Event.ACCOUNT_THROTTLED, actor=actor, person_id=person_id, kind=attempt.kind.name, failures=attempt.failures
        )


def _refuse(template: str, visit: Visit, message: str, status: int = 400) -> Response:
    return make_response(page(template, visit, errors={"code": message}), status)
