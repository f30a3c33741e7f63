"""POST /revoke (RFC 7009): a client gives a token back, and with it the whole authorization: every token that hangs on it is dead
within this request."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Error
from flask import Blueprint, Response
from sqlalchemy import Connection

from clients.registry import RegisteredClient
from idp.database import in_transaction
from idp.oidc import authorizations, client_answers, live_tokens
from idp.oidc.access_token import AccessTokenUnreadable, open_access_token
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.grants.client_credentials import forget
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
        forget(client)
    except OAuth2Error as error:
        return client_answers.refused(error, client, "revoke")
    return client_answers.readable_by_its_scripts(Response(status=200, headers=client_answers.NOT_KEPT), client)


def _give_back(connection: Connection, client: RegisteredClient, written: str) -> None:
    holder = _holder(connection, written)
    if holder is None:
        return
    if holder.client_id != client.key:
        raise InvalidGrantError(description="the token was issued to another client")
    authorizations.revoke(connection, holder.id, reason="revoked_by_client", actor=f"client:{client.client_id}")


def _holder(connection: Connection, written: str) -> Any:
    """Which authorization it is of: whatever token_type_hint says, what it is can be seen (§2.1)."""
    try:
        return live_tokens.find_holder(connection, open_access_token(written).authorization_id)
    except AccessTokenUnreadable:
        return live_tokens.find_holder_of_refresh_token(connection, written)
