"""Consent: what a person has agreed that a client may know and do; asked for, remembered, withdrawn."""

import uuid
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import reader, table_of
from idp.oidc import authorizations
from idp.oidc.authorization_code import GrantedCode
from idp.oidc.authorization_request import AuthorizationRequest
from idp.oidc.backchannel_logout import tell_clients_of_person
from idp.oidc.claims import CLAIMS_OF_SCOPE
from idp.oidc.models import Consent

WITHDRAWN = "consent_withdrawn"
_t = table_of(Consent)
_standing = select(_t.c.scope).where(
    _t.c.person_id == bindparam("person"), _t.c.client_id == bindparam("client"), _t.c.withdrawn_at.is_(None)
)
_standing_held = _standing.with_for_update(read=True)
_end = (
    update(_t)
    .where(_t.c.person_id == bindparam("person"), _t.c.client_id == bindparam("client"), _t.c.withdrawn_at.is_(None))
    .values(withdrawn_at=bindparam("now"))
)


def _kept(insert: Any) -> Any:
    new = insert.excluded
    changed = {"scope": new.scope, "given_at": new.given_at, "withdrawn_at": None}
    return insert.on_conflict_do_update(index_elements=[_t.c.person_id, _t.c.client_id], set_=changed)


_keep = {"sqlite": _kept(sqlite.insert(_t)), "postgresql": _kept(postgresql.insert(_t))}


def is_needed(asked: AuthorizationRequest, person_id: uuid.UUID) -> bool:
    """Whether the person must be asked before this request is granted: the client wants to know, or is registered to ask and wants
    more than was agreed to (ASVS 10.7.1). A read for such clients only."""
    if "consent" in asked.prompt:
        return True
    return asked.client.metadata.require_consent and not covers(reader(), person_id, asked.client, scope_asked(asked))


def scope_asked(asked: AuthorizationRequest) -> frozenset[str]:
    """What the request comes to: the scopes it names, those of claims that it names one by one, and the resources it is for."""
    named = {*asked.claims.userinfo, *asked.claims.id_token}
    of_claims = {scope for scope, names in CLAIMS_OF_SCOPE.items() if named.intersection(names)} if named else set()
    return frozenset(asked.scope.split()) | of_claims | set(asked.resources)


def covers(connection: Connection, person_id: uuid.UUID, client: RegisteredClient, scope: frozenset[str]) -> bool:
    """Whether the person has agreed to all of this, and has not taken it back."""
    agreed = agreed_scope(connection, person_id, client.key)
    return agreed is not None and scope <= agreed


def still_stands(connection: Connection, granted: GrantedCode) -> bool:
    """Whether a code may still be redeemed. Whoever takes consent back at this moment waits for the transaction and
    ends what it has made."""
    agreed = connection.execute(_standing_held, {"person": granted.person_id, "client": granted.client}).scalar()
    return agreed is not None and {*granted.scope.split(), *granted.resource} <= {*agreed.split()}


def agreed_scope(connection: Connection, person_id: uuid.UUID, client: uuid.UUID) -> frozenset[str] | None:
    """What the person has agreed to and not taken back; None when nothing was ever asked, or all was taken back."""
    agreed = connection.execute(_standing, {"person": person_id, "client": client}).scalar()
    return None if agreed is None else frozenset(agreed.split())


def give(connection: Connection, person_id: uuid.UUID, client: RegisteredClient, scope: frozenset[str]) -> None:
    """The person agrees, to what they agreed to before as well."""
    whole = " ".join(sorted(scope | (agreed_scope(connection, person_id, client.key) or frozenset())))
    row = {"person_id": person_id, "client_id": client.key, "scope": whole, "given_at": clock.now(), "withdrawn_at": None}
    connection.execute(_keep[connection.dialect.name], row)
    about: dict[str, Any] = {"person_id": person_id, "client_id": client.key, "scope": whole}
    audit.record(connection, audit.Event.CONSENT_GIVEN, actor=f"person:{person_id}", **about)


def withdraw(connection: Connection, person_id: uuid.UUID, client: uuid.UUID, *, actor: str) -> bool:
    """The person wants this client to know nothing more: its authorizations end at once, and it is told (Back-Channel Logout).
    Return whether there was anything to end."""
    taken_back = connection.execute(_end, {"person": person_id, "client": client, "now": clock.now()}).rowcount == 1
    ended = authorizations.revoke_of_client(connection, person_id, client, reason=WITHDRAWN)
    if not taken_back and not ended:
        return False
    about: dict[str, Any] = {"person_id": person_id, "client_id": client, "authorizations": ended}
    audit.record(connection, audit.Event.CONSENT_WITHDRAWN, actor=actor, **about)
    tell_clients_of_person(connection, [client], person_id)
    return True
