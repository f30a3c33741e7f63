"""Authorizations: what a person has let a client do, once. Every code and token hangs on one row, and dies with it."""

import uuid
from typing import Any

from sqlalchemy import Boolean, Connection, and_, bindparam, insert, not_, or_, select, update
from sqlalchemy import exists as sql_exists
from sqlalchemy.dialects import postgresql, sqlite

from clients.models import Client
from idp import audit, clock
from idp.database import table_of
from idp.oidc.authorization_code import GrantedCode
from idp.oidc.models import Authorization
from idp.people.models import Person, PersonState
from idp.prepared import Row, first, first_with
from idp.roles.models import RoleGrant
from idp.sessions import assurance
from idp.sessions.models import BrowserSession

_a, _c = table_of(Authorization), table_of(Client)
_e = table_of(audit.AuditEvent)
_p, _s, _g = table_of(Person), table_of(BrowserSession), table_of(RoleGrant)

person_may_sign_in = and_(_p.c.state == PersonState.ACTIVE.value, _p.c.directory_locked.is_(False))
_session_is_live = and_(_s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now"))
is_administrator = sql_exists(select(_g.c.id).where(_g.c.person_id == _p.c.id, _g.c.revoked_at.is_(None)))
# The one condition under which an access token is worth anything.
is_live = and_(_a.c.revoked_at.is_(None), person_may_sign_in, _c.c.disabled_at.is_(None), or_(_a.c.offline, _session_is_live))

_holds_role = select(_g.c.id).where(_g.c.person_id == bindparam("person_id"), _g.c.revoked_at.is_(None))
_exists = select(_a.c.id).where(_a.c.id == bindparam("authorization_id"))
_COLUMNS = (
    "id", "client_id", "person_id", "session_id", "scope", "offline", "acr", "amr", "auth_time", "requested_claims", "confirmation",
    "resource", "refresh_sequence", "refreshed_at", "refresh_ends_at", "created_at",
)  # fmt: skip
_facts = (
    select(
        bindparam("id", type_=_a.c.id.type),
        bindparam("client_id", type_=_a.c.client_id.type),
        _p.c.id,
        _s.c.id,
        bindparam("scope", type_=_a.c.scope.type),
        bindparam("offline", type_=Boolean),
        bindparam("acr", type_=_a.c.acr.type),
        bindparam("amr", type_=_a.c.amr.type),
        bindparam("auth_time", type_=_a.c.auth_time.type),
        bindparam("requested_claims", type_=_a.c.requested_claims.type),
        bindparam("confirmation", type_=_a.c.confirmation.type),
        bindparam("resource", type_=_a.c.resource.type),
        bindparam("refresh_sequence", type_=_a.c.refresh_sequence.type),
        bindparam("refreshed_at", type_=_a.c.refreshed_at.type),
        bindparam("refresh_ends_at", type_=_a.c.refresh_ends_at.type),
        bindparam("now", type_=_a.c.created_at.type),
    )
    .select_from(_s.join(_p, _p.c.id == _s.c.person_id))
    .where(
        _s.c.id == bindparam("session_id"),
        _p.c.id == bindparam("person_id"),
        _session_is_live,
        person_may_sign_in,
        or_(bindparam("is_two_factor", type_=Boolean), not_(is_administrator)),
    )
    # Whoever ends the session at this moment waits, and then sees the row and ends it; or was first, and then nothing is inserted.
    .with_for_update(read=True, of=_s)
)
_redeem = {
    "sqlite": sqlite.insert(_a).from_select(_COLUMNS, _facts).on_conflict_do_nothing().returning(_a.c.id),
    "postgresql": postgresql.insert(_a).from_select(_COLUMNS, _facts).on_conflict_do_nothing().returning(_a.c.id),
}
_insert = insert(_a).from_select(_COLUMNS, select(*[bindparam(name, type_=_a.c[name].type) for name in _COLUMNS])).returning(_a.c.id)
_use_again = (
    insert(_e)
    .from_select(
        [column.name for column in _e.c],
        select(*[bindparam(column.name, type_=column.type) for column in _e.c])
        .select_from(_a.join(_c, _c.c.id == _a.c.client_id))
        .where(_a.c.id == bindparam("authorization", type_=_a.c.id.type), _a.c.revoked_at.is_(None), _c.c.disabled_at.is_(None)),
    )
    .returning(_e.c.id)
)
_NOTHING = dict.fromkeys(_COLUMNS)
_burn = {
    "sqlite": sqlite.insert(_a).on_conflict_do_nothing().returning(_a.c.id),
    "postgresql": postgresql.insert(_a).on_conflict_do_nothing().returning(_a.c.id),
}
_revoke = (
    update(_a)
    .where(_a.c.id == bindparam("authorization_id"), _a.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_reason=bindparam("reason"))
    .returning(_a.c.person_id, _a.c.client_id)
)
_revoke_all = (
    update(_a)
    .where(_a.c.person_id == bindparam("person"), _a.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_reason=bindparam("reason"))
    .returning(_a.c.client_id)
)
_revoke_of_client = (
    update(_a)
    .where(_a.c.person_id == bindparam("person"), _a.c.client_id == bindparam("client"), _a.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_reason=bindparam("reason"))
)
_offline_of_person = (
    select(_a.c.id, _a.c.session_id).where(_a.c.person_id == bindparam("person"), _a.c.offline, _a.c.revoked_at.is_(None)).order_by(_a.c.id)
)
_NO_CHAIN = dict.fromkeys(("refresh_sequence", "refreshed_at", "refresh_ends_at"))


def may_outlive_session(connection: Connection, person_id: uuid.UUID) -> bool:
    """Whether a person's authorization may be offline: a holder of a role has what the session has, no longer."""
    return first(connection, _holds_role, {"person_id": person_id}) is None


def exists(connection: Connection, authorization_id: uuid.UUID) -> bool:
    """Whether the code of this authorization was redeemed, or burned."""
    return first(connection, _exists, {"authorization_id": authorization_id}) is not None


def redeem(
    connection: Connection, granted: GrantedCode, event: Row, chain: dict[str, Any] | None, confirmation: dict[str, str] | None = None
) -> bool:
    """Insert the authorization of a code and its `event`, unless it is there already or the person's session has ended meanwhile:
    return whether it was inserted. Of any number at once, one inserts: the rest collide with its key. With a `chain` of refresh
    tokens, which are bound to `confirmation`, it may outlive the session. One statement: for `at_once`."""
    values = {
        "id": granted.authorization_id,
        "client_id": granted.client,
        "person_id": granted.person_id,
        "session_id": granted.session_id,
        "scope": granted.scope,
        "offline": chain is not None,
        "is_two_factor": assurance.is_enough(granted.acr, assurance.AAL2),
        "acr": granted.acr,
        "amr": granted.amr,
        "auth_time": granted.auth_time,
        "requested_claims": granted.requested_claims,
        "confirmation": confirmation,
        "resource": list(granted.resource) or None,
        "now": clock.now(),
        **(chain or _NO_CHAIN),
    }
    return first_with(connection, _redeem[connection.dialect.name], values, event) is not None


def open_without_code(connection: Connection, authorization_id: uuid.UUID, client: uuid.UUID, scope: str, event: Row, **facts: Any) -> None:
    """Insert an authorization that no code stands for, and its `event`: of a client itself, or derived from another one. `facts`: its
    other columns. One statement: for `at_once`."""
    row = {"id": authorization_id, "client_id": client, "scope": scope, "created_at": clock.now(), **facts}
    first_with(connection, _insert, {**_NOTHING, **row}, event)


def use_again(connection: Connection, authorization_id: uuid.UUID, event: Row) -> bool:
    """Write the `event` of one more use of a client's own authorization; return False when it is over. One statement: for `at_once`."""
    return first(connection, _use_again, {**event[1], "authorization": authorization_id}) is not None


def burn(connection: Connection, granted: GrantedCode, reason: str) -> bool:
    """Make a code worthless that was shown wrongly: insert its authorization as revoked. Return False when it is there already."""
    now = clock.now()
    values = {
        "id": granted.authorization_id,
        "client_id": granted.client,
        "person_id": granted.person_id,
        "session_id": granted.session_id,
        "scope": granted.scope,
        "offline": False,
        "acr": granted.acr,
        "amr": granted.amr,
        "auth_time": granted.auth_time,
        "created_at": now,
        "revoked_at": now,
        "revoked_reason": reason,
    }
    return connection.execute(_burn[connection.dialect.name], values).first() is not None


def revoke(connection: Connection, authorization_id: uuid.UUID, *, reason: str, actor: str) -> bool:
    """End an authorization with all its tokens. Return whether this call did it."""
    row = connection.execute(_revoke, {"authorization_id": authorization_id, "now": clock.now(), "reason": reason}).first()
    if row is None:
        return False
    audit.record(
        connection, audit.Event.AUTHORIZATION_REVOKED, actor=actor, person_id=row.person_id, client_id=row.client_id,
        authorization_id=str(authorization_id), reason=reason,
    )  # fmt: skip
    return True


def revoke_all(connection: Connection, person_id: uuid.UUID, *, reason: str) -> list[uuid.UUID]:
    """End every authorization of a person; return the keys of the clients that held one, each once. The caller tells why."""
    values = {"person": person_id, "now": clock.now(), "reason": reason}
    return list(dict.fromkeys(connection.execute(_revoke_all, values).scalars()))


def revoke_of_client(connection: Connection, person_id: uuid.UUID, client: uuid.UUID, *, reason: str) -> int:
    """End every authorization that a client holds of a person; return how many. The caller tells why."""
    values = {"person": person_id, "client": client, "now": clock.now(), "reason": reason}
    return connection.execute(_revoke_of_client, values).rowcount


def revoke_offline(
    connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str, only: uuid.UUID | None = None, keep: uuid.UUID | None = None
) -> int:
    """End the authorizations of a person that outlive their sessions: those of the session `only`, or of all but `keep`; return
    how many."""
    held = connection.execute(_offline_of_person, {"person": person_id}).all()
    meant = [row.id for row in held if row.session_id != keep and only in (None, row.session_id)]
    return sum(revoke(connection, authorization_id, reason=reason, actor=actor) for authorization_id in meant)
