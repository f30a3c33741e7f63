"""POST /token (RFC 6749 §3.2): authenticate the client, hand the request to its grant, which writes, and answer."""

from collections.abc import Callable
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnauthorizedClientError
from flask import Blueprint, Response

from clients import sights
from clients.check_models import SightKind
from clients.registry import RegisteredClient
from idp.at_hand import this_request
from idp.compact_jws import read
from idp.database import in_transaction
from idp.oidc import client_answers, dpop
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.confirmation import confirmation_of
from idp.oidc.grants.authorization_code import redeem_code
from idp.oidc.grants.client_credentials import act_for_itself
from idp.oidc.grants.device_code import GRANT_TYPE, ask_for_device
from idp.oidc.grants.refresh_token import refresh
from idp.oidc.grants.token_exchange import exchange
from idp.oidc.token_response import Issued, describe
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

# Of the client, its form, and the key that the tokens will be bound to. A refusal that is raised has written nothing.
Grant = Callable[[RegisteredClient, dict[str, str], dict[str, str] | None], Issued | OAuth2Error]
GRANTS: dict[str, Grant] = {
    "authorization_code": redeem_code,
    "refresh_token": refresh,
    "client_credentials": act_for_itself,
    GRANT_TYPE: ask_for_device,
    "urn:ietf:params:oauth:grant-type:token-exchange": exchange,
}
blueprint = Blueprint("token", __name__)
csrf_exempt(blueprint)


blueprint.add_url_rule("/token", "preflight", anyone(client_answers.preflight), methods=["OPTIONS"], provide_automatic_options=False)


@blueprint.route("/token", methods=["POST"], provide_automatic_options=False)
@anyone
def token() -> Response:
    """What a grant is for: an access token, and perhaps an ID token and the next refresh token."""
    client = None
    try:
        form = client_answers.require_form()
        client = authenticate_client(form)
        outcome = _granted(_grant(form, client), client, form)
        if isinstance(outcome, OAuth2Error):
            return client_answers.refused(outcome, client, "token")
        told = describe(outcome, client)
        if client.watch is not None:
            _note_for_check(client, form["grant_type"], outcome, told)
        return client_answers.told(told, client)
    except OAuth2Error as error:
        return client_answers.refused(error, client, "token")


def _note_for_check(client: RegisteredClient, grant_type: str, issued: Issued, told: dict[str, Any]) -> None:
    claims = sorted(read(told["id_token"], len(told["id_token"])).claims) if told.get("id_token", "").count(".") == 2 else []
    sights.seen(
        client, SightKind.TOKEN_GIVEN, issued.person_id, grant_type=grant_type, method=client.token_endpoint_auth_method,
        scope=told.get("scope", ""), id_token=claims, refresh_token="refresh_token" in told, token_type=told["token_type"],
    )  # fmt: skip


def _grant(form: dict[str, str], client: RegisteredClient) -> Grant:
    name = form.get("grant_type")
    if name is None:
        raise InvalidRequestError(description="grant_type is missing")
    if name not in GRANTS:
        raise OAuth2Error(error="unsupported_grant_type", description=f"grant_type is one of: {' '.join(GRANTS)}", status_code=400)
    if name not in client.metadata.grant_types:
        raise UnauthorizedClientError(description="the client is not registered for this grant_type")
    return GRANTS[name]


def _granted(grant: Grant, client: RegisteredClient, form: dict[str, str]) -> Issued | OAuth2Error:
    proof = dpop.read_proof("POST", this_request().path, algorithms=dpop.algorithms_for(client))
    confirmation = confirmation_of(client, proof)
    if proof is not None:
        in_transaction(lambda connection: dpop.spend(connection, proof))  # it was for this request, whatever comes of it
    return grant(client, form, confirmation)
