"""grant_type=client_credentials: a client acts for itself, not for a person (RFC 6749 §4.4)."""

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error, UnauthorizedClientError
from sqlalchemy import Connection

from clients.metadata import SCOPES
from clients.registry import RegisteredClient
from idp import audit
from idp.database import new_id
from idp.oidc import authorizations
from idp.oidc.client_limits import check_tokens
from idp.oidc.resource_indicators import read_resources, scopes_of
from idp.oidc.token_response import Issued, new_access_token


def act_for_itself(
    connection: Connection, client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None
) -> Issued | OAuth2Error:
    """An access token of the client itself: for the resources it asks for, else the one it is registered for. No refresh token
    (RFC 6749 §4.4.3), and nothing in it opens what is about people."""
    if client.is_public:
        raise UnauthorizedClientError(description="a public client cannot act for itself")
    check_tokens(client)
    audience = read_resources(client, form.get("resource"))
    if not audience and len(client.metadata.resources) == 1:
        audience = client.metadata.resources
    scope = _scope(client, form.get("scope"), audience)
    authorization_id = new_id()
    about = {"offline": True, "resource": list(audience) or None}
    authorizations.open_without_code(connection, authorization_id, client.key, scope, **about)
    audit.record(
        connection, audit.Event.CLIENT_AUTHORIZED, actor=f"client:{client.client_id}", client_id=client.key,
        authorization_id=str(authorization_id), scope=scope, resource=list(audience),
    )  # fmt: skip
    token = new_access_token(authorization_id, scope, audience=audience, confirmation=confirmation)
    return Issued(access_token=token, person_id=None, authentication=None)


def _scope(client: RegisteredClient, asked: str | None, audience: tuple[str, ...]) -> str:
    own = client.scopes - set(SCOPES)
    if asked is None:
        return " ".join(sorted(own & scopes_of(audience)))
    wanted = list(dict.fromkeys(asked.split()))
    if not own.issuperset(wanted):
        raise InvalidScopeError(description="the client may not have this scope for itself")
    return " ".join(wanted)
