"""Who pushes: the source that an access token speaks for, and which part of the tree its people belong to."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from clients.models import Client
from directory_sync.scim.models import ScimSource
from idp.database import table_of
from idp.people.units import below
from idp.settings import current_settings

PATH = "/scim/v2"
READ, WRITE = "scim:read", "scim:write"
_s, _c = table_of(ScimSource), table_of(Client)
_by_client = select(_s, _c.c.client_id.label("client_name")).join(_c, _c.c.id == _s.c.client_id).where(_s.c.client_id == bindparam("key"))
_lock_all = select(_s.c.id).order_by(_s.c.id).with_for_update()


@dataclass(frozen=True)
class Caller:
    """A source that pushes. `scopes`: what its token allows; `reach`: the units its people belong to, None for all."""

    source: str
    client_key: uuid.UUID
    actor: str
    unit_id: uuid.UUID | None
    reach: frozenset[uuid.UUID] | None
    scopes: frozenset[str]
    signed: bool
    withdrawals: int | None
    raised_to: int | None
    raised_until: datetime | None


def resource_identifier() -> str:
    """The resource (RFC 8707) that tokens for this service are for, and the address of the service."""
    return current_settings().issuer + PATH


def find_caller(connection: Connection, client_key: uuid.UUID, scopes: Collection[str]) -> Caller | None:
    """The source that this client speaks for, or None."""
    row = connection.execute(_by_client, {"key": client_key}).first()
    if row is None:
        return None
    reach = frozenset(connection.execute(select(below([row.unit_id]).c.id)).scalars()) if row.unit_id else None
    return Caller(
        row.source, row.client_id, f"client:{row.client_name}"[:64], row.unit_id, reach, frozenset(scopes), row.signed, row.withdrawals,
        row.raised_to, row.raised_until,
    )  # fmt: skip


def one_at_a_time(connection: Connection) -> None:
    """Let no other source write until the transaction ends: two never claim one name at once, and what a guard has counted stays
    true until it is acted upon."""
    connection.execute(_lock_all)


def within(caller: Caller, unit_column: Any) -> Any:
    """The condition on a column of unit keys that keeps what the caller may see."""
    return unit_column.in_(caller.reach) if caller.reach is not None else True
