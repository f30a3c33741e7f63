"""Who may enter which application: asked at every door that lets somebody in, answered from memory where everybody may."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, false, or_, select, true

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.registry import RegisteredClient
from idp.database import reader, table_of
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.people.unit_paths import units_up_from
from idp.people.units import below
from idp.prepared import first
from idp.roles.models import RoleGrant
from idp.web.formats import today

_p, _g = table_of(Person), table_of(RoleGrant)
_facts = select(_p.c.unit_id, _p.c.staff_category).where(_p.c.id == bindparam("person"))
_roles = select(_g.c.role).where(
    _g.c.person_id == bindparam("person"),
    _g.c.revoked_at.is_(None),
    _g.c.begun_at.is_not(None),
    or_(_g.c.valid_until.is_(None), _g.c.valid_until >= bindparam("day")),
)


def may_enter(connection: Connection, person_id: uuid.UUID, client: RegisteredClient) -> bool:
    """Whether this person may enter this application today. Of one that is open to everybody, nothing is asked."""
    if client.is_open_always or (client.watch is not None and client.watch.lets_in(person_id)):
        return True
    rules = _in_force(client)
    if not rules or any(rule.kind is EntryKind.EVERYBODY for rule in rules):
        return bool(rules)
    row = first(connection, _facts, {"person": person_id})
    return row is not None and _is_let_in(connection, rules, person_id, row.unit_id, row.staff_category)


def row_may_enter(person: Any, client: RegisteredClient) -> bool:
    """As `may_enter`, of a row that has been read already: `of_person`, `unit_id`, `staff_category`."""
    if client.is_open_always or (client.watch is not None and client.watch.lets_in(person.of_person)):
        return True
    rules = _in_force(client)
    if not rules or any(rule.kind is EntryKind.EVERYBODY for rule in rules):
        return bool(rules)
    return _is_let_in(reader(), rules, person.of_person, person.unit_id, person.staff_category)


def roles_in(person: Any, client: RegisteredClient) -> list[str]:
    """The roles that this person has in the application today, of a row with `of_person`, `unit_id`, `staff_category` and `title`."""
    if not client.roles:
        return []
    day = today()
    units = units_up_from(person.unit_id)
    return sorted({
        rule.name
        for rule in client.roles
        if rule.holds_on(day)
        and rule.person_id in (None, person.of_person)
        and rule.staff_category in (None, person.staff_category)
        and (rule.title is None or rule.title.casefold() == (person.title or "").casefold())
        and (rule.unit_id is None or rule.unit_id in units)
    })  # fmt: skip


def entitled_people(client: RegisteredClient) -> Select[tuple[uuid.UUID]]:
    """One SELECT of the keys of all people at work whom the rules of today let in; of nobody who was made up for a check."""
    return select(_p.c.id).where(_p.c.state == PersonState.ACTIVE.value, _p.c.source != INTEGRATION_CHECK, is_entitled(client.entry))


def is_entitled(rules: tuple[EntryRule, ...]) -> ColumnElement[bool]:
    """The condition on a person to be let in by one of these rules today."""
    day = today()
    holding = [rule for rule in rules if rule.holds_on(day)]
    if any(rule.kind is EntryKind.EVERYBODY for rule in holding):
        return true()
    units = [rule.unit_id for rule in holding if rule.unit_id is not None]
    categories = [rule.staff_category for rule in holding if rule.staff_category is not None]
    roles = [rule.role for rule in holding if rule.role is not None]
    people = [rule.person_id for rule in holding if rule.person_id is not None]
    ways: list[ColumnElement[bool]] = []
    if units:
        ways.append(_p.c.unit_id.in_(select(below(units).c.id)))
    if categories:
        ways.append(_p.c.staff_category.in_(categories))
    if roles:
        counts = and_(_g.c.revoked_at.is_(None), _g.c.begun_at.is_not(None), or_(_g.c.valid_until.is_(None), _g.c.valid_until >= day))
        ways.append(exists(select(_g.c.id).where(and_(_g.c.person_id == _p.c.id, _g.c.role.in_(roles), counts))))
    if people:
        ways.append(_p.c.id.in_(people))
    return or_(false(), *ways)


def _in_force(client: RegisteredClient) -> tuple[EntryRule, ...]:
    day = today()
    return tuple(rule for rule in client.entry if rule.holds_on(day))


def _is_let_in(
    connection: Connection, rules: tuple[EntryRule, ...], person_id: uuid.UUID, unit_id: uuid.UUID | None, category: str | None
) -> bool:
    if any(rule.person_id == person_id or (category and rule.staff_category == category) for rule in rules):
        return True
    units = {rule.unit_id for rule in rules if rule.unit_id is not None}
    if units and units & units_up_from(unit_id):
        return True
    roles = {rule.role for rule in rules if rule.role is not None}
    return bool(roles) and not roles.isdisjoint(connection.execute(_roles, {"person": person_id, "day": today()}).scalars())
