"""grant_type=client_credentials: a client acts for itself, not for a person (RFC 6749 §4.4).

Each token has an id of its own, is audited, and can be given back alone. What they hang on is shared: the tokens that a client
takes for itself within one minute, and for the same, are of one authorization, so that a service that asks for a token before
each call leaves one row a minute.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error, UnauthorizedClientError
from flask import current_app

from clients.metadata import SCOPES
from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import at_once, new_id
from idp.oidc import authorizations
from idp.oidc.access_token import new_own_id
from idp.oidc.client_limits import check_tokens
from idp.oidc.resource_indicators import read_resources, scopes_of
from idp.oidc.token_response import Issued, new_access_token
from idp.prepared import Row

REMEMBERED, SHARED_FOR = "hopnhat.clients_own", timedelta(minutes=1)
MOST_KEPT = 1000


@dataclass(frozen=True)
class _Opened:
    """An authorization of a client itself, and since when."""

    id: uuid.UUID
    at: datetime


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
    own_id = new_own_id()
    token = new_access_token(_authorize(client, scope, audience, own_id), scope, audience=audience, confirmation=confirmation)
    return Issued(access_token=replace(token, own_id=own_id), person_id=None, authentication=None)


def _authorize(client: RegisteredClient, scope: str, audience: tuple[str, ...], own_id: bytes) -> uuid.UUID:
    """The authorization of this minute, or a new one; with the event of this token, in one statement."""
    memory, of, now = _memory(), (client.key, scope, audience), clock.now()
    known = memory.get(of)
    if known is not None and now - known.at < SHARED_FOR:
        event = _event(client, known.id, scope, audience, own_id)
        # Not where an operator has ended it or disabled the client a moment ago, in whichever process.
        if at_once(lambda connection: authorizations.use_again(connection, known.id, event)):
            return known.id
    opened = _Opened(new_id(), now)
    event = _event(client, opened.id, scope, audience, own_id)
    about = {"offline": True, "resource": list(audience) or None}
    at_once(lambda connection: authorizations.open_without_code(connection, opened.id, client.key, scope, event, **about))
    if len(memory) >= MOST_KEPT:
        memory.clear()
    memory[of] = opened
    return opened.id


def _memory() -> dict[tuple[Any, ...], _Opened]:
    return cast("dict[tuple[Any, ...], _Opened]", current_app.extensions.setdefault(REMEMBERED, {}))


def _event(client: RegisteredClient, authorization_id: uuid.UUID, scope: str, audience: tuple[str, ...], own_id: bytes) -> Row:
    return audit.row_of(
        audit.Event.CLIENT_AUTHORIZED, actor=f"client:{client.client_id}", client_id=client.key, authorization_id=str(authorization_id),
        token_id=own_id.hex(), scope=scope, resource=list(audience),
    )  # fmt: skip


def _scope(client: RegisteredClient, asked: str | None, audience: tuple[str, ...]) -> str:
    own = client.scopes - set(SCOPES)
    if asked is None:
        return " ".join(sorted(own & scopes_of(audience)))
    wanted = list(dict.fromkeys(asked.split()))
    if not own.issuperset(wanted):
        raise InvalidScopeError(description="the client may not have this scope for itself")
    return " ".join(wanted)
