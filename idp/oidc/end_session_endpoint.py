"""GET and POST /end_session: RP-Initiated Logout 1.0. With an ID token of this very session at once, else after a question."""

import json
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from clients.failure_models import FailureKind
from clients.registry import RegisteredClient, find_client
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.oidc import failure_notes, frontchannel_logout
from idp.oidc.backchannel_logout import clients_of_session
from idp.oidc.id_token import Hint, HintUnusable, read_hint
from idp.oidc.parameters import LARGEST_QUERY, MalformedRequest, form_parameters, query_parameters
from idp.oidc.subjects import session_for
from idp.sealing import SealBroken, current_keys
from idp.sessions.browser_sessions import clear_cookie, cookie_value, end, find_in_browser
from idp.web.csrf import csrf_exempt, forged_form, require_csrf_token
from idp.web.headers import forms_may_lead_to, set_policy
from idp.web.viewer import anyone

CONTEXT = "end session"
WHY = {
    FailureKind.LOGOUT_ADDRESS: "post_logout_redirect_uri is not registered",
    FailureKind.LOGOUT_HINT: "id_token_hint is missing, or no ID token of this provider for this client",
}
blueprint = Blueprint("end_session", __name__)
csrf_exempt(blueprint, answers_pages=True)  # other sites send people here; the question itself carries a token


@dataclass(frozen=True)
class WayOut:
    """Where somebody wants to land after signing out. `redirect_uri` is one of the client's own, or None: our own page.
    `is_sure`: the request shows that the person wants it, and everything in it fits. `flaw`: why nothing will lead back, and
    `fault` what of."""

    redirect_uri: str | None
    state: str | None
    is_sure: bool
    hinted_session: str | None
    flaw: str | None = None
    client: RegisteredClient | None = None
    fault: FailureKind | None = None

    def is_of(self, session_id: uuid.UUID) -> bool:
        """Whether this is the session that the hint names, as the client knows it."""
        return self.client is not None and self.hinted_session == session_for(self.client, session_id)

    def target(self) -> str | None:
        """The URL to go to, with `state` (§3)."""
        if self.redirect_uri is None or self.state is None:
            return self.redirect_uri
        return self.redirect_uri + ("&" if "?" in self.redirect_uri else "?") + urlencode({"state": self.state})


@blueprint.get("/end_session")
@anyone
def end_session() -> AnyResponse:
    """A request in the query string."""
    try:
        return _answer(query_parameters())
    except MalformedRequest:
        raise _malformed() from None


@blueprint.post("/end_session")
@anyone
def end_session_posted() -> AnyResponse:
    """A request in a form; without our cookie, which browsers keep back then, it is asked for again by GET."""
    try:
        parameters = form_parameters(LARGEST_QUERY)
    except MalformedRequest:
        raise _malformed() from None
    if cookie_value() is None:
        return redirect("/end_session?" + urlencode(parameters), 303)
    return _answer(parameters)


@blueprint.post("/end_session/confirm")
@anyone
def confirm() -> AnyResponse:
    """The person answered the question: yes."""
    require_csrf_token()
    try:
        target = json.loads(current_keys().open_text(request.form.get("way_out", ""), CONTEXT))
    except SealBroken:
        raise forged_form() from None
    return _sign_out(target)


@blueprint.get(frontchannel_logout.PAGE)
@anyone
def done() -> AnyResponse:
    """A session was ended on a page of ours: its applications are visited from here."""
    try:
        session_id = frontchannel_logout.session_of(request.args.get("session", ""))
    except SealBroken:
        return _page(None, None, [])
    return _gone(None, session_id)


def _answer(parameters: dict[str, str]) -> AnyResponse:
    way_out = _read(parameters)
    if way_out.fault is not None:
        failure_notes.note("end_session", "invalid_request", WHY[way_out.fault], way_out.client, way_out.fault)
    found = find_in_browser(reader()) if cookie_value() else None
    if found is None:
        # Nobody is signed in here any more: nothing to ask. Only a request that is sure may lead away from our own page.
        return _gone(way_out.target() if way_out.is_sure else None, flaw=way_out.flaw)
    session_id, _person_id = found
    if way_out.is_sure and way_out.is_of(session_id):
        return _sign_out(way_out.target())
    return _ask(way_out, session_id)


def _read(parameters: dict[str, str]) -> WayOut:
    """Understand the request. What does not fit together (§2, §6) leads nowhere but to our own question."""
    hint, is_broken = _hint(parameters)
    named = parameters.get("client_id") or (hint.client_id if hint else None)
    client = find_client(named) if named else None
    if is_broken or (hint and client and hint.client_id != client.client_id):
        return WayOut(None, None, is_sure=False, hinted_session=None, flaw=_wrong_hint(), client=client, fault=FailureKind.LOGOUT_HINT)
    wanted = parameters.get("post_logout_redirect_uri")
    redirect_uri = _registered(client, wanted)
    is_sure = hint is not None and client is not None and redirect_uri == wanted
    flaw = None if redirect_uri == wanted else _unregistered() if client else _missing_hint()
    fault = None if flaw is None else FailureKind.LOGOUT_ADDRESS if client else FailureKind.LOGOUT_HINT
    return WayOut(redirect_uri, parameters.get("state"), is_sure, hint.session_id if hint else None, flaw, client, fault)


def _hint(parameters: dict[str, str]) -> tuple[Hint | None, bool]:
    if "id_token_hint" not in parameters:
        return None, False
    try:
        return read_hint(parameters["id_token_hint"]), False
    except HintUnusable:
        return None, True


def _registered(client: RegisteredClient | None, wanted: str | None) -> str | None:
    return wanted if client is not None and wanted in client.post_logout_redirect_uris else None


def _ask(way_out: WayOut, session_id: uuid.UUID) -> AnyResponse:
    target = way_out.target()
    if target is not None:
        forms_may_lead_to(target)
    sealed = current_keys().seal_text(json.dumps(target).encode(), CONTEXT)
    return make_response(
        render_template("oidc/confirm_sign_out.html", way_out=sealed, clients=clients_of_session(session_id), flaw=way_out.flaw)
    )


def _sign_out(target: str | None) -> AnyResponse:
    def end_it(connection: Connection) -> uuid.UUID | None:
        found = find_in_browser(connection)
        if found is None:
            return None
        session_id, person_id = found
        end(connection, session_id, reason="signed_out", actor=f"person:{person_id}")
        return session_id

    session_id = in_transaction(end_it)
    return _gone(target, session_id)


def _gone(target: str | None, session_id: uuid.UUID | None = None, flaw: str | None = None) -> AnyResponse:
    """Where the person lands. Applications that want to be told in the browser are loaded by our own page, which then leads on."""
    frames = frontchannel_logout.addresses(session_id) if session_id else []
    target = frontchannel_logout.way_on(session_id, target) if session_id else target
    response: Response | AnyResponse = (
        redirect(target, 303) if target is not None and not frames else _page(target, session_id, frames, flaw)
    )
    clear_cookie(response)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(target: str | None, session_id: uuid.UUID | None, frames: list[str], flaw: str | None = None) -> Response:
    if frames:
        set_policy(frame_src=frontchannel_logout.origins_of(frames))
    clients = clients_of_session(session_id) if session_id else ()
    return make_response(render_template("oidc/signed_out.html", clients=clients, frames=frames, target=target, flaw=flaw))


def _wrong_hint() -> str:
    return _("Yêu cầu đăng xuất kèm id_token_hint không đúng nên sẽ không trở về ứng dụng. Báo cho bộ phận quản lý ứng dụng đó.")


def _missing_hint() -> str:
    return _("Yêu cầu đăng xuất thiếu id_token_hint nên sẽ không trở về ứng dụng. Báo cho bộ phận quản lý ứng dụng đó.")


def _unregistered() -> str:
    return _(
        "Ứng dụng yêu cầu trở về một địa chỉ (post_logout_redirect_uri) chưa đăng ký nên sẽ không trở về. "
        "Báo cho bộ phận quản lý ứng dụng đó."
    )


def _malformed() -> Refusal:
    failure_notes.note("end_session", "malformed_request")
    return Refusal(_("Yêu cầu đăng xuất không đọc được. Mở lại trang từ đầu."), reason="malformed_request")
