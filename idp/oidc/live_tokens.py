"""What a shown token is worth now: its authorization, with the person and the client, while everything it hangs on is alive."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, not_, or_, select

from clients.models import Client
from clients.registry import RegisteredClient
from idp import clock
from idp.database import table_of
from idp.oidc import refresh_chains
from idp.oidc.access_token import AccessToken
from idp.oidc.authorizations import is_live
from idp.oidc.models import Authorization
from idp.oidc.refresh_token import RefreshToken
from idp.people.models import Person
from idp.prepared import Statement, first
from idp.sessions.models import BrowserSession
from idp.spent_identifiers import digest_of, is_spent, spend

GIVEN_BACK = "access token given back"

_a, _p, _c, _s = table_of(Authorization), table_of(Person), table_of(Client), table_of(BrowserSession)
_FACTS = (
    _a.c.id, _a.c.client_id, _a.c.person_id, _a.c.session_id, _a.c.scope, _a.c.offline, _a.c.acr, _a.c.amr, _a.c.auth_time,
    _a.c.confirmation, _a.c.resource, _p.c.subject, _c.c.client_id.label("issued_to"),
)  # fmt: skip
_joined = _a.join(_c, _c.c.id == _a.c.client_id).outerjoin(_p, _p.c.id == _a.c.person_id).outerjoin(_s, _s.c.id == _a.c.session_id)
_own = _a.c.person_id.is_(None) & _a.c.revoked_at.is_(None) & _c.c.disabled_at.is_(None)
_live = select(*_FACTS).select_from(_joined).where(_a.c.id == bindparam("authorization_id"), or_(is_live, _own))
# The same, of what introspection tells: each column more takes 2 µs.
_told = select(_a.c.client_id, _a.c.person_id, _a.c.acr, _a.c.amr, _a.c.auth_time, _p.c.subject, _c.c.client_id.label("issued_to"))
_live_told = _told.select_from(_joined).where(_a.c.id == bindparam("authorization_id"), or_(is_live, _own))
_count_live = select(func.count()).select_from(_joined).where(_a.c.id.in_(bindparam("ids", expanding=True)), is_live)
_live_refresh = select(*_FACTS, _a.c.created_at, _a.c.refreshed_at, _a.c.refresh_ends_at).select_from(_joined).where(refresh_chains.is_good)
_live_old = (
    select(*_FACTS, _a.c.created_at, _a.c.refreshed_at, refresh_chains.old_ends_at.scalar_subquery().label("refresh_ends_at"))
    .select_from(_joined)
    .where(refresh_chains.is_good_old)
)
# For tokens of a client itself: one of them may have been given back alone.
_own_live = _live.where(not_(is_spent))
_own_live_told = _live_told.where(not_(is_spent))
_holder = select(_a.c.id, _a.c.client_id).where(_a.c.id == bindparam("authorization_id"))


def find_live(connection: Connection, token: AccessToken) -> Any:
    """The authorization of an access token with its person (None for a client's own), or None when the token is worth nothing."""
    return _found(connection, token, _live, _own_live)


def find_told(connection: Connection, token: AccessToken) -> Any:
    """As `find_live`, what is told of it at introspection."""
    return _found(connection, token, _live_told, _own_live_told)


def _found(connection: Connection, token: AccessToken, statement: Statement, of_client_itself: Statement) -> Any:
    now = clock.now()
    if token.expires_at <= now or not all_live(connection, token.under):
        return None
    values = {"authorization_id": token.authorization_id, "now": now}
    if token.own_id is None:
        return first(connection, statement, values)
    return first(connection, of_client_itself, {**values, "spent": digest_of(GIVEN_BACK, token.own_id.hex())})


def give_back(connection: Connection, token: AccessToken, own_id: bytes) -> bool:
    """End one token of a client itself; those beside it live on. Return whether this call did it."""
    return token.expires_at > clock.now() and spend(connection, GIVEN_BACK, own_id.hex(), until=token.expires_at)


def find_live_refresh_token(connection: Connection, token: RefreshToken, client: RegisteredClient) -> Any:
    """The authorization of a refresh token of this client that could be used now, with its person and when it ends, or None."""
    return first(connection, _live_refresh if token.old_digest is None else _live_old, refresh_chains.values_of(token, client))


def all_live(connection: Connection, authorization_ids: Sequence[UUID]) -> bool:
    """Whether every one of these authorizations is alive: what was derived from them dies with the first that ends."""
    if not authorization_ids:
        return True
    values = {"ids": list(authorization_ids), "now": clock.now()}
    return connection.execute(_count_live, values).scalar_one() == len(set(authorization_ids))


def find_holder(connection: Connection, authorization_id: UUID) -> Any:
    """Which client holds an authorization, dead or alive."""
    return connection.execute(_holder, {"authorization_id": authorization_id}).first()
