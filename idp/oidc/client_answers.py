"""How the endpoints that clients speak to are asked and answer: a form, JSON, the errors of RFC 6749 §5.2, readable by the right scripts."""

import json
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from clients.registry import RegisteredClient
from idp.oidc import dpop, failure_notes
from idp.oidc.parameters import LARGEST_FORM, MalformedRequest, form_parameters
from idp.request_ids import request_id

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_log = structlog.get_logger()


def require_form(largest: int = LARGEST_FORM) -> dict[str, str]:
    """The parameters of the body; `largest` in bytes. Raises InvalidRequestError."""
    try:
        return form_parameters(largest)
    except MalformedRequest as malformed:
        raise InvalidRequestError(description=str(malformed)) from None


def told(body: dict[str, Any], client: RegisteredClient, status: int = 200) -> Response:
    """The answer to a client; kept by nobody on the way."""
    written = json.dumps(body).encode()
    # The body as a list, with all its headers: a text and its type would be looked through by the framework, 8 µs of each answer.
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(written))),
        *NOT_KEPT.items(),
        *dpop.nonce_headers().items(),
    ]
    return readable_by_its_scripts(Response([written], status=status, headers=headers), client)


def refused(error: OAuth2Error, client: RegisteredClient | None, place: str) -> Response:
    """The error in fixed words; the log, and what is kept under its code, say more. `place`: the endpoint's name."""
    _log.info(f"{place}.refused", client_id=client.client_id if client else None, error=error.error, why=error.description)
    failure_notes.note(place, str(error.error), error.description or "", client)
    body = {"error": error.error} | ({"error_description": error.description} if error.description else {})
    headers = {**NOT_KEPT, **dpop.nonce_headers(), "X-Request-Id": request_id()}
    if error.status_code != 401:
        body["request_id"] = request_id()
    response = Response(json.dumps(body), status=error.status_code, content_type="application/json", headers=headers)
    if error.status_code == 429:
        response.headers["Retry-After"] = "60"
    if error.status_code == 401:
        response.headers["WWW-Authenticate"] = f'Basic realm="{place}"'
    return readable_by_its_scripts(response, client)


def preflight() -> Response:
    """A browser asks whether a script may send a DPoP proof here: it may. Whether it may read the answer is said with the answer."""
    allowed = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "DPoP",
        "Access-Control-Max-Age": "3600",
    }
    return Response(status=204, headers=allowed)


def readable_by_its_scripts(response: Response, client: RegisteredClient | None) -> Response:
    """A public client is a program in the browser: pages of its own origins may read the answer, nobody else's."""
    origin = request.headers.get("Origin") if client is not None and client.is_public else None
    if client is not None and origin is not None:
        own = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, client.redirect_uris)}
        response.headers["Vary"] = "Origin"
        if origin in own:
            response.headers["Access-Control-Allow-Origin"] = origin
    return response
