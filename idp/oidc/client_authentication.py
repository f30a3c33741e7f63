"""Client authentication, the same at every endpoint (RFC 6749 §2.3, OpenID Connect Core §9, RFC 7523, RFC 8705 §2)."""

import base64
import binascii
import hmac
import time
import uuid
from typing import NamedTuple
from urllib.parse import unquote_plus

import structlog
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, OAuth2Error

from clients.client_secrets import note_secret_use
from clients.failure_models import FailureKind
from clients.metadata import (
    CLIENT_SECRET_BASIC,
    CLIENT_SECRET_JWT,
    CLIENT_SECRET_POST,
    PRIVATE_KEY_JWT,
    PUBLIC,
    SELF_SIGNED_TLS_CLIENT_AUTH,
    TLS_CLIENT_AUTH,
)
from clients.registry import KnownSecret, RegisteredClient, find_client, find_even_disabled
from idp import clock
from idp.at_hand import this_application, this_request
from idp.compact_jws import SignedJwt
from idp.database import in_transaction
from idp.oidc.certificate_authentication import CertificateRefused, require_certificate
from idp.oidc.client_assertion import ASSERTION_TYPE, AssertionRefused, read_assertion, require_proof
from idp.oidc.failure_notes import because
from idp.opaque_tokens import digest

BY_HEADER, BY_FIELD = (CLIENT_SECRET_BASIC,), (CLIENT_SECRET_POST,)
BY_ASSERTION = (PRIVATE_KEY_JWT, CLIENT_SECRET_JWT)
BY_NAME = (PUBLIC, TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH)  # its name is all that the request itself says
ONE_WAY = "only one way of client authentication may be used"
NOTED_EVERY_SECONDS = 60.0
_log = structlog.get_logger()


class Shown(NamedTuple):
    """What a request shows to prove its client: the client's name, the methods that it can be meant for, and the proof."""

    client_id: str
    methods: tuple[str, ...]
    secret: str = ""
    assertion: SignedJwt | None = None


def authenticate_client(form: dict[str, str]) -> RegisteredClient:
    """The client that sent this request, by the one method it is registered for. Raises InvalidClientError, or InvalidRequestError
    when it uses two methods at once or names two clients."""
    client_id, methods, secret, assertion = _shown(form)
    client = find_client(client_id)
    if client is None or client.token_endpoint_auth_method not in methods:
        hmac.compare_digest(digest(secret), bytes(32))  # an unknown client takes as long as a wrong secret
        kind = FailureKind.METHOD if client else FailureKind.CLIENT_UNKNOWN
        _tell_operators(client, f"the method was {' or '.join(methods)}" if client else "no such client, or disabled", kind, client_id)
        raise refused()
    if methods is BY_HEADER or methods is BY_FIELD:
        _note_use(_require_secret(client, secret))
    elif client.token_endpoint_auth_method != PUBLIC:
        _require_key(client, assertion)
    return client


def refused() -> OAuth2Error:
    """The one answer to every failed authentication."""
    return InvalidClientError(description="client authentication failed", status_code=401)


def _shown(form: dict[str, str]) -> Shown:
    header, named = this_request().headers.get("Authorization"), form.get("client_id")
    if "client_assertion" in form or "client_assertion_type" in form:
        return _shown_assertion(form, alone=header is None and "client_secret" not in form)
    if header is None:
        if not named:
            raise refused()
        secret = form.get("client_secret")
        return Shown(named, BY_FIELD, secret) if secret else Shown(named, BY_NAME)
    if "client_secret" in form:
        raise InvalidRequestError(description=ONE_WAY)
    client_id, secret = _read_basic(header)
    if named is not None:
        _require_same(named, client_id)
    return Shown(client_id, BY_HEADER, secret)


def _shown_assertion(form: dict[str, str], *, alone: bool) -> Shown:
    if not alone:
        raise InvalidRequestError(description=ONE_WAY)
    try:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise AssertionRefused("client_assertion_type is not jwt-bearer")
        assertion = read_assertion(form.get("client_assertion", ""))
    except AssertionRefused as why:
        _tell_operators(None, str(why), FailureKind.KEY)
        raise refused() from None
    claimed = assertion.claims.get("sub")
    if not isinstance(claimed, str):
        _tell_operators(None, "the assertion has no sub", FailureKind.KEY)
        raise refused()
    _require_same(form.get("client_id"), claimed)
    return Shown(claimed, BY_ASSERTION, assertion=assertion)


def _require_same(named: str | None, shown: str) -> None:
    if named not in (None, shown):
        raise InvalidRequestError(description="client_id differs from the authenticated client")


def _require_key(client: RegisteredClient, assertion: SignedJwt | None) -> None:
    try:
        if assertion is not None:
            require_proof(client, assertion)
        else:
            require_certificate(client)
    except (AssertionRefused, CertificateRefused) as why:
        _tell_operators(client, str(why), FailureKind.KEY)
        raise refused() from None


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
    shown, found = digest(secret), None
    for known in client.secrets:
        if hmac.compare_digest(shown, known.digest) and (known.expires_at is None or known.expires_at > clock.now()):
            found = known
    if found is None:
        _tell_operators(client, "the secret is wrong or has expired", FailureKind.SECRET)
        raise refused()
    return found


def _tell_operators(client: RegisteredClient | None, why: str, kind: FailureKind, named: str = "") -> None:
    """The log and the console say what the answer keeps to itself; of an unknown client not even the name is logged, which may be a
    secret in the wrong place."""
    because(kind, why, client or find_even_disabled(named), named=named)
    known = {"client_id": client.client_id, "registered_method": client.token_endpoint_auth_method} if client else {}
    _log.info("client.not_authenticated", why=why, **known)


def _note_use(secret: KnownSecret) -> None:
    """Once a minute and process: it is for the operator's eyes, not worth a write a request."""
    noted: dict[uuid.UUID, float] = this_application().extensions.setdefault("hopnhat.secret_uses", {})
    if time.monotonic() - noted.get(secret.id, -NOTED_EVERY_SECONDS) >= NOTED_EVERY_SECONDS:
        noted[secret.id] = time.monotonic()
        address = this_request().remote_addr
        in_transaction(lambda connection: note_secret_use(connection, secret.id, address))
