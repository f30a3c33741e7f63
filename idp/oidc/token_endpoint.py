"""POST /token (RFC 6749 §3.2): authenticate the client, hand the request to its grant, answer; one transaction."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnsupportedGrantTypeError
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from clients.registry import RegisteredClient
from idp.database import in_transaction
from idp.oidc.client_authentication import authenticate_client
from idp.oidc.grants.authorization_code import redeem_code
from idp.oidc.grants.refresh_token import refresh
from idp.oidc.parameters import MalformedRequest, form_parameters
from idp.oidc.token_response import Issued, describe
from idp.web.csrf import csrf_exempt
from idp.web.viewer import anyone

Grant = Callable[[Connection, RegisteredClient, dict[str, str]], Issued | OAuth2Error]
GRANTS: dict[str, Grant] = {"authorization_code": redeem_code, "refresh_token": refresh}
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
blueprint = Blueprint("token", __name__)
csrf_exempt(blueprint)
_log = structlog.get_logger()


@blueprint.post("/token")
@anyone
def token() -> Response:
    """A code or a refresh token for an access token, an ID token and perhaps the next refresh token."""
    client = None
    try:
        form = _form()
        client = authenticate_client(form)
        outcome = _exchange(_grant(form), client, form)
    except OAuth2Error as error:
        return _answer_error(error, client)
    if isinstance(outcome, OAuth2Error):
        return _answer_error(outcome, client)
    response = Response(json.dumps(describe(outcome, client)), content_type="application/json", headers=NOT_KEPT)
    return _readable_by_its_scripts(response, client)


def _readable_by_its_scripts(response: Response, client: RegisteredClient | None) -> Response:
    """A public client is a program in the browser: pages of its own origins may read the answer, nobody else's."""
    origin = request.headers.get("Origin")
    if client is not None and client.is_public and origin is not None:
        own = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, client.redirect_uris)}
        response.headers["Vary"] = "Origin"
        if origin in own:
            response.headers["Access-Control-Allow-Origin"] = origin
    return response


def _exchange(grant: Grant, client: RegisteredClient, form: dict[str, str]) -> Issued | OAuth2Error:
    return in_transaction(lambda connection: grant(connection, client, form))


def _form() -> dict[str, str]:
    try:
        return form_parameters()
    except MalformedRequest as malformed:
        raise InvalidRequestError(description=str(malformed)) from None


def _grant(form: dict[str, str]) -> Grant:
    if "grant_type" not in form:
        raise InvalidRequestError(description="grant_type is missing")
    if form["grant_type"] not in GRANTS:
        raise UnsupportedGrantTypeError(form["grant_type"])
    return GRANTS[form["grant_type"]]


def _answer_error(error: OAuth2Error, client: RegisteredClient | None) -> Response:
    _log.info("token.refused", client_id=client.client_id if client else None, error=error.error, why=error.description)
    body = {"error": error.error} | ({"error_description": error.description} if error.description else {})
    response = Response(json.dumps(body), status=error.status_code, content_type="application/json", headers=NOT_KEPT)
    if error.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="token"'
    return _readable_by_its_scripts(response, client)
