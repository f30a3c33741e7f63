"""request_uri (OpenID Connect Core §6.2): a request object that the client has published at an address it registered."""

import base64
import hashlib
import time
from typing import cast

import structlog
from flask import current_app

from clients.registry import RegisteredClient
from idp.oidc.decryption import LARGEST
from idp.outbound import OutboundBusy, OutboundFailed, OutboundRefused, fetch

MOST_KEPT = 200
REST_SECONDS = 10.0
ACCEPT = "application/oauth-authz-req+jwt, application/jwt"
_log = structlog.get_logger()


class RequestUriRefused(Exception):
    """There is nothing at this address that counts. The text is ASCII, for the client's developer."""


def fetch_request_object(client: RegisteredClient, request_uri: str) -> str:
    """What is at a request_uri that the client has registered: its fragment may be another one, it only tells that the content has
    changed (§6.2). Raises RequestUriRefused."""
    address, _, fragment = request_uri.partition("#")
    if address not in {known.partition("#")[0] for known in client.metadata.request_uris}:
        raise RequestUriRefused("the request_uri is not registered")
    kept = _kept()
    known = kept.get(request_uri)
    if isinstance(known, str):
        return known
    rests_until = kept.get(address)  # whatever stands in the fragment, which anybody may make up
    if isinstance(rests_until, float) and time.monotonic() < rests_until:
        raise RequestUriRefused("the request_uri did not answer a moment ago")
    try:
        text = _fetch(address, client.metadata.public_addresses_only)
    except OutboundBusy:
        raise RequestUriRefused("too many are being fetched") from None
    except (OutboundFailed, OutboundRefused, RequestUriRefused) as failed:
        _log.info("request_uri.failed", client_id=client.client_id, why=str(failed))
        _keep(kept, address, time.monotonic() + REST_SECONDS)  # whoever opens it again and again does not make us ask as often
        raise RequestUriRefused("the request_uri could not be read") from None
    if fragment and fragment == _digest(text):
        _keep(kept, request_uri, text)  # an address with a digest in it says one thing for ever
    return text


def _fetch(address: str, public_only: bool) -> str:
    answer = fetch(address, accept=ACCEPT, largest=LARGEST, public_only=public_only)
    if answer.status != 200:
        raise RequestUriRefused(f"answered {answer.status}")
    try:
        return answer.body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise RequestUriRefused("not a JWT") from None


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _kept() -> dict[str, str | float]:
    """What registered addresses said, and until when (monotonic seconds) those that failed rest."""
    return cast("dict[str, str | float]", current_app.extensions.setdefault("hopnhat.request_objects", {}))


def _keep(kept: dict[str, str | float], request_uri: str, what: str | float) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[request_uri] = what
