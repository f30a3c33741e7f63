"""grant_type=client_credentials: a client acts for itself, not for a person (RFC 6749 §4.4).

The tokens that a client takes for itself within one minute, from one address and for the same, are of one authorization: audited
once, and revoked together. A service that asks for a token before each call would else write as much as a whole province.
"""

import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error, UnauthorizedClientError
from flask import current_app, request
from sqlalchemy import Connection

from clients.metadata import SCOPES
from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import at_once, new_id, reader
from idp.oidc import authorizations
from idp.oidc.client_limits import check_tokens
from idp.oidc.resource_indicators import read_resources, scopes_of
from idp.oidc.token_response import Issued, new_access_token

REMEMBERED, SHARED_FOR = "hopnhat.clients_own", timedelta(minutes=1)
FRESH_SECONDS = 1.0  # a revocation is seen here after this at the latest; where the token is shown, at once
MOST_KEPT = 1000


@dataclass(frozen=True)
class _Opened:
    """An authorization of a client itself, since when, and when it was last seen alive (monotonic seconds)."""

    authorization_id: uuid.UUID
    at: datetime
    seen: float


def act_for_itself(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """An access token of the client itself: for the resources it asks for, else the one it is registered for. No refresh token
    (RFC 6749 §4.4.3), and nothing in it opens what is about people."""
    if client.is_public:
        raise UnauthorizedClientError(description="a public client cannot act for itself")
    check_tokens(client)
    audience = read_resources(client, form.get("resource"))
    if not audience and len(client.metadata.resources) == 1:
        audience = client.metadata.resources
    scope = _scope(client, form.get("scope"), audience)
    token = new_access_token(_authorization(client, scope, audience), scope, audience=audience, confirmation=confirmation)
    return Issued(access_token=token, person_id=None, authentication=None)


def _authorization(client: RegisteredClient, scope: str, audience: tuple[str, ...]) -> uuid.UUID:
    """The authorization of this minute, or a new one."""
    memory = _memory()
    of, present = (client.key, request.remote_addr, scope, audience), time.monotonic()
    known = memory.get(of)
    if known is not None and clock.now() - known.at < SHARED_FOR:
        if present - known.seen < FRESH_SECONDS:
            return known.authorization_id
        if authorizations.is_unrevoked(reader(), known.authorization_id):
            memory[of] = replace(known, seen=present)
            return known.authorization_id
    if len(memory) >= MOST_KEPT:
        memory.clear()
    memory[of] = _Opened(at_once(lambda connection: _open(connection, client, scope, audience)), clock.now(), present)
    return memory[of].authorization_id


def forget(client: RegisteredClient) -> None:
    """Open a new authorization next time. For the door by which the client ends one."""
    memory = _memory()
    for of in [of for of in list(memory) if of[0] == client.key]:
        memory.pop(of, None)


def _memory() -> dict[tuple[Any, ...], _Opened]:
    return cast("dict[tuple[Any, ...], _Opened]", current_app.extensions.setdefault(REMEMBERED, {}))


def _open(connection: Connection, client: RegisteredClient, scope: str, audience: tuple[str, ...]) -> uuid.UUID:
    authorization_id = new_id()
    event = audit.row_of(
        audit.Event.CLIENT_AUTHORIZED, actor=f"client:{client.client_id}", client_id=client.key,
        authorization_id=str(authorization_id), scope=scope, resource=list(audience),
    )  # fmt: skip
    about = {"offline": True, "resource": list(audience) or None}
    authorizations.open_without_code(connection, authorization_id, client.key, scope, event, **about)
    return authorization_id


def _scope(client: RegisteredClient, asked: str | None, audience: tuple[str, ...]) -> str:
    own = client.scopes - set(SCOPES)
    if asked is None:
        return " ".join(sorted(own & scopes_of(audience)))
    wanted = list(dict.fromkeys(asked.split()))
    if not own.issuperset(wanted):
        raise InvalidScopeError(description="the client may not have this scope for itself")
    return " ".join(wanted)
