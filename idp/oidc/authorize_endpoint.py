"""GET and POST /authorize (OpenID Connect Core §3.1.2), and the ways back to it from the pages in between."""

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, request
from flask_babel import gettext as _

from idp.database import reader
from idp.oidc import authorizations
from idp.oidc.arrival import arrive, arrive_again
from idp.oidc.authorization_answer import Page, answer, authorization_of, refuse, telling_the_client
from idp.oidc.authorization_request import read_request
from idp.oidc.destination import RequestRefused, unreadable
from idp.oidc.parameters import LARGEST_QUERY, MalformedRequest, form_parameters, query_parameters, written
from idp.sessions.browser_sessions import cookie_value
from idp.sessions.sign_in_request import FlowExpired, FlowUnusable, SignInRequest, begin_again, open_flow
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

blueprint = Blueprint("authorize", __name__)
csrf_exempt(blueprint, answers_pages=True)
_log = structlog.get_logger()


@blueprint.get("/authorize")
@anyone
@telling_the_client
def authorize() -> Page:
    """An authorization request in the query string."""
    return answer(arrive(_read(query_parameters)))


@blueprint.post("/authorize")
@anyone
@telling_the_client
def authorize_posted() -> Page:
    """An authorization request in a form. Browsers keep our cookie back when another site posts, so without it the request is
    asked for again by GET, which brings the cookie along."""
    parameters = _read(lambda: form_parameters(LARGEST_QUERY))
    if cookie_value() is None:
        query = written(parameters)
        if len(query) > LARGEST_QUERY:
            raise unreadable("malformed_request")
        response = Response(status=303)
        response.headers["Location"] = "/authorize?" + query
        return response
    return answer(arrive(parameters))


@blueprint.get("/authorize/resume")
@anyone
@telling_the_client
def resume() -> Page:
    """Back from signing in: the same request, with the session as it is now."""
    try:
        flow = open_flow(request.args.get("flow", ""))
    except FlowExpired as expired:
        return begin_again(expired.request)
    require_ours(flow)
    if authorizations.exists(reader(), authorization_of(flow)):
        return answer(arrive_again(flow.payload))  # this sign-in was used already; going back to it asks anew
    return answer(arrive_again(flow.payload), flow)


@blueprint.get("/authorize/cancel")
@anyone
@telling_the_client
def cancel() -> Page:
    """The person does not want to sign in, or may not enter: the client is told so."""
    try:
        flow = open_flow(request.args.get("flow", ""))
    except FlowExpired as expired:
        flow = expired.request
    require_ours(flow)
    return refuse(RequestRefused(read_request(arrive_again(flow.payload)).to, "access_denied", "the person cancelled or may not enter"))


def require_ours(flow: SignInRequest) -> None:
    """Raises FlowUnusable for a sign-in that a page of ours has begun: a flow is good in one browser, and somebody there may carry
    it from one address to another."""
    if "authorization" not in flow.payload:
        raise FlowUnusable(_("Đường dẫn đăng nhập không dùng được. Mở lại ứng dụng cần vào để bắt đầu đăng nhập mới."))


def _read(parameters: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return parameters()
    except MalformedRequest as malformed:
        _log.info("authorization.malformed", why=str(malformed))
        raise unreadable("malformed_request") from None
