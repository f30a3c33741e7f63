"""The chain of refresh tokens that stands in its authorization's row: which of them is good, since when, until when.

Taking one is one conditional UPDATE: of any number who show the same token, one moves the chain on; the others see that it has
moved, which is a second use (RFC 9700 §4.14.2).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Uuid, and_, bindparam, func, not_, or_, select, update

from clients.lifetimes import FINAL, IDLE, lasting
from clients.models import Client
from clients.registry import RegisteredClient
from idp import clock
from idp.database import table_of
from idp.oidc import old_refresh_tokens
from idp.oidc.authorization_code import GrantedCode
from idp.oidc.authorizations import is_administrator, person_may_sign_in
from idp.oidc.models import Authorization, OldRefreshToken
from idp.oidc.refresh_token import ONE, RefreshToken, RefreshTokenUnreadable, open_refresh_token, seal_refresh_token
from idp.opaque_tokens import Secret
from idp.people import mirror
from idp.people.models import Person
from idp.prepared import first
from idp.sessions.models import BrowserSession

_a, _p, _s, _c = table_of(Authorization), table_of(Person), table_of(BrowserSession), table_of(Client)
_old = table_of(OldRefreshToken)

_id = bindparam("authorization", type_=Uuid())
# As with sessions: while nobody reads the directory, nobody would notice that the person has left.
_was_let_in_lately = select(_s.c.id).where(_s.c.id == _a.c.session_id, _s.c.directory_asked_at >= bindparam("asked_since")).exists()
_is_known_of = or_(not_(mirror.is_stale(_p.c.source)), _was_let_in_lately)
_may_have_one = (
    select(_p.c.id).where(_p.c.id == _a.c.person_id, person_may_sign_in, not_(is_administrator), _is_known_of).correlate(_a).exists()
)
_client_is_enabled = select(_c.c.id).where(_c.c.id == _a.c.client_id, _c.c.disabled_at.is_(None)).correlate(_a).exists()
_subject = select(_p.c.subject).where(_p.c.id == _a.c.person_id).correlate(_a).scalar_subquery()
# Where the client's chains were made shorter since this one began, it is that much shorter.
_is_young = _a.c.created_at > bindparam("begun_since")
_stands = and_(_a.c.id == _id, _a.c.revoked_at.is_(None), _is_young, _may_have_one, _client_is_enabled)
# The one condition under which a token is worth something.
is_good = and_(
    _stands,
    _a.c.refresh_sequence == bindparam("at", type_=Integer()),
    _a.c.refreshed_at > bindparam("idle_since"),
    _a.c.refresh_ends_at > bindparam("now"),
)
old_ends_at = select(_old.c.expires_at).where(
    _old.c.digest == bindparam("old"), _old.c.used_at.is_(None), _old.c.idle_expires_at > bindparam("now"), _old.c.expires_at > bindparam("now")
)  # fmt: skip
is_good_old = and_(_stands, _a.c.refresh_sequence.is_(None), old_ends_at.exists())
_told = (_a.c.person_id, _a.c.session_id, _a.c.amr, _a.c.auth_time, _a.c.requested_claims, _a.c.refresh_sequence, _subject.label("subject"))
_take = (
    update(_a)
    .where(is_good)
    .values(refresh_sequence=_a.c.refresh_sequence + bindparam("step", type_=Integer()), refreshed_at=bindparam("now"))
    .returning(*_told)
)
# A chain begins with the first use of an old token. Where tokens are kept, the old one may be shown again: its client cannot know
# that the answer with the new one will reach it.
_begin = (
    update(_a)
    .where(_stands, or_(_a.c.refresh_sequence.is_(None), bindparam("step", type_=Integer()) == 0), old_ends_at.exists())
    .values(
        refresh_sequence=func.coalesce(_a.c.refresh_sequence, ONE),
        refreshed_at=bindparam("now"),
        refresh_ends_at=func.coalesce(_a.c.refresh_ends_at, old_ends_at.scalar_subquery()),
    )
    .returning(*_told)
)
_state = (
    select(_a.c.id, _a.c.client_id, _a.c.person_id, _a.c.refresh_sequence, is_administrator.label("is_administrator"))
    .select_from(_a.join(_p, _p.c.id == _a.c.person_id))
    .where(_a.c.id == _id)
)


def new_chain(client: RegisteredClient) -> dict[str, Any]:
    """The columns of an authorization of this client whose chain begins now."""
    now = clock.now()
    ends = now + timedelta(seconds=lasting(client.metadata, FINAL))
    return {"refresh_sequence": ONE, "refreshed_at": now, "refresh_ends_at": ends}


def first_token(granted: GrantedCode, scope: str, confirmation: dict[str, str] | None) -> Secret:
    """The token that begins the chain of an authorization just granted."""
    token = RefreshToken(granted.authorization_id, granted.client, ONE, scope, granted.acr, tuple(granted.resource or ()), confirmation)
    return seal_refresh_token(token)


def require_token(connection: Connection, written: str) -> RefreshToken:
    """What a refresh token says, of the form of today or the old one. Raises RefreshTokenUnreadable."""
    try:
        return open_refresh_token(written)
    except RefreshTokenUnreadable:
        found = old_refresh_tokens.find(connection, written)
        if found is None:
            raise
        return found


def take(connection: Connection, token: RefreshToken, client: RegisteredClient, *, rotates: bool) -> Any:
    """Use a token of this client and let its successor take its place, or keep it and its chain alive where it does not rotate. Return whose it is,
    with the `refresh_sequence` that is good now; None when the token is worth nothing. One statement: for `at_once`."""
    statement = _take if token.old_digest is None else _begin
    return first(connection, statement, {**values_of(token, client), "step": int(rotates)})


def written_now(shown: RefreshToken, sequence: int, written: str) -> Secret:
    """The token that is good after one was taken: its successor, or itself (`written`) where it does not rotate."""
    if shown.sequence == sequence:
        return Secret(written)
    return seal_refresh_token(replace(shown, sequence=sequence))


def ends_at(row: Any, client: RegisteredClient) -> datetime:
    """When the chain of this row dies, if nobody uses it."""
    idle, final = (timedelta(seconds=lasting(client.metadata, name)) for name in (IDLE, FINAL))
    ends: datetime = min(row.refreshed_at + idle, row.refresh_ends_at, row.created_at + final)
    return ends


def values_of(token: RefreshToken, client: RegisteredClient) -> dict[str, Any]:
    """What `is_good` asks of a token of today, or `is_good_old` of an old one, shown by this client."""
    now = clock.now()
    begun_since = now - timedelta(seconds=lasting(client.metadata, FINAL))
    values = {"authorization": token.authorization_id, "now": now, "begun_since": begun_since, "asked_since": mirror.asked_since()}
    if token.old_digest is not None:
        return {**values, "old": token.old_digest}
    # A chain that was last used before is dead.
    return {**values, "at": token.sequence, "idle_since": now - timedelta(seconds=lasting(client.metadata, IDLE))}


def find_state(connection: Connection, token: RefreshToken) -> Any:
    """Where the chain of a token stands, dead or alive, and whether its person may have one at all."""
    return first(connection, _state, {"authorization": token.authorization_id})
