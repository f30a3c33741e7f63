"""/device: a person types the code that a device shows, sees what would be let in, and answers (RFC 8628 §3.3)."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from clients.failure_models import FailureKind
from clients.registry import RegisteredClient, find_by_key
from idp import audit, clock
from idp.credentials import failures
from idp.database import in_transaction, reader
from idp.errors import Forbidden, Refusal
from idp.oidc import consents, device_authorizations, failure_notes
from idp.oidc.demands import Demand, for_person, is_met
from idp.oidc.device_codes import LONGEST_TYPED, read_user_code
from idp.oidc.entering import session_may_enter
from idp.oidc.entry_pages import page_of_refusal
from idp.oidc.scope_words import words_of
from idp.sealing import SealBroken, current_keys
from idp.sessions.browser_sessions import LiveSession, current
from idp.sessions.sign_in_request import SignInRequest, begin
from idp.web.viewer import signed_in

CONTEXT = "device"
blueprint = Blueprint("device", __name__)


@blueprint.get("/device")
@signed_in
def enter_code() -> str:
    """Where the code is typed; `verification_uri_complete` brings it along, and the person compares it."""
    return _form(request.args.get("user_code", "")[:LONGEST_TYPED])


@blueprint.post("/device")
@signed_in
def code_entered() -> AnyResponse | tuple[str, int]:
    """A code was typed: right, it leads to the question; wrong, it is counted."""
    live, typed = _require_live(), request.form.get("user_code", "")
    try:
        user_code = _require_waiting(live.person_id, typed)
    except failures.Throttled as throttled:
        return _form(typed, _throttled(throttled.until)), 429
    if user_code is None:
        return _form(typed, _("Mã không đúng hoặc đã hết hạn. Xem lại mã đang hiện trên thiết bị.")), 400
    return redirect(f"/device/answer?request={_seal(user_code, live.person_id)}", 303)


@blueprint.get("/device/answer")
@signed_in
def question() -> str | AnyResponse:
    """Which application asks, for what, and whether the person began it."""
    live = _require_live()
    user_code, waiting, client = _open(live.person_id)
    demand = _demand(client, live)
    if not is_met(demand, live):
        here = request.full_path.removesuffix("?")
        return begin(
            SignInRequest(
                return_to=here,
                cancel_to="/device",
                client_name=client.client_name,
                minimum_acr=demand.minimum_acr,
                not_before=demand.not_before,
            )
        )
    if not session_may_enter(live, client):
        return page_of_refusal(client, live)
    return render_template(
        "oidc/device_question.html",
        client=client,
        session=live,
        known=words_of(device_authorizations.asked_by(waiting), client),
        user_code=user_code,
        waiting=waiting,
        request_value=request.args.get("request", ""),
    )


@blueprint.post("/device/answer")
@signed_in
def answered() -> str | AnyResponse:
    """The person has answered."""
    live = _require_live()
    _code, waiting, client = _open(live.person_id)
    if request.form.get("cancel"):
        done = in_transaction(lambda connection: device_authorizations.deny(connection, waiting, live.person_id))
    elif not is_met(_demand(client, live), live):
        return redirect(request.full_path, 303)
    elif not session_may_enter(live, client):
        return page_of_refusal(client, live)
    else:
        done = in_transaction(lambda connection: _approve(connection, waiting, client, live))
    if not done:
        raise _over()
    return render_template("oidc/device_done.html", client=client, denied=bool(request.form.get("cancel")))


def _demand(client: RegisteredClient, live: LiveSession) -> Demand:
    age = client.metadata.longest_auth_age_seconds
    not_before = None if age is None else clock.now() - timedelta(seconds=age)
    return for_person(Demand(client.minimum_acr, not_before, select_account=False), live)


def _approve(connection: Connection, waiting: Any, client: RegisteredClient, live: LiveSession) -> bool:
    done = device_authorizations.approve(connection, waiting, live)
    if done and client.metadata.require_consent:
        consents.give(connection, live.person_id, client, device_authorizations.asked_by(waiting))
    return done


def _form(typed: str, error: str | None = None) -> str:
    errors = {"user_code": error} if error else {}
    return render_template(
        "oidc/device_code.html", user_code=read_user_code(typed) or typed[:LONGEST_TYPED], errors=errors, session=current()
    )


def _require_live() -> LiveSession:
    live = current()
    if live is None:
        raise Forbidden("", reason="not_signed_in")
    return live


def _require_waiting(person_id: uuid.UUID, typed: str) -> str | None:
    """The code as it is shown, when a device waits with it. Each try is counted before it is looked at, for the person and for
    the address, and a right one is taken back. Raises Throttled."""
    of_person, of_address = failures.account_of_person(person_id), failures.account_of_address()

    def count(connection: Connection) -> failures.Attempt:
        failures.count_attempt(connection, failures.DEVICE_CODE, of_person)
        return failures.count_attempt(connection, failures.DEVICE_CODE_ADDRESS, of_address)

    attempt = in_transaction(count)

    def look(connection: Connection) -> str | None:
        user_code = read_user_code(typed)
        if user_code is None or device_authorizations.find_waiting(connection, user_code) is None:
            audit.record(connection, audit.Event.DEVICE_CODE_REFUSED, actor=f"person:{person_id}", person_id=person_id)
            return None
        failures.forgive(connection, failures.DEVICE_CODE, of_person)
        failures.uncount(connection, attempt)
        return user_code

    return in_transaction(look)


def _throttled(until: datetime | None) -> str:
    minutes = 1 if until is None else max(1, -int((clock.now() - until).total_seconds() // 60))
    return _("Đã nhập sai quá nhiều lần. Nhập lại sau %(minutes)s phút.", minutes=minutes)


def _seal(user_code: str, person_id: uuid.UUID) -> str:
    return current_keys().seal_text(json.dumps([user_code, person_id.hex]).encode(), CONTEXT)


def _open(person_id: uuid.UUID) -> tuple[str, Any, RegisteredClient]:
    """The code, the device that waits with it, and its client. Raises Refusal when it is over, or was typed by somebody else."""
    try:
        user_code, typed_by = json.loads(current_keys().open_text(request.args.get("request", ""), CONTEXT))
    except SealBroken:
        raise _over() from None
    waiting = device_authorizations.find_waiting(reader(), user_code) if typed_by == person_id.hex else None
    client = find_by_key(waiting.client_id) if waiting is not None else None
    if client is None or not client.is_enabled:
        raise _over()
    return user_code, waiting, client


def _over() -> Refusal:
    failure_notes.note(
        "device", "device_code_over", "the device code was answered, has expired, or was typed by somebody else", kind=FailureKind.LINK_OVER
    )
    return Refusal(_("Mã này đã được trả lời hoặc đã hết hạn. Bắt đầu lại trên thiết bị."), reason="device_code_over")
