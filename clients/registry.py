"""The registry: finds the client of a request, from memory while its version is unchanged."""

import re
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from clients.entry import EntryRule, RoleRule, role_rules_of, rules_of
from clients.metadata import ClientMetadata, from_columns
from clients.models import Client, ClientSecret
from clients.watch import Watch, watch_of
from idp.at_hand import this_application
from idp.database import reader, table_of

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
FRESH_SECONDS = 1.0  # a change made elsewhere is seen after this at the latest


@dataclass(frozen=True)
class KnownSecret:
    """A secret as it is kept: SHA-256 of it, until when it is accepted (None: until it is replaced), and sealed for a client that
    signs with it."""

    id: uuid.UUID
    digest: bytes
    expires_at: datetime | None
    sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RegisteredClient:
    """A client as the endpoints need it (metadata names: RFC 7591 §2). `key` is its primary key, `client_id` its public name;
    what is looked at in every request has a field of its own, `metadata` holds all. `entry`: who may come in through it;
    `is_open_always`: everybody, whatever the day; `roles`: what they are there; `watch`: the check of it that is open."""

    key: uuid.UUID
    client_id: str
    client_name: str
    token_endpoint_auth_method: str
    redirect_uris: frozenset[str]
    post_logout_redirect_uris: frozenset[str]
    backchannel_logout_uri: str | None
    client_uri: str | None
    scopes: frozenset[str]
    id_token_signed_response_alg: str
    minimum_acr: str
    require_pkce: bool
    is_enabled: bool
    version: int
    secrets: tuple[KnownSecret, ...]
    metadata: ClientMetadata
    entry: tuple[EntryRule, ...] = ()
    is_open_always: bool = False
    roles: tuple[RoleRule, ...] = ()
    watch: Watch | None = None

    @property
    def is_public(self) -> bool:
        """Whether it can keep no secret: then PKCE is all that ties a code to it (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"


_c, _s = table_of(Client), table_of(ClientSecret)
_by_client_id = select(_c).where(_c.c.client_id == bindparam("client_id"))
_by_key = select(_c.c.client_id).where(_c.c.id == bindparam("key"))
_version = select(_c.c.version).where(_c.c.client_id == bindparam("client_id"))
_secrets = select(_s.c.id, _s.c.digest, _s.c.expires_at, _s.c.sealed).where(_s.c.client_id == bindparam("client")).order_by(_s.c.id.desc())


def find_client(client_id: str) -> RegisteredClient | None:
    """The client of this public name, or None when there is none or it is disabled."""
    known = _find_known(client_id)
    return known if known is not None and known.is_enabled else None


def find_even_disabled(client_id: str) -> RegisteredClient | None:
    """As `find_client`, for deeds that must reach a disabled one: telling it about a logout, say."""
    return _find_known(client_id)


def find_by_key(key: uuid.UUID) -> RegisteredClient | None:
    """The client of this primary key, even when it is disabled."""
    client_id = reader().execute(_by_key, {"key": key}).scalar()
    return _find_known(client_id) if client_id is not None else None


def is_client_id(text: str) -> bool:
    """Whether a text has the form of a client_id; nothing else is looked up."""
    return _CLIENT_ID.fullmatch(text) is not None


def forget(client_id: str) -> None:
    """Read this client anew next time. For the deeds that change it."""
    _memory().pop(client_id, None)


def _memory() -> dict[str, tuple[float, RegisteredClient]]:
    # Of clients that exist only: asking for invented names fills nothing.
    memory: dict[str, tuple[float, RegisteredClient]] = this_application().extensions.setdefault("hopnhat.clients", {})
    return memory


def _find_known(client_id: str) -> RegisteredClient | None:
    if not is_client_id(client_id):
        return None
    memory, present = _memory(), time.monotonic()
    kept = memory.get(client_id)
    if kept is not None and present - kept[0] < FRESH_SECONDS:
        return kept[1]
    if kept is not None and reader().execute(_version, {"client_id": client_id}).scalar() == kept[1].version:
        memory[client_id] = (present, kept[1])
        return kept[1]
    found = _read(client_id)
    if found is None:
        memory.pop(client_id, None)
    else:
        memory[client_id] = (present, found)
    return found


def _read(client_id: str) -> RegisteredClient | None:
    row = reader().execute(_by_client_id, {"client_id": client_id}).first()
    if row is None:
        return None
    secrets = tuple(KnownSecret(*secret) for secret in reader().execute(_secrets, {"client": row.id}))
    roles, watch = role_rules_of(reader(), row.id), watch_of(reader(), row.id)
    return replace(from_row(row, secrets, rules_of(reader(), row.id)), roles=roles, watch=watch)


def from_row(row: Any, secrets: tuple[KnownSecret, ...] = (), entry: tuple[EntryRule, ...] = ()) -> RegisteredClient:
    """The client that a row of its table tells of."""
    metadata = from_columns(row)
    return RegisteredClient(
        key=row.id,
        client_id=row.client_id,
        client_name=row.client_name,
        token_endpoint_auth_method=row.token_endpoint_auth_method,
        redirect_uris=frozenset(row.redirect_uris),
        post_logout_redirect_uris=frozenset(row.post_logout_redirect_uris),
        backchannel_logout_uri=row.backchannel_logout_uri,
        client_uri=row.client_uri,
        scopes=frozenset(row.scope.split()),
        id_token_signed_response_alg=row.id_token_signed_response_alg,
        minimum_acr=row.minimum_acr,
        require_pkce=metadata.require_pkce,
        is_enabled=row.disabled_at is None,
        version=row.version,
        secrets=secrets,
        metadata=metadata,
        entry=entry,
        is_open_always=any(rule.is_open_always for rule in entry),
    )
