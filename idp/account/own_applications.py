"""The applications that a person has entered: what each knows, since when, and when it last asked."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, bindparam, func, select

from clients.models import Client
from clients.registry import from_row
from idp.audit import AuditEvent, Event
from idp.database import table_of
from idp.oidc.backchannel_logout import deliveries
from idp.oidc.models import Authorization, Consent
from idp.oidc.scope_words import words_of
from idp.oidc.third_party_login import login_uri

SHOWN_SIGN_OUTS = 3
_a, _c, _k, _e = table_of(Authorization), table_of(Client), table_of(Consent), table_of(AuditEvent)
_last_used = func.max(func.coalesce(_a.c.refreshed_at, _a.c.created_at))
_held = (
    select(_a.c.client_id, _a.c.scope, func.min(_a.c.created_at).label("first"), _last_used.label("last"))
    .where(_a.c.person_id == bindparam("person"), _a.c.revoked_at.is_(None))
    .group_by(_a.c.client_id, _a.c.scope)
)
_agreed = select(_k.c.client_id, _k.c.scope, _k.c.given_at).where(_k.c.person_id == bindparam("person"), _k.c.withdrawn_at.is_(None))
# Authorizations are forgotten after a month; the trail knows when it began.
_began = (
    select(_e.c.client_id, func.min(_e.c.at).label("first"))
    .where(_e.c.person_id == bindparam("person"), _e.c.event == Event.AUTHORIZATION_GRANTED.value)
    .group_by(_e.c.client_id)
)
_clients = select(_c).where(_c.c.id.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True)
class SignOut:
    """One time that the application was told to sign the person out; `confirmed_at` None: it does not know, or does not yet."""

    told_at: datetime
    confirmed_at: datetime | None
    given_up: bool


@dataclass
class OwnApplication:
    """One application, in words for the person. `agreed_at`: when they agreed, if they were asked; `key` is the client's;
    `login_uri`: the link that enters it, if it has one."""

    key: uuid.UUID
    name: str
    address: str
    contacts: tuple[str, ...]
    knows: list[str] = field(default_factory=list)
    since: datetime | None = None
    last_used_at: datetime | None = None
    agreed_at: datetime | None = None
    login_uri: str | None = None
    sign_outs: tuple[SignOut, ...] = ()


def applications_of(connection: Connection, person_id: uuid.UUID) -> list[OwnApplication]:
    """The applications that hold an authorization of this person or were agreed to, the one used last first."""
    values = {"person": person_id}
    held, agreed = connection.execute(_held, values).all(), connection.execute(_agreed, values).all()
    keys = {row.client_id for row in (*held, *agreed)}
    if not keys:
        return []
    began = {row.client_id: row.first for row in connection.execute(_began, values)}
    found = [_told(row, held, agreed) for row in connection.execute(_clients, {"keys": list(keys)})]
    told = deliveries(connection, person_id=person_id)
    for one in found:
        one.sign_outs = tuple(
            SignOut(line.created_at, line.delivered_at, line.failed_at is not None) for line in told if line.client_id == one.key
        )[:SHOWN_SIGN_OUTS]
        one.since = min(filter(None, (one.since, began.get(one.key), one.agreed_at)), default=None)
    return sorted(found, key=lambda one: one.last_used_at or one.agreed_at or one.since, reverse=True)  # type: ignore[arg-type, return-value]


def _told(row: Any, held: Any, agreed: Any) -> OwnApplication:
    client = from_row(row)
    own = [one for one in held if one.client_id == client.key]
    consent = next((one for one in agreed if one.client_id == client.key), None)
    scope = {name for one in own for name in one.scope.split()} | set(consent.scope.split() if consent else ())
    address = urlsplit(client.client_uri or min(client.redirect_uris, default="")).netloc
    return OwnApplication(
        key=client.key,
        name=client.client_name,
        address=address,
        contacts=client.metadata.contacts,
        knows=words_of(scope, client),
        since=min((one.first for one in own), default=None),
        last_used_at=max((one.last for one in own), default=None),
        agreed_at=consent.given_at if consent else None,
        login_uri=login_uri(client) if client.is_enabled else None,
    )
