"""What a scheme would move: the people of each old unit, the roles bound to it, and what else in the house names it."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from directory_sync.reorganisation_models import ReorganisationRow, RoleFate
from idp.database import db, table_of
from idp.people.models import Person, PersonState, Unit
from idp.people.unit_models import SuccessionKind, UnitSuccessor, UnitVersion
from idp.roles.models import RoleGrant

_p, _u, _g, _s = table_of(Person), table_of(Unit), table_of(RoleGrant), table_of(UnitSuccessor)
# Tables that tell of the past, or are shown in columns of their own: not what a vanishing unit leaves behind.
_OWN = {one.__tablename__ for one in (Person, Unit, RoleGrant, UnitVersion, UnitSuccessor, ReorganisationRow)} | {"sync_change"}


@dataclass(frozen=True)
class RowPreview:
    """One row with what hangs on its old unit: active people of it and of all below, how many of a finished one went along; `roles`:
    who holds which role for it, or below it, and whether the row hands it on; `widens`: a role handed on would reach more people than
    before, `reach` of them."""

    row: Any
    people: int
    went: int | None
    roles: Sequence[tuple[str, str, str, bool]]  # person's name, role, unit's name, follows
    widens: bool
    others: Mapping[str, int]  # table → rows that name the unit


def preview_rows(connection: Connection, rows: Sequence[Any]) -> list[RowPreview]:
    """Each row with what it moves."""
    people = _people(connection)
    children: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for unit_id, parent_id in connection.execute(select(_u.c.id, _u.c.parent_id)):
        children.setdefault(parent_id, []).append(unit_id)
    roles, others, went = _roles(connection), _others(connection), _went(connection)
    into = Counter((row.new_code or row.new_name) for row in rows if row.flaw is None and row.old_unit_id)
    found = []
    for row in rows:
        own = _below(row.old_unit_id, children) if row.old_unit_id else []
        held = [
            (name, role, unit_name, follows)
            for unit_id in own
            for name, role, unit_name in roles.get(unit_id, ())
            for follows in [unit_id == row.old_unit_id and row.roles == RoleFate.FOLLOW and row.kind != SuccessionKind.VANISH]
        ]
        named = sum((others.get(unit_id, Counter()) for unit_id in own), Counter[str]())
        widens = any(follows for *_rest, follows in held) and into[row.new_code or row.new_name] > 1
        pair = (row.old_unit_id, row.new_unit_id)
        found.append(RowPreview(row, sum(people[unit_id] for unit_id in own), went.get(pair), held, widens, named))
    return found


def _people(connection: Connection) -> Counter[uuid.UUID | None]:
    query = select(_p.c.unit_id, func.count().label("people")).where(_p.c.state == PersonState.ACTIVE).group_by(_p.c.unit_id)
    return Counter({row.unit_id: row.people for row in connection.execute(query)})


def _below(unit_id: uuid.UUID, children: Mapping[uuid.UUID | None, Sequence[uuid.UUID]]) -> list[uuid.UUID]:
    found, waiting = [], [unit_id]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting += children.get(one, ())
    return found


def _roles(connection: Connection) -> dict[uuid.UUID, list[tuple[str, str, str]]]:
    query = (
        select(_g.c.unit_id, _p.c.name, _g.c.role, _u.c.name.label("unit_name"))
        .join(_p, _p.c.id == _g.c.person_id)
        .join(_u, _u.c.id == _g.c.unit_id)
        .where(_g.c.revoked_at.is_(None))
        .order_by(_p.c.sort_key)
    )
    found: dict[uuid.UUID, list[tuple[str, str, str]]] = {}
    for unit_id, *told in connection.execute(query):
        found.setdefault(unit_id, []).append(tuple(told))
    return found


def _others(connection: Connection) -> dict[uuid.UUID, Counter[str]]:
    """Everything else that names a unit, found by the schema itself: rules of applications, their owners, posts."""
    found: dict[uuid.UUID, Counter[str]] = {}
    for table in db.metadata.sorted_tables:
        for column in _naming_units(table):
            counted = select(column, func.count()).where(column.is_not(None), *_is_kept(table)).group_by(column)
            for unit_id, count in connection.execute(counted):
                found.setdefault(unit_id, Counter())[table.name] += count
    return found


def _is_kept(table: Table) -> list[Any]:
    """What was taken back names nothing any more."""
    return [table.c.removed_at.is_(None)] if "removed_at" in table.c else []


def _naming_units(table: Table) -> list[Any]:
    return [] if table.name in _OWN else [key.parent for key in table.foreign_keys if key.column is _u.c.id]


def _went(connection: Connection) -> dict[tuple[uuid.UUID, uuid.UUID], int]:
    return {(row.unit_id, row.successor_id): row.people for row in connection.execute(select(_s.c.unit_id, _s.c.successor_id, _s.c.people))}
