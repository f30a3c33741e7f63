"""Rules of an application as a file has them: units by their code, people by their username, so that another installation reads them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import click
from sqlalchemy import Connection, select

from clients.entry import EntryRule, RoleRule
from clients.entry_models import EntryKind
from idp.console.entry_names import named_rule
from idp.database import table_of
from idp.people.models import Person, StaffCategory, Unit
from idp.people.roster import require_person_named
from idp.people.unit_names import unit_named

KINDS = (EntryKind.UNIT, EntryKind.CATEGORY, EntryKind.ROLE, EntryKind.PERSON)
DAYS = {"from": "valid_from", "to": "valid_to"}
OF_ENTRY = frozenset({EntryKind.EVERYBODY.value, *(kind.value for kind in KINDS), *DAYS})
OF_ROLES = frozenset({"role", "unit", "category", "title", "person", *DAYS})
_p, _u = table_of(Person), table_of(Unit)


def read_entry(connection: Connection, told: Any) -> tuple[EntryRule, ...] | None:
    """Who may enter, as `entry` of a file says it; None: it says nothing. Raises click.UsageError, Refusal."""
    return None if told is None else tuple(_entry(connection, one) for one in _objects(told, "entry", OF_ENTRY))


def read_roles(connection: Connection, told: Any) -> tuple[RoleRule, ...] | None:
    """What people are there, as `app_roles` of a file says it; None: it says nothing. Raises click.UsageError, Refusal."""
    return None if told is None else tuple(_role(connection, one) for one in _objects(told, "app_roles", OF_ROLES))


def written_entry(connection: Connection, rules: Sequence[EntryRule]) -> list[dict[str, Any]]:
    """The rules as a file has them."""
    names = _names(connection, rules)
    subjects = [rule.staff_category or rule.role or names.get(rule.unit_id or rule.person_id) for rule in rules]
    return [{rule.kind.value: True if subject is None else subject, **_days(rule)} for rule, subject in zip(rules, subjects, strict=True)]


def written_roles(connection: Connection, rules: Sequence[RoleRule]) -> list[dict[str, Any]]:
    """The rules as a file has them."""
    names = _names(connection, rules)
    told = [
        {
            "role": rule.name, "unit": names.get(rule.unit_id), "category": rule.staff_category, "title": rule.title,
            "person": names.get(rule.person_id), **_days(rule),
        }
        for rule in rules
    ]  # fmt: skip
    return [{name: value for name, value in one.items() if value is not None} for one in told]


def _entry(connection: Connection, told: dict[str, Any]) -> EntryRule:
    if told.get(EntryKind.EVERYBODY) is True and not set(told) & set(KINDS):
        return named_rule(connection, EntryKind.EVERYBODY, **_read_days(told))
    named = [kind for kind in KINDS if isinstance(told.get(kind), str)]
    if len(named) != 1 or EntryKind.EVERYBODY in told:
        raise click.UsageError("a rule of entry names one of: everybody (true), unit, category, role, person")
    return named_rule(connection, named[0], told[named[0]], **_read_days(told))


def _role(connection: Connection, told: dict[str, Any]) -> RoleRule:
    wrong = [name for name in ("unit", "category", "title", "person") if name in told and not isinstance(told[name], str)]
    if not isinstance(told.get("role"), str) or wrong or told.get("category", StaffCategory.CONG_CHUC) not in set(StaffCategory):
        raise click.UsageError("a rule of app_roles names a role, and a unit, a category, a title or a person as text")
    return RoleRule(
        told["role"],
        unit_id=unit_named(connection, told["unit"]) if "unit" in told else None,
        staff_category=told.get("category"),
        title=told.get("title"),
        person_id=require_person_named(connection, told["person"]).id if "person" in told else None,
        **_read_days(told),
    )


def _objects(told: Any, what: str, names: frozenset[str]) -> list[dict[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(one, dict) and set(one) <= names for one in told):
        raise click.UsageError(f"{what} is a list of objects whose members are among: {', '.join(sorted(names))}")
    return told


def _read_days(told: dict[str, Any]) -> dict[str, Any]:
    try:
        return {field: date.fromisoformat(told[name]) if name in told else None for name, field in DAYS.items()}
    except (TypeError, ValueError):
        raise click.UsageError("days are written as 2026-12-31") from None


def _days(rule: Any) -> dict[str, str]:
    return {name: str(getattr(rule, field)) for name, field in DAYS.items() if getattr(rule, field) is not None}


def _names(connection: Connection, rules: Sequence[Any]) -> dict[Any, str]:
    """What units and people are called in a file, by key; the key itself where nothing else is known."""
    units = {rule.unit_id for rule in rules if rule.unit_id}
    people = {rule.person_id for rule in rules if rule.person_id}
    found = {row.id: row.code or str(row.id) for row in connection.execute(select(_u.c.id, _u.c.code).where(_u.c.id.in_(units)))}
    named = connection.execute(select(_p.c.id, _p.c.username).where(_p.c.id.in_(people)))
    return found | {row.id: row.username or str(row.id) for row in named}
