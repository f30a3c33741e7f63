"""GET and POST /userinfo (OpenID Connect Core §5.3): what the scopes of an access token tell of its person; one read."""

import json
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import bindparam, select

from clients.models import Client
from idp import clock
from idp.database import reader, table_of
from idp.oidc.access_token import AccessToken, AccessTokenUnreadable, open_access_token
from idp.oidc.authorizations import is_live
from idp.oidc.claims import claims_of
from idp.oidc.models import Authorization
from idp.oidc.parameters import MalformedRequest, form_parameters
from idp.oidc.token_response import PERSON_COLUMNS
from idp.people.models import Person, Unit
from idp.sessions.models import BrowserSession
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

blueprint = Blueprint("userinfo", __name__)
csrf_exempt(blueprint)
CORS = {"Access-Control-Allow-Origin": "*"}  # the token is the only credential; no cookie is looked at
_a, _p, _u, _s, _c = table_of(Authorization), table_of(Person), table_of(Unit), table_of(BrowserSession), table_of(Client)
_told = (
    select(*PERSON_COLUMNS, _a.c.requested_claims)
    .select_from(
        _a.join(_p, _p.c.id == _a.c.person_id)
        .join(_c, _c.c.id == _a.c.client_id)
        .outerjoin(_u, _u.c.id == _p.c.unit_id)
        .outerjoin(_s, _s.c.id == _a.c.session_id)
    )
    .where(_a.c.id == bindparam("authorization_id"), is_live)
)


class BearerRefused(Exception):
    """No usable access token (RFC 6750 §3.1). Without `error` the request carried none at all."""

    def __init__(self, error: str | None, description: str = "", status: int = 401) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


@blueprint.route("/userinfo", methods=["GET", "POST"], provide_automatic_options=False)
@anyone
def userinfo() -> Response:
    """Claims about the person of this access token."""
    try:
        token = _require_token(_bearer_token())
        row = _require_person(token)
    except BearerRefused as refused:
        return _answer_refused(refused)
    extra = (row.requested_claims or {}).get("userinfo", ())
    told: dict[str, Any] = {"sub": row.subject, **claims_of(row, token.scope, extra)}
    headers = {"Cache-Control": "no-store", **CORS}
    return Response(json.dumps(told, ensure_ascii=False), content_type="application/json", headers=headers)


@blueprint.route("/userinfo", methods=["OPTIONS"], provide_automatic_options=False)
@anyone
def preflight() -> Response:
    """A browser asks whether a script may send the Authorization header here: it may."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization",
        "Access-Control-Max-Age": "3600",
    }
    return Response(status=204, headers={**allowed, **CORS})


def _bearer_token() -> str:
    """The access token: in the header (RFC 6750 §2.1) or in a form (§2.2); never in the URL, which is logged everywhere."""
    header = request.headers.get("Authorization")
    in_form = _form().get("access_token") if request.method == "POST" and request.content_length else None
    if header is None:
        if in_form is None:
            raise BearerRefused(None)
        return in_form
    if in_form is not None:
        raise BearerRefused("invalid_request", "the token is sent twice", 400)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise BearerRefused(None)
    return token.strip()


def _form() -> dict[str, str]:
    try:
        return form_parameters()
    except MalformedRequest as malformed:
        raise BearerRefused("invalid_request", str(malformed), 400) from None


def _require_token(written: str) -> AccessToken:
    try:
        token = open_access_token(written)
    except AccessTokenUnreadable:
        raise _invalid() from None
    if token.expires_at <= clock.now():
        raise _invalid()
    if "openid" not in token.scope.split():
        raise BearerRefused("insufficient_scope", "the scope openid is needed", 403)
    return token


def _require_person(token: AccessToken) -> Any:
    row = reader().execute(_told, {"authorization_id": token.authorization_id, "now": clock.now()}).first()
    if row is None:
        raise _invalid()
    return row


def _invalid() -> BearerRefused:
    return BearerRefused("invalid_token", "the access token is unknown, expired or revoked")


def _answer_refused(refused: BearerRefused) -> Response:
    challenge = 'Bearer realm="userinfo"'
    if refused.error is not None:
        challenge += f', error="{refused.error}", error_description="{refused.description}"'
    headers = {"WWW-Authenticate": challenge, "Cache-Control": "no-store", "Access-Control-Expose-Headers": "WWW-Authenticate", **CORS}
    return Response(status=refused.status, headers=headers)
