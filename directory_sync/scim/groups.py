"""Groups as a source sees them: the units of its part of the tree, which only our tree changes, and groups of its own."""

import hashlib
import json
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time
from typing import Any

from scim2_models import (
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    Reference,
    Resource,
)
from sqlalchemy import Connection, delete, func, insert, select, update

from directory_sync.scim.callers import Caller, one_at_a_time, within
from directory_sync.scim.models import ScimEntry, ScimGroup, ScimGroupMember
from directory_sync.scim.reading import LONGEST, meta
from directory_sync.scim.schemas import Group, GroupMember
from idp import audit, clock
from idp.database import new_id, table_of
from idp.people.models import Person, Unit

MOST_MEMBERS = 5000
_g, _m, _e, _p, _u = table_of(ScimGroup), table_of(ScimGroupMember), table_of(ScimEntry), table_of(Person), table_of(Unit)


def all_groups(connection: Connection, caller: Caller) -> list[Resource[Any]]:
    """Every group the caller sees, units first, without members."""
    return [*map(_unit_resource, _units(connection, caller)), *map(_group_resource, _groups(connection, caller))]


def find_one(connection: Connection, caller: Caller, resource_id: str | None, *, with_members: bool = True) -> Resource[Any]:
    """One group. Raises NotFoundException."""
    key = _key(resource_id)
    rows = [*map(_unit_resource, _units(connection, caller, key)), *map(_group_resource, _groups(connection, caller, key))]
    if not rows:
        raise NotFoundException(detail="no such resource")
    return complete(connection, caller, rows, with_members=with_members)[0]


def complete(connection: Connection, caller: Caller, found: Sequence[Resource[Any]], *, with_members: bool) -> list[Resource[Any]]:
    """The same groups with their versions, and with their members when they are wanted."""
    members = _members(connection, caller, [uuid.UUID(one.id or "") for one in found])
    for one in found:
        told = members[uuid.UUID(one.id or "")]
        one.meta.version = _version(one, told)  # type: ignore[union-attr]  # always set
        one.members = told if with_members else None  # type: ignore[attr-defined]
    return list(found)


def create(connection: Connection, caller: Caller, resource: Resource[Any]) -> Resource[Any]:
    """Add a group of the source. Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    now, key = clock.now(), new_id()
    row = {"id": key, "source": caller.source, "created_at": now, "updated_at": now, **_values(resource)}
    connection.execute(insert(_g), row)
    _keep_members(connection, caller, key, resource)
    audit.record(connection, audit.Event.SCIM_GROUP_CHANGED, actor=caller.actor, group=str(key), name=row["display_name"], deed="created")
    return find_one(connection, caller, str(key))


def change(connection: Connection, caller: Caller, resource: Resource[Any], expected_version: str | None) -> Resource[Any]:
    """Change a group of the source to what the resource says. Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    key = _require_own(connection, caller, resource.id, expected_version)
    values = _values(resource)
    connection.execute(update(_g).where(_g.c.id == key), {**values, "updated_at": clock.now()})
    _keep_members(connection, caller, key, resource)
    name = values["display_name"]
    audit.record(connection, audit.Event.SCIM_GROUP_CHANGED, actor=caller.actor, group=str(key), name=name, deed="changed")
    return find_one(connection, caller, str(key))


def remove(connection: Connection, caller: Caller, resource_id: str, expected_version: str | None) -> None:
    """Delete a group of the source; its people stay. Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    key = _require_own(connection, caller, resource_id, expected_version)
    connection.execute(delete(_m).where(_m.c.group_id == key))
    connection.execute(delete(_g).where(_g.c.id == key))
    audit.record(connection, audit.Event.SCIM_GROUP_CHANGED, actor=caller.actor, group=str(key), deed="deleted")


def _require_own(connection: Connection, caller: Caller, resource_id: str | None, expected_version: str | None) -> uuid.UUID:
    found = find_one(connection, caller, resource_id)
    if not _groups(connection, caller, _key(resource_id)):
        raise ForbiddenException(detail="a unit is changed by the unit tree only")
    if expected_version is not None and found.meta.version != expected_version:  # type: ignore[union-attr]  # always set
        raise PreconditionFailedException
    return _key(found.id)


def _values(resource: Any) -> dict[str, Any]:
    name, external = resource.display_name, resource.external_id
    for text in (name, external):
        if text is not None and (not 0 < len(text) <= LONGEST or "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            raise InvalidValueException(detail=f"displayName and externalId have 1 to {LONGEST} characters")
    return {"display_name": name, "external_id": external}


def _keep_members(connection: Connection, caller: Caller, group: uuid.UUID, resource: Any) -> None:
    wanted = {_member_key(member): member.display for member in resource.members or ()}
    if len(wanted) > MOST_MEMBERS:
        raise InvalidValueException(detail=f"a group has {MOST_MEMBERS} members at most")
    known = _visible(connection, caller, wanted)
    if known != set(wanted):
        raise InvalidValueException(detail="members.value is not the id of a person of this source")
    connection.execute(delete(_m).where(_m.c.group_id == group))
    if wanted:
        rows = [{"group_id": group, "person_id": key, "display": (display or "")[:LONGEST] or None} for key, display in wanted.items()]
        connection.execute(insert(_m), rows)


def _member_key(member: Any) -> uuid.UUID:
    if (member.display and "\0" in member.display) or (member.type or "User").lower() != "user":
        raise InvalidValueException(detail="a member is a person of this source")
    try:
        return uuid.UUID(member.value or (str(member.ref).rpartition("/")[2] if member.ref else ""))
    except ValueError:
        raise InvalidValueException(detail="members.value is not the id of a person of this source") from None


def _visible(connection: Connection, caller: Caller, keys: Collection[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    waiting = list(keys)
    for start in range(0, len(waiting), 500):
        ours = select(_e.c.person_id).join(_p, _p.c.id == _e.c.person_id)
        ours = ours.where(_e.c.person_id.in_(waiting[start : start + 500]), _e.c.source == caller.source, _e.c.deleted_at.is_(None))
        found |= set(connection.execute(ours.where(within(caller, _p.c.unit_id))).scalars())
    return found


def _units(connection: Connection, caller: Caller, key: uuid.UUID | None = None) -> Sequence[Any]:
    query = select(_u).where(_u.c.valid_to.is_(None), within(caller, _u.c.id)).order_by(_u.c.id)
    return connection.execute(query if key is None else query.where(_u.c.id == key)).all()


def _groups(connection: Connection, caller: Caller, key: uuid.UUID | None = None) -> Sequence[Any]:
    query = select(_g).where(_g.c.source == caller.source).order_by(_g.c.id)
    return connection.execute(query if key is None else query.where(_g.c.id == key)).all()


def _members(connection: Connection, caller: Caller, keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[GroupMember]]:
    """The members of units and groups: only people of the caller."""
    found: dict[uuid.UUID, list[GroupMember]] = {key: [] for key in keys}
    ours = (_e.c.source == caller.source, _e.c.deleted_at.is_(None))
    in_groups = (
        select(_m.c.group_id, _m.c.person_id, func.coalesce(_m.c.display, _p.c.name))
        .join(_p, _p.c.id == _m.c.person_id)
        .join(_e, _e.c.person_id == _p.c.id)
        .where(_m.c.group_id.in_(keys), *ours)
    )
    in_units = select(_p.c.unit_id, _p.c.id, _p.c.name).join(_e, _e.c.person_id == _p.c.id).where(_p.c.unit_id.in_(keys), *ours)
    for group, person, display in [*connection.execute(in_groups), *connection.execute(in_units)] if keys else ():
        found[group].append(GroupMember(value=str(person), ref=Reference(f"Users/{person}"), type="User", display=display))
    for members in found.values():
        members.sort(key=lambda member: str(member.value))
    return found


def _unit_resource(row: Any) -> Resource[Any]:
    since = datetime.combine(row.valid_from, time(), UTC)
    resource = Group(id=str(row.id), display_name=row.name, external_id=row.code)
    resource.meta = meta("Group", since, since)
    return resource


def _group_resource(row: Any) -> Resource[Any]:
    resource = Group(id=str(row.id), display_name=row.display_name, external_id=row.external_id)
    resource.meta = meta("Group", row.created_at, row.updated_at)
    return resource


def _version(resource: Any, members: Sequence[GroupMember]) -> str:
    facts = [resource.display_name, resource.external_id, [[one.value, one.display] for one in members]]
    return f'W/"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]}"'


def _key(resource_id: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(resource_id or "")
    except ValueError:
        raise NotFoundException(detail="no such resource") from None
