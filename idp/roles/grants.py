"""Roles are given and taken, each time with a name in the audit trail; a grant is ended, never deleted."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.roles.models import Role, RoleGrant

_g = table_of(RoleGrant)


def _held(person_id: uuid.UUID, role: Role, unit_id: uuid.UUID | None) -> Any:
    return (_g.c.person_id == person_id, _g.c.role == role.value, _g.c.unit_id == unit_id, _g.c.revoked_at.is_(None))


def grant(connection: Connection, person_id: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None = None, actor: str) -> bool:
    """Give a role, for one unit or the whole province; return whether the person did not hold it yet."""
    if connection.execute(select(_g.c.id).where(*_held(person_id, role, unit_id)).limit(1)).first():
        return False
    row = {
        "id": new_id(),
        "person_id": person_id,
        "role": role.value,
        "unit_id": unit_id,
        "granted_at": clock.now(),
        "granted_by": actor,
    }
    connection.execute(insert(_g), row)
    _record(connection, audit.Event.ROLE_GRANTED, person_id, role, unit_id, actor)
    return True


def revoke(connection: Connection, person_id: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None = None, actor: str) -> bool:
    """Take a role given for exactly this unit, or for the whole province; return whether the person held it."""
    ended = connection.execute(update(_g).where(*_held(person_id, role, unit_id)).values(revoked_at=clock.now()))
    if ended.rowcount == 0:
        return False
    _record(connection, audit.Event.ROLE_REVOKED, person_id, role, unit_id, actor)
    return True


def find_grants(connection: Connection, person_id: uuid.UUID | None = None) -> Sequence[Any]:
    """Grants in force, oldest first: of one person, or all."""
    query = select(_g.c.person_id, _g.c.role, _g.c.unit_id, _g.c.granted_at, _g.c.granted_by).where(_g.c.revoked_at.is_(None))
    if person_id is not None:
        query = query.where(_g.c.person_id == person_id)
    return connection.execute(query.order_by(_g.c.granted_at, _g.c.id)).all()


def _record(connection: Connection, event: audit.Event, person_id: uuid.UUID, role: Role, unit_id: uuid.UUID | None, actor: str) -> None:
    audit.record(connection, event, actor=actor, person_id=person_id, role=role.value, unit_id=str(unit_id) if unit_id else None)
