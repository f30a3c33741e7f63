"""POST /revoke (RFC 7009): a client gives a token back, and with it what the person allowed: every token of that authorization is
dead within this request. What a client took for itself it gives back one by one."""

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Error
from flask import Blueprint, Response
from sqlalchemy import Connection

from clients.registry import RegisteredClient
from idp import audit
from idp.database import in_transaction
from idp.oidc import authorizations, client_answers, live_tokens, refresh_chains
from idp.oidc.access_token import AccessToken, AccessTokenUnreadable, open_access_token
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.refresh_token import RefreshToken, RefreshTokenUnreadable
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

blueprint = Blueprint("revocation", __name__)
csrf_exempt(blueprint)


@blueprint.post("/revoke")
@anyone
def revoke() -> Response:
    """End what this token is of. A token that is unknown is as dead as the client wants it (§2.2)."""
    client = None
    try:
        form = client_answers.require_form()
        client = authenticate_client(form)
        if "token" not in form:
            raise InvalidRequestError(description="token is required")
        asked, written = client, form["token"]
        in_transaction(lambda connection: _give_back(connection, asked, written))
    except OAuth2Error as error:
        return client_answers.refused(error, client, "revoke")
    return client_answers.readable_by_its_scripts(Response(status=200, headers=client_answers.NOT_KEPT), client)


def _give_back(connection: Connection, client: RegisteredClient, written: str) -> None:
    token = _read(connection, written)
    holder = live_tokens.find_holder(connection, token.authorization_id) if token is not None else None
    if holder is None:
        return
    if holder.client_id != client.key:
        raise InvalidGrantError(description="the token was issued to another client")
    actor = f"client:{client.client_id}"
    if not isinstance(token, AccessToken) or token.own_id is None:
        authorizations.revoke(connection, holder.id, reason="revoked_by_client", actor=actor)
    elif live_tokens.give_back(connection, token, token.own_id):
        audit.record(
            connection, audit.Event.CLIENT_TOKEN_REVOKED, actor=actor, client_id=client.key, authorization_id=str(holder.id),
            token_id=token.own_id.hex(),
        )  # fmt: skip


def _read(connection: Connection, written: str) -> AccessToken | RefreshToken | None:
    """What it says: whatever token_type_hint says, what it is can be seen (§2.1)."""
    try:
        return open_access_token(written)
    except AccessTokenUnreadable:
        pass
    try:
        return refresh_chains.require_token(connection, written)
    except RefreshTokenUnreadable:
        return None
