"""/sign-in/activate: the code of the slip that an officer has printed, before the first factor is enrolled."""

import uuid
from typing import Any

from flask import Blueprint, make_response, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp import audit
from idp.credentials import failures, officer_codes
from idp.credentials.failures import Attempt, Throttled
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader
from idp.login import messages
from idp.login.address_limits import limit_forms
from idp.login.resting import record_rest
from idp.login.steps import Step
from idp.login.visit import Visit, look_again, page, require_session, require_step, show_stale
from idp.sessions.browser_sessions import LiveSession
from idp.web.csrf import ForgedForm
from idp.web.viewer import anyone

blueprint = Blueprint("activation", __name__)
blueprint.before_request(limit_forms)
blueprint.register_error_handler(ForgedForm, show_stale)


@blueprint.get("/sign-in/activate")
@anyone
def ask_for_code() -> str:
    """Ask for the slip's code."""
    return _page(require_step(Step.ACTIVATE), {})


@blueprint.post("/sign-in/activate")
@anyone
def take_code() -> Response:
    """Count, check, and let this session, no other, enrol the first factor."""
    visit, typed = require_step(Step.ACTIVATE), request.form.get("code", "")
    session = require_session(visit)
    account = failures.account_of_person(session.person_id)
    try:
        attempt = in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, account))
    except Throttled as rest:
        return make_response(_page(visit, {"code": messages.throttled(rest.until)}), 429)
    try:
        code_id = officer_codes.match(reader(), session.person_id, officer_codes.ACTIVATION, typed)
        in_transaction(lambda c: _activate(c, session, code_id, attempt))
    except WrongCode:
        if officer_codes.is_activated(reader(), session.person_id, session.session_id):  # the same form, sent twice
            in_transaction(lambda c: failures.uncount(c, attempt))
            return look_again(visit)
        in_transaction(lambda c: _record_refusal(c, session, attempt))
        return make_response(_page(visit, {"code": messages.wrong_officer_code(attempt)}), 400)
    return look_again(visit)


def _activate(connection: Connection, session: LiveSession, code_id: uuid.UUID, attempt: Attempt) -> None:
    officer_codes.use(connection, code_id, session.session_id)
    failures.forgive(connection, attempt.kind, attempt.account)
    _record(connection, audit.Event.ACTIVATION_CODE_USED, session)


def _record_refusal(connection: Connection, session: LiveSession, attempt: Attempt) -> None:
    _record(connection, audit.Event.SECOND_FACTOR_REFUSED, session, factor=officer_codes.ACTIVATION)
    record_rest(connection, attempt, session.person_id, actor=f"person:{session.person_id}")


def _record(connection: Connection, event: audit.Event, session: LiveSession, **detail: Any) -> None:
    audit.record(connection, event, actor=f"person:{session.person_id}", person_id=session.person_id, **detail)


def _page(visit: Visit, errors: dict[str, str]) -> str:
    return page("activate.html", visit, errors=errors)
