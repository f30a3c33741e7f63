"""Roles of machine clients at the API: given once two officers have said so, and taken, each time with names in the audit trail."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.roles.models import ApiGrant, Role

# An owner of applications is a named person; a program is none.
API_ROLES = tuple(role for role in Role if role is not Role.CLIENT_OWNER)
_a = table_of(ApiGrant)


def _held(client_key: uuid.UUID, role: Role, unit_id: uuid.UUID | None) -> Any:
    return (_a.c.client_id == client_key, _a.c.role == role.value, _a.c.unit_id == unit_id, _a.c.revoked_at.is_(None))


def give(
    connection: Connection, client_key: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None, asked_by: str, approved_by: str, reason: str
) -> bool:
    """Give a client a role, for one unit or the whole province; return whether it did not hold it yet."""
    if connection.execute(select(_a.c.id).where(*_held(client_key, role, unit_id)).limit(1)).first():
        return False
    now = clock.now()
    row = {
        "id": new_id(), "client_id": client_key, "role": role.value, "unit_id": unit_id, "reason": reason, "asked_at": now,
        "asked_by": asked_by, "approved_at": now, "approved_by": approved_by,
    }  # fmt: skip
    connection.execute(insert(_a), row)
    _record(connection, audit.Event.API_ROLE_GRANTED, client_key, role, unit_id, approved_by, asked_by=asked_by, reason=reason)
    return True


def take(
    connection: Connection, client_key: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None, actor: str, reason: str | None = None
) -> bool:
    """Take a role given for exactly this unit, or for the whole province, at once; return whether the client held it."""
    ended = update(_a).where(*_held(client_key, role, unit_id)).values(revoked_at=clock.now(), revoked_by=actor).returning(_a.c.id)
    if connection.execute(ended).first() is None:
        return False
    _record(connection, audit.Event.API_ROLE_REVOKED, client_key, role, unit_id, actor, **({"reason": reason} if reason else {}))
    return True


def find_grants(connection: Connection, client_key: uuid.UUID | None = None) -> Sequence[Any]:
    """Roles in force, the oldest first: of one client, or of all."""
    query = select(_a).where(_a.c.revoked_at.is_(None)).order_by(_a.c.asked_at, _a.c.id)
    return connection.execute(query if client_key is None else query.where(_a.c.client_id == client_key)).all()


def _record(
    connection: Connection, event: audit.Event, client_key: uuid.UUID, role: Role, unit_id: uuid.UUID | None, actor: str, **told: Any
) -> None:
    unit = str(unit_id) if unit_id else None
    audit.record(connection, event, actor=actor, client_id=client_key, role=role.value, unit_id=unit, **told)
