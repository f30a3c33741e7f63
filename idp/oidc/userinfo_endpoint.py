"""GET and POST /userinfo (OpenID Connect Core §5.3): what the scopes of an access token tell of its person; one read."""

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import bindparam, select

from clients import sights
from clients.check_models import SightKind
from clients.models import Client
from clients.registry import RegisteredClient, find_client
from idp import clock
from idp.database import reader, table_of
from idp.entry import row_may_enter
from idp.oidc import bearer, dpop
from idp.oidc.access_token import AccessToken
from idp.oidc.authorizations import is_live
from idp.oidc.bearer import CORS
from idp.oidc.claims import allowed_claims, claims_of, with_roles
from idp.oidc.encryption import NoEncryptionKey
from idp.oidc.models import Authorization
from idp.oidc.subjects import subject_for
from idp.oidc.token_response import PERSON_COLUMNS
from idp.oidc.userinfo_response import told_to
from idp.people.models import Person, Unit
from idp.prepared import first
from idp.sessions import assurance
from idp.sessions.models import BrowserSession
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

PATH = "/userinfo"
blueprint = Blueprint("userinfo", __name__)
csrf_exempt(blueprint)
_a, _p, _u, _s, _c = table_of(Authorization), table_of(Person), table_of(Unit), table_of(BrowserSession), table_of(Client)
_told = (
    select(*PERSON_COLUMNS, _a.c.requested_claims, _a.c.acr, _c.c.client_id.label("client"))
    .select_from(
        _a.join(_p, _p.c.id == _a.c.person_id)
        .join(_c, _c.c.id == _a.c.client_id)
        .outerjoin(_u, _u.c.id == _p.c.unit_id)
        .outerjoin(_s, _s.c.id == _a.c.session_id)
    )
    .where(_a.c.id == bindparam("authorization_id"), is_live)
)


@blueprint.route(PATH, methods=["GET", "POST"], provide_automatic_options=False)
@anyone
def userinfo() -> Response:
    """Claims about the person of this access token."""
    try:
        token = bearer.require_access_token("openid")
        row = _require_person(token)
        client = _require_client(row.client)
        if not assurance.is_enough(row.acr, client.minimum_acr):
            raise bearer.stronger_authentication_needed(client.minimum_acr)  # what is asked of its people has been raised since
        if not row_may_enter(row, client):
            raise bearer.invalid()
        extra = allowed_claims((row.requested_claims or {}).get("userinfo", ()), client.scopes)
        told = {"sub": subject_for(client, row.subject), **with_roles(claims_of(row, token.scope, extra), row, client)}
        if client.watch is not None:
            sights.seen(client, SightKind.USERINFO_TOLD, row.of_person, claims=sorted(told))
        headers = {"Cache-Control": "no-store", **CORS, **dpop.nonce_headers()}
        return told_to(client, told, headers)
    except bearer.BearerRefused as refused:
        return bearer.answer_refused(refused, PATH)
    except NoEncryptionKey as missing:
        return bearer.answer_refused(bearer.BearerRefused("invalid_request", missing.description, 400), PATH)


@blueprint.route(PATH, methods=["OPTIONS"], provide_automatic_options=False)
@anyone
def preflight() -> Response:
    """A browser asks whether a script may send the Authorization header here: it may."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization, DPoP",
        "Access-Control-Max-Age": "3600",
    }
    return Response(status=204, headers={**allowed, **CORS})


def _require_person(token: AccessToken) -> Any:
    row = first(reader(), _told, {"authorization_id": token.authorization_id, "now": clock.now()})
    if row is None:
        raise bearer.invalid()
    return row


def _require_client(client_id: str) -> RegisteredClient:
    client = find_client(client_id)
    if client is None:  # disabled this very moment
        raise bearer.invalid()
    return client
