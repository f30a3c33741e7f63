"""grant_type=client_credentials: a client acts for itself, not for a person (RFC 6749 §4.4).

Each token has an id of its own and can be given back alone. What they hang on is shared: the tokens that a client takes for
itself within one minute, and for the same, are of one authorization, so that a service that asks for a token before each call
leaves one row a minute. What it takes within one second from one address is one series: its event is written before the first
token of it is given, and each token's id begins with the series that the event names; how many they were stands in the event of the next series.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar, cast

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error, UnauthorizedClientError
from flask import current_app, request

from clients.metadata import SCOPES
from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import at_once, new_id
from idp.oidc import authorizations
from idp.oidc.client_limits import check_tokens
from idp.oidc.resource_indicators import read_resources, scopes_of
from idp.oidc.token_response import Issued, new_access_token
from idp.prepared import Row

SHARED_FOR, SERIES_FOR = timedelta(minutes=1), timedelta(seconds=1)
AUTHORIZATIONS, SERIES = "hopnhat.clients_own", "hopnhat.clients_own_series"
SERIES_BYTES, NUMBER_BYTES = 8, 4
MOST_KEPT = 1000
T = TypeVar("T")


@dataclass(frozen=True)
class _Opened:
    """An authorization of a client itself, and since when."""

    id: uuid.UUID
    at: datetime


@dataclass(frozen=True)
class _Series:
    """The tokens of one authorization that one event stands for, since when, and their numbers."""

    authorization_id: uuid.UUID
    id: bytes
    at: datetime
    numbers: Iterator[int]  # of itertools.count: threads never draw the same


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
    series = _series(client, scope, audience)
    own_id = series.id + next(series.numbers).to_bytes(NUMBER_BYTES, "big")
    token = new_access_token(client, series.authorization_id, scope, audience=audience, confirmation=confirmation, own_id=own_id)
    return Issued(access_token=token, person_id=None, authentication=None)


def _series(client: RegisteredClient, scope: str, audience: tuple[str, ...]) -> _Series:
    """The series of this second, or a new one with its event."""
    memory, of, now = _memory(SERIES), (client.key, scope, audience, request.remote_addr), clock.now()
    known: _Series | None = memory.get(of)
    if known is not None and timedelta(0) <= now - known.at < SERIES_FOR:
        return known
    series_id = os.urandom(SERIES_BYTES)
    told: dict[str, Any] = {"token_series": series_id.hex()}
    if known is not None:  # how many tokens the last one came to is known only now
        told |= {"series_before": known.id.hex(), "tokens_before": next(known.numbers)}
    return _kept(memory, of, _Series(_authorize(client, scope, audience, told), series_id, now, count()))


def _authorize(client: RegisteredClient, scope: str, audience: tuple[str, ...], told: dict[str, Any]) -> uuid.UUID:
    """The authorization of this minute, or a new one; with the event of this series, in one statement."""
    memory, of, now = _memory(AUTHORIZATIONS), (client.key, scope, audience), clock.now()
    known: _Opened | None = memory.get(of)
    if known is not None and now - known.at < SHARED_FOR:
        event = _event(client, known.id, scope, audience, told)
        # Not where an operator has ended it or disabled the client a moment ago, in whichever process.
        if at_once(lambda connection: authorizations.use_again(connection, known.id, event)):
            return known.id
    opened = _Opened(new_id(), now)
    event = _event(client, opened.id, scope, audience, told)
    about = {"offline": True, "resource": list(audience) or None}
    at_once(lambda connection: authorizations.open_without_code(connection, opened.id, client.key, scope, event, **about))
    return _kept(memory, of, opened).id


def _memory(name: str) -> dict[tuple[Any, ...], Any]:
    return cast("dict[tuple[Any, ...], Any]", current_app.extensions.setdefault(name, {}))


def _kept(memory: dict[tuple[Any, ...], Any], of: tuple[Any, ...], what: T) -> T:
    if len(memory) >= MOST_KEPT:
        memory.clear()
    memory[of] = what
    return what


def _event(client: RegisteredClient, authorization_id: uuid.UUID, scope: str, audience: tuple[str, ...], told: dict[str, Any]) -> Row:
    return audit.row_of(
        audit.Event.CLIENT_AUTHORIZED, actor=f"client:{client.client_id}", client_id=client.key, authorization_id=str(authorization_id),
        scope=scope, resource=list(audience), **told,
    )  # fmt: skip


def _scope(client: RegisteredClient, asked: str | None, audience: tuple[str, ...]) -> str:
    own = client.scopes - set(SCOPES)
    if asked is None:
        return " ".join(sorted(own & scopes_of(audience)))
    wanted = list(dict.fromkeys(asked.split()))
    if not own.issuperset(wanted):
        raise InvalidScopeError(description="the client may not have this scope for itself")
    return " ".join(wanted)
