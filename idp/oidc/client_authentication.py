"""Client authentication at the token endpoint (RFC 6749 §2.3, OpenID Connect Core §9)."""

import base64
import binascii
import hmac
import time
import uuid
from typing import cast
from urllib.parse import unquote_plus

import structlog
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, OAuth2Error
from flask import current_app, request

from clients.metadata import CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PUBLIC
from clients.registration import note_secret_use
from clients.registry import KnownSecret, RegisteredClient, find_client
from idp import clock
from idp.database import in_transaction
from idp.opaque_tokens import digest

NOTED_EVERY_SECONDS = 3600.0
_log = structlog.get_logger()


def authenticate_client(form: dict[str, str]) -> RegisteredClient:
    """The client that sent this request, by the one method it is registered for. Raises InvalidClientError, or InvalidRequestError
    when it uses two methods at once or names two clients."""
    client_id, secret, method = _credentials(form)
    client = find_client(client_id)
    if client is None or client.token_endpoint_auth_method != method:
        hmac.compare_digest(digest(secret), bytes(32))  # an unknown client takes as long as a wrong secret
        _tell_operators(client, f"the method was {method}" if client else "no such client, or disabled")
        raise refused()
    if method != PUBLIC:
        _note_use(_require_secret(client, secret))
    return client


def refused() -> OAuth2Error:
    """The one answer to every failed authentication."""
    return InvalidClientError(description="client authentication failed", status_code=401)


def _credentials(form: dict[str, str]) -> tuple[str, str, str]:
    header, named = request.headers.get("Authorization"), form.get("client_id")
    if header is None:
        secret = form.get("client_secret")
        if not named:
            raise refused()
        return named, secret or "", CLIENT_SECRET_POST if secret else PUBLIC
    if "client_secret" in form:
        raise InvalidRequestError(description="only one way of client authentication may be used")
    client_id, secret = _read_basic(header)
    if named not in (None, client_id):
        raise InvalidRequestError(description="client_id differs from the authenticated client")
    return client_id, secret, CLIENT_SECRET_BASIC


def _read_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise refused()
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise refused() from None
    if not colon:
        raise refused()
    # Both parts are form-urlencoded before they are joined (RFC 6749 §2.3.1).
    return unquote_plus(client_id), unquote_plus(secret)


def _require_secret(client: RegisteredClient, secret: str) -> KnownSecret:
    shown, now, found = digest(secret), clock.now(), None
    for known in client.secrets:
        if hmac.compare_digest(shown, known.digest) and (known.expires_at is None or known.expires_at > now):
            found = known
    if found is None:
        _tell_operators(client, "the secret is wrong or has expired")
        raise refused()
    return found


def _tell_operators(client: RegisteredClient | None, why: str) -> None:
    """The log says what the answer keeps to itself; of an unknown client not even the name, which may be a secret in the wrong place."""
    known = {"client_id": client.client_id, "registered_method": client.token_endpoint_auth_method} if client else {}
    _log.info("client.not_authenticated", why=why, **known)


def _note_use(secret: KnownSecret) -> None:
    """Once an hour and process: it is for the operator's eyes, not worth a write a request."""
    noted = cast("dict[uuid.UUID, float]", current_app.extensions.setdefault("hopnhat.secret_uses", {}))
    if time.monotonic() - noted.get(secret.id, -NOTED_EVERY_SECONDS) >= NOTED_EVERY_SECONDS:
        noted[secret.id] = time.monotonic()
        in_transaction(lambda connection: note_secret_use(connection, secret.id))
