"""People that a source pushes: created, changed and suspended by the deeds of every sync, in the transaction that keeps what was said."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from scim2_models import (
    ConflictException,
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    UniquenessException,
)
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, or_, select, update

from directory_sync import apply
from directory_sync.changes import GONE, compare
from directory_sync.known import known_among, placing_units
from directory_sync.ledger import Run
from directory_sync.precedence_applied import keep_entries, weigh_sources
from directory_sync.scim import guard, reading, runs
from directory_sync.scim.callers import Caller, one_at_a_time, within
from directory_sync.scim.models import ScimAddress, ScimEntry, ScimGroup, ScimGroupMember
from directory_sync.scim.schemas import ENTERPRISE, OFFICIAL
from directory_sync.source.reading import Reading
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitTree
from idp import clock
from idp.database import new_ids, table_of
from idp.people.models import Person, Unit

_e, _a, _p, _u = table_of(ScimEntry), table_of(ScimAddress), table_of(Person), table_of(Unit)
_g, _m = table_of(ScimGroup), table_of(ScimGroupMember)
_NO_TREE = UnitTree((), {}, {}, b"")
ROWS = (
    select(
        _e, _p.c.state, _p.c.state_reason, _p.c.directory_dn, _p.c.unit_id, _p.c.source_key, _u.c.name.label("unit_name"), _u.c.source_key.label("unit_key"),
        _p.c.name.label("person_name"),
    ).select_from(_e.join(_p, _p.c.id == _e.c.person_id).outerjoin(_u, _u.c.id == _p.c.unit_id))
)  # fmt: skip
_person_by_key = select(_p.c.id).where(_p.c.source == bindparam("of_source"), _p.c.source_key == bindparam("key"))
_memberships = (
    select(_m.c.person_id, _g.c.id, _g.c.display_name)
    .join(_g, _g.c.id == _m.c.group_id)
    .where(_m.c.person_id.in_(bindparam("people", expanding=True)))
    .order_by(_g.c.display_name, _g.c.id)
)


def seen_by(caller: Caller) -> Any:
    """The condition that keeps the people of the caller."""
    return and_(_e.c.source == caller.source, _e.c.deleted_at.is_(None), within(caller, _p.c.unit_id))


def require_row(connection: Connection, caller: Caller, resource_id: str | None) -> Any:
    """What is kept of one of the caller's people. Raises NotFoundException, also for somebody else's."""
    try:
        key = uuid.UUID(resource_id or "")
    except ValueError:
        raise NotFoundException(detail="no such resource") from None
    row = connection.execute(ROWS.where(_e.c.person_id == key, seen_by(caller))).first()
    if row is None:
        raise NotFoundException(detail="no such resource")
    return row


def resources_of(connection: Connection, rows: Sequence[Any]) -> list[Resource[Any]]:
    """The resources of people, with their groups: the unit, then the groups of the source."""
    groups: dict[uuid.UUID, list[tuple[str, str]]] = {row.person_id: [] for row in rows}
    for row in rows:
        if row.unit_id is not None:
            groups[row.person_id].append((str(row.unit_id), row.unit_name))
    for member in connection.execute(_memberships, {"people": list(groups)}) if groups else ():
        groups[member.person_id].append((str(member.id), member.display_name))
    return [reading.resource_of(row, groups[row.person_id]) for row in rows]


def find_one(connection: Connection, caller: Caller, resource_id: str | None) -> Resource[Any]:
    """One of the caller's people. Raises NotFoundException."""
    return resources_of(connection, [require_row(connection, caller, resource_id)])[0]


def create(connection: Connection, caller: Caller, resource: Resource[Any]) -> Resource[Any]:
    """Add a person, or have one back whom the source had taken away: known by its own key for them, or by their staff number.
    Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    told = {"active": True, **reading.told_of(resource)}
    back = _gone_before(connection, caller, told)
    source_key = back.source_key if back is not None else str(uuid.uuid4())
    _write(connection, caller, told, source_key, back.person_id if back is not None else None)
    person_id: uuid.UUID = connection.execute(_person_by_key, {"of_source": caller.source, "key": source_key}).scalar_one()
    now = clock.now()
    row = {**_kept(resource, told, person_id), "source": caller.source, "created_at": now, "updated_at": now, "deleted_at": None}
    connection.execute(update(_e).where(_e.c.person_id == person_id), row) if back is not None else connection.execute(insert(_e), row)
    _keep_addresses(connection, person_id, told)
    return find_one(connection, caller, str(person_id))


def change(connection: Connection, caller: Caller, resource: Resource[Any], expected_version: str | None) -> Resource[Any]:
    """Change a person to what the resource says. Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    row = require_row(connection, caller, resource.id)
    _check_version(connection, row, expected_version)
    told = reading.told_of(resource)
    _write(connection, caller, told, row.source_key, row.person_id)
    kept = _kept(resource, told, row.person_id)
    connection.execute(update(_e).where(_e.c.person_id == row.person_id), {**kept, "updated_at": clock.now()})
    _keep_addresses(connection, row.person_id, told)
    return find_one(connection, caller, str(row.person_id))


def remove(connection: Connection, caller: Caller, resource_id: str, expected_version: str | None) -> None:
    """Suspend a person whom the source takes away; everything of theirs waits for their return. Raises what a SCIM answer tells."""
    one_at_a_time(connection)
    row = require_row(connection, caller, resource_id)
    _check_version(connection, row, expected_version)
    _carry_out(connection, caller, row.source_key, None, [])
    connection.execute(update(_e).where(_e.c.person_id == row.person_id), {"deleted_at": clock.now()})
    connection.execute(delete(_m).where(_m.c.person_id == row.person_id))


def _check_version(connection: Connection, row: Any, expected: str | None) -> None:
    meta = resources_of(connection, [row])[0].meta if expected is not None else None
    if meta is not None and meta.version != expected:
        raise PreconditionFailedException


def _write(connection: Connection, caller: Caller, told: Mapping[str, Any], source_key: str, person_id: uuid.UUID | None) -> None:
    unit = _place(connection, caller, told)
    _check_manager(connection, caller, told)
    record = reading.understand(told, source_key, unit.source_key if unit is not None else None)
    if not record.username_key:
        raise InvalidValueException(detail="userName holds nothing that a person could sign in with")
    _check_unique(connection, caller, told, record, person_id)
    _carry_out(connection, caller, source_key, record, [unit] if unit is not None else [])


def _carry_out(connection: Connection, caller: Caller, source_key: str, record: StaffRecord | None, units: Sequence[Any]) -> None:
    """As a run that read this one person: compare, judge, apply, write down."""
    fresh, gone = ({source_key: record}, set()) if record is not None else ({}, {source_key})
    read = Reading(_NO_TREE, set(fresh), fresh, gone, is_whole=False, has_units=False)
    changes = compare(connection, caller.source, known_among(connection, caller.source, [source_key]), {}, read)
    changes = weigh_sources(connection, changes, read)
    guard.check(connection, caller, len(changes.suspensions))
    if changes.are_none and not changes.updates:
        keep_entries(connection, changes)
        return
    run: Run = runs.current_run(connection, caller)
    placed: apply.Units = {unit.source_key: (unit.id, unit.name) for unit in units}
    if changes.entries:  # other sources may have placed them elsewhere
        placed = {key: (unit.unit_id, unit.record.name) for key, unit in placing_units(connection, caller.source).items()}
    apply.apply_suspensions(connection, run, changes.suspensions)
    apply.apply_updates(connection, run, changes.updates, placed) if changes.updates else None
    apply.apply_returns(connection, run, changes.returns)
    apply.apply_joins(connection, run, changes.joins, placed) if changes.joins else None
    keep_entries(connection, changes)
    runs.count(connection, run, changes, runs.names(units))


def _place(connection: Connection, caller: Caller, told: Mapping[str, Any]) -> Any | None:
    """The open unit that a person belongs to: by its code, else by the name or code of the department, else the caller's own. Raises
    ForbiddenException for one that is not the caller's."""
    code, department = told.get(OFFICIAL, {}).get("unitCode"), told.get(ENTERPRISE, {}).get("department")
    named = code or department
    columns = (_u.c.id, _u.c.name, _u.c.source_key)
    found = []
    if named:
        condition = _u.c.code == named if code else or_(_u.c.code == named, _u.c.name == reading.tidy(named))
        found = list(connection.execute(select(*columns).where(condition, _u.c.valid_to.is_(None)).limit(50)))
        ours = [unit for unit in found if caller.reach is None or unit.id in caller.reach]
        if code and not ours and caller.reach is not None:
            raise ForbiddenException(detail="this unit is not one of the caller's")
        found = ours
    if len(found) == 1:
        return found[0]
    return connection.execute(select(*columns).where(_u.c.id == caller.unit_id)).first() if caller.unit_id else None


def _check_manager(connection: Connection, caller: Caller, told: Mapping[str, Any]) -> None:
    manager = told.get(ENTERPRISE, {}).get("manager")
    if manager:
        try:
            require_row(connection, caller, manager["value"])
        except NotFoundException:
            raise InvalidValueException(detail="manager.value is not the id of a person of this source") from None


def _gone_before(connection: Connection, caller: Caller, told: Mapping[str, Any]) -> Any | None:
    external, number = told.get("externalId"), reading.tidy(told.get(ENTERPRISE, {}).get("employeeNumber"))
    known = [_e.c.external_id == external] if external else []
    known += [_p.c.staff_code == number] if number else []
    if not known:
        return None
    gone = ROWS.where(_e.c.source == caller.source, _e.c.deleted_at.is_not(None), or_(*known), within(caller, _p.c.unit_id))
    rows = connection.execute(gone.limit(2)).all()
    if len(rows) > 1:
        raise ConflictException(detail="externalId and employeeNumber are those of two people who were here before")
    return rows[0] if rows else None


def _check_unique(
    connection: Connection, caller: Caller, told: Mapping[str, Any], record: StaffRecord, person_id: uuid.UUID | None
) -> None:
    """Nobody gets a name, an official address or a number by which somebody else is known, of whatever source: both could not sign
    in any more, or one would be taken for the other. Raises UniquenessException."""
    external = told.get("externalId")
    if external:
        other = select(_e.c.person_id).where(_e.c.source == caller.source, _e.c.external_id == external)
        if connection.execute(other.where(_e.c.person_id != person_id) if person_id else other).first() is not None:
            raise UniquenessException(detail="externalId is taken")
    names = {name for name in (record.username_key, record.mail_key) if name}
    taken: list[ColumnElement[bool]] = [column.in_(names) for column in (_p.c.username_key, _p.c.mail_key, _p.c.alias_key)]
    taken += [_p.c.staff_code == record.staff_code] if record.staff_code else []
    holder = select(_p.c.id).where(or_(*taken), or_(_p.c.state_reason.is_(None), _p.c.state_reason != GONE)).limit(1)
    if connection.execute(holder.where(_p.c.id != person_id) if person_id else holder).first() is not None:
        raise UniquenessException(detail="userName, the official address or employeeNumber is taken")


def _kept(resource: Resource[Any], told: Mapping[str, Any], person_id: uuid.UUID) -> dict[str, Any]:
    compared = reading.keys_of(resource, person_id)
    return {
        "person_id": person_id, "external_id": told.get("externalId"), "user_name_key": compared[reading.USER_NAME], "told": dict(told),
        "compared": compared,
    }  # fmt: skip


def _keep_addresses(connection: Connection, person_id: uuid.UUID, told: Mapping[str, Any]) -> None:
    connection.execute(delete(_a).where(_a.c.person_id == person_id))
    found = reading.addresses_of(told)
    if found:
        rows = [{"id": key, "person_id": person_id, **row} for key, row in zip(new_ids(len(found)), found, strict=True)]
        connection.execute(insert(_a), rows)
