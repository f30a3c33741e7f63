"""GET and POST /authorize (OpenID Connect Core §3.1.2): parse, validate, interact, respond.

With a live session that is enough, the answer costs one read and no write. Otherwise the request travels, sealed, through the
sign-in pages and comes back to /authorize/resume, where everything is looked at again before a code is given.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from idp import clock
from idp.database import new_id, reader
from idp.errors import Refusal
from idp.oidc import authorizations
from idp.oidc.authorization_code import GrantedCode, seal_code
from idp.oidc.authorization_request import AuthorizationRequest, RequestRefused, read_request
from idp.oidc.authorization_response import respond
from idp.oidc.demands import Demand, demand_after_sign_in, demand_of, for_person, is_met
from idp.oidc.parameters import LARGEST_QUERY, MalformedRequest, form_parameters, query_parameters
from idp.sessions.browser_sessions import LiveSession, cookie_value, current
from idp.sessions.sign_in_request import FlowExpired, FlowUnusable, SignInRequest, begin, begin_again, open_flow
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.language import COOKIE, LANGUAGES, set_language_cookie
from idp.web.viewer import anyone

blueprint = Blueprint("authorize", __name__)
csrf_exempt(blueprint, answers_pages=True)
_log = structlog.get_logger()


@blueprint.get("/authorize")
@anyone
def authorize() -> AnyResponse:
    """An authorization request in the query string."""
    return _answer(_read(query_parameters))


@blueprint.post("/authorize")
@anyone
def authorize_posted() -> AnyResponse:
    """An authorization request in a form. Browsers keep our cookie back when another site posts, so without it the request is
    asked for again by GET, which brings the cookie along."""
    parameters = _read(lambda: form_parameters(LARGEST_QUERY))
    if cookie_value() is None:
        response = Response(status=303)
        response.headers["Location"] = "/authorize?" + urlencode(parameters)
        return response
    return _answer(parameters)


@blueprint.get("/authorize/resume")
@anyone
def resume() -> AnyResponse:
    """Back from signing in: the same request, with the session as it is now."""
    try:
        flow = open_flow(request.args.get("flow", ""))
    except FlowExpired as expired:
        return begin_again(expired.request)
    parameters, authorization_id = _parameters_of(flow), uuid.UUID(flow.payload["authorization"])
    if authorizations.exists(reader(), authorization_id):
        return _answer(parameters)  # this sign-in was used already; going back to it asks anew
    return _answer(parameters, flow, authorization_id)


@blueprint.get("/authorize/cancel")
@anyone
def cancel() -> AnyResponse:
    """The person does not want to sign in: the client is told so."""
    try:
        flow = open_flow(request.args.get("flow", ""))
    except FlowExpired as expired:
        flow = expired.request
    parameters = _parameters_of(flow)
    try:
        refused = RequestRefused(read_request(parameters).to, "access_denied", "the person cancelled")
    except RequestRefused as found:
        refused = found
    return _refuse(refused)


def _parameters_of(flow: SignInRequest) -> dict[str, str]:
    """The authorization request that a sign-in is for. Raises FlowUnusable for one begun by a page of ours: a flow is good in one
    browser, and somebody there may carry it from one address to another."""
    if "parameters" not in flow.payload:
        raise FlowUnusable(_("Đường dẫn đăng nhập không dùng được. Mở lại ứng dụng cần vào để bắt đầu đăng nhập mới."))
    parameters: dict[str, str] = flow.payload["parameters"]
    return parameters


def _read(parameters: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return parameters()
    except MalformedRequest as malformed:
        _log.info("authorization.malformed", why=str(malformed))
        message = _("Yêu cầu đăng nhập mà ứng dụng gửi đến không đọc được. Mở lại ứng dụng; nếu vẫn lỗi, báo cho bộ phận quản lý ứng dụng.")
        raise Refusal(message, reason="malformed_request") from None


def _answer(parameters: dict[str, str], flow: SignInRequest | None = None, authorization_id: uuid.UUID | None = None) -> AnyResponse:
    try:
        asked = read_request(parameters)
        live = current()
        demand = for_person(demand_after_sign_in(asked, flow.not_before) if flow else demand_of(asked), live)
        if not is_met(demand, live):
            return _ask_to_sign_in(asked, demand, flow)
        assert live is not None
        return _grant(asked, live, authorization_id or new_id())
    except RequestRefused as refused:
        return _refuse(refused)


def _ask_to_sign_in(asked: AuthorizationRequest, demand: Demand, flow: SignInRequest | None) -> AnyResponse:
    if "none" in asked.prompt:
        raise RequestRefused(asked.to, "login_required", "the person must sign in")
    wanted = SignInRequest(
        return_to="/authorize/resume",
        cancel_to="/authorize/cancel",
        client_name=asked.client.client_name,
        minimum_acr=demand.minimum_acr,
        not_before=demand.not_before,
        login_hint=asked.login_hint,
        select_account=demand.select_account,
        leads_to=asked.to.redirect_uri,
        payload={"parameters": asked.parameters, "authorization": flow.payload["authorization"] if flow else new_id().hex},
        started_at=flow.started_at if flow else clock.now(),
    )
    response = begin(wanted)
    language = next((tag.partition("-")[0] for tag in asked.ui_locales if tag.partition("-")[0] in LANGUAGES), None)
    if language and COOKIE not in request.cookies and isinstance(response, Response):
        set_language_cookie(response, language)
    return response


def _grant(asked: AuthorizationRequest, live: LiveSession, authorization_id: uuid.UUID) -> AnyResponse:
    if asked.hinted_subject not in (None, live.subject):
        raise RequestRefused(asked.to, "login_required", "somebody else is signed in")
    granted = GrantedCode(
        authorization_id=authorization_id,
        client=asked.client.key,
        person_id=live.person_id,
        subject=live.subject,
        session_id=live.session_id,
        redirect_uri=asked.to.redirect_uri,
        scope=asked.scope,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        acr=live.acr,
        amr=live.amr,
        auth_time=live.auth_time,
        expires_at=clock.now() + timedelta(seconds=current_settings().authorization_code_seconds),
        requested_claims=asked.claims.kept(),
    )
    to = asked.to
    return respond(to.redirect_uri, to.response_mode, to.state, code=seal_code(granted))


def _refuse(refused: RequestRefused) -> AnyResponse:
    to = refused.destination
    _log.info("authorization.refused", client_id=to.client.client_id, error=refused.error, why=refused.description)
    return respond(to.redirect_uri, to.response_mode, to.state, error=refused.error, error_description=refused.description)
