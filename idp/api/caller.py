"""Who calls the API: the machine client of an access token of its own, with the roles that it holds. No cookie is looked at."""

from flask import Response, g, request
from flask_babel import gettext as _
from limits import RateLimitItemPerMinute

from clients.registry import find_by_key
from idp import clock
from idp.api.scopes import PATH, Scope, resource_identifier
from idp.database import reader
from idp.oidc import bearer, live_tokens
from idp.oidc.bearer import BearerRefused
from idp.roles.permissions import permissions_of
from idp.sessions.assurance import AAL2
from idp.web.address_limits import is_within
from idp.web.problems import problem
from idp.web.viewer import Viewer

REFUSED, RETRY_SECONDS = (RateLimitItemPerMinute(60),), 60  # requests without a usable token, from one address


def require_caller(scope: Scope | None) -> Viewer:
    """The client that the token of this request was issued to, as whoever looks at a page. Raises BearerRefused: for a token of a
    person, one that was exchanged, or one without `scope`."""
    token = bearer.require_access_token(scope, resource=resource_identifier())
    row = live_tokens.find_live(reader(), token)
    if row is None or row.person_id is not None or token.own_id is None or token.under or token.act:
        raise bearer.invalid()
    client = find_by_key(row.client_id)
    if client is None or not client.is_enabled:
        raise bearer.invalid()
    g.viewer = Viewer(
        person_id=client.key, session_id=row.id, subject=client.client_id, name=client.client_name, unit_name=None, acr=AAL2,
        auth_time=clock.now(), shared_pc=False, permissions=permissions_of(client.key), client_id=client.client_id,
    )  # fmt: skip
    return g.viewer  # type: ignore[no-any-return]


def answer_refused(refused: BearerRefused) -> Response:
    """How a token is refused: the challenge of RFC 6750 §3 beside the problem, for no other site to read. Whoever is refused again
    and again is asked to wait; requests with a good token are never counted."""
    if refused.status == 401 and not is_within("api_refused", REFUSED):
        response = problem(429, "too_many_refused", _("Quá nhiều yêu cầu không có mã truy cập hợp lệ từ địa chỉ này. Chờ một phút."))
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
    challenge = bearer.answer_refused(refused, PATH)
    response = problem(refused.status, refused.error or "token_needed", _words(refused))
    for name, value in challenge.headers:
        if name == "WWW-Authenticate" or name.startswith("DPoP"):
            response.headers.add(name, value)
    return response


def _words(refused: BearerRefused) -> str:
    if refused.error is None:
        return _("Gửi mã truy cập trong tiêu đề Authorization: Bearer …, lấy ở %(url)s.", url="/token")
    if refused.error == "insufficient_scope":
        return _("Mã truy cập không có phạm vi %(scope)s.", scope=refused.challenge.get("scope", ""))
    return _("Mã truy cập không dùng được ở đây: hết hạn, đã thu hồi, của một người, hoặc không dành cho %(path)s.", path=request.path)
