"""POST /introspect (RFC 7662): what a token is worth, told to the client that holds it and to the one that serves its resource; as
JSON, or as a JWT for whom a proof is worth more than an answer (RFC 9701)."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Blueprint, Response

from clients.registry import RegisteredClient, find_even_disabled
from clients.resources import find_resource
from idp import clock
from idp.at_hand import this_request
from idp.database import reader
from idp.entry import may_enter
from idp.oidc import client_answers, live_tokens, refresh_chains, signing_keys
from idp.oidc.access_token import AccessToken, AccessTokenUnreadable, open_access_token
from idp.oidc.client_authentication import authenticate_client, refused
from idp.oidc.confirmation import token_type
from idp.oidc.encryption import encrypt
from idp.oidc.refresh_token import RefreshTokenUnreadable
from idp.oidc.subjects import subject_for
from idp.settings import current_settings
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

SIGNED = "application/token-introspection+jwt"
INACTIVE: dict[str, Any] = {"active": False}  # why is nobody's business (RFC 7662 §2.2)
blueprint = Blueprint("introspection", __name__)
csrf_exempt(blueprint)


@blueprint.post("/introspect")
@anyone
def introspect() -> Response:
    """What this token is worth now, for the client that asks."""
    client = None
    try:
        form = client_answers.require_form()
        client = authenticate_client(form)
        if client.is_public:
            raise refused()  # else anybody could try out what he finds (RFC 7662 §4)
        if "token" not in form:
            raise InvalidRequestError(description="token is required")
        return _answer(_facts(client, form["token"]), client)
    except OAuth2Error as error:
        return client_answers.refused(error, client, "introspect")


def _answer(facts: dict[str, Any], client: RegisteredClient) -> Response:
    if SIGNED not in this_request().headers.get("Accept", ""):
        return client_answers.told(facts, client)
    wanted = client.metadata
    claims = {"iss": current_settings().issuer, "aud": client.client_id, "iat": int(clock.now().timestamp()), "token_introspection": facts}
    body = signing_keys.sign(wanted.introspection_signed_response_alg or "RS256", "token-introspection+jwt", claims)
    if wanted.introspection_encrypted_response_alg is not None:
        body = encrypt(client, body, wanted.introspection_encrypted_response_alg, wanted.introspection_encrypted_response_enc, cty="JWT")
    return Response(body, content_type=SIGNED, headers=client_answers.NOT_KEPT)


def _facts(caller: RegisteredClient, written: str) -> dict[str, Any]:
    try:
        token = open_access_token(written)
    except AccessTokenUnreadable:
        return _facts_of_refresh_token(caller, written)
    found = live_tokens.find_told(reader(), token)
    if found is None or not (found.client_id == caller.key or _serves(caller, token)):
        return INACTIVE
    if not _may_enter(found, caller):
        return INACTIVE
    told = _about(found, caller) | {
        "token_type": token_type(token.confirmation),
        "exp": int(token.expires_at.timestamp()),
        "aud": list(token.audience) or current_settings().issuer,
    }
    more = {"scope": token.scope, "cnf": token.confirmation, "act": token.act}
    return told | {name: value for name, value in more.items() if value}


def _facts_of_refresh_token(caller: RegisteredClient, written: str) -> dict[str, Any]:
    try:
        token = refresh_chains.require_token(reader(), written)
    except RefreshTokenUnreadable:
        return INACTIVE
    found = live_tokens.find_live_refresh_token(reader(), token, caller) if token.client == caller.key else None
    if found is None or not _may_enter(found, caller):
        return INACTIVE
    told = _about(found, caller) | {"exp": int(refresh_chains.ends_at(found, caller).timestamp()), "scope": found.scope}
    return told | ({"cnf": found.confirmation} if found.confirmation else {})


def _serves(caller: RegisteredClient, token: AccessToken) -> bool:
    resources = [found for name in token.audience if (found := find_resource(name)) is not None]
    return any(found.client_id == caller.client_id for found in resources)


def _may_enter(found: Any, caller: RegisteredClient) -> bool:
    """Whether the person of the token may still enter the application it was issued to; a client's own token is of nobody."""
    if found.person_id is None:
        return True
    holder = caller if caller.key == found.client_id else find_even_disabled(found.issued_to)
    return holder is not None and may_enter(reader(), found.person_id, holder)


def _about(found: Any, caller: RegisteredClient) -> dict[str, Any]:
    """Whose it is, and how that person proved who they are (RFC 9470 §6.2)."""
    told = {"active": True, "iss": current_settings().issuer, "client_id": found.issued_to}
    if found.person_id is None:
        return told | {"sub": found.issued_to}
    holder = caller if caller.key == found.client_id else find_even_disabled(found.issued_to)
    subject = found.subject if holder is None else subject_for(holder, found.subject)
    return told | {"sub": subject, "acr": found.acr, "amr": found.amr.split(), "auth_time": int(found.auth_time.timestamp())}
