"""Rules of one application brought to what somebody wants them to be: who may enter it, and what people are there."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select

from clients.entry import EntryRule, RoleRule
from clients.entry_models import EntryKind
from clients.entry_rules import add_rule, kept_rules, remove_rule
from clients.models import Client
from clients.role_rules import give_role, kept_roles, take_role
from idp.database import table_of

_c = table_of(Client)


@dataclass(frozen=True)
class RuleChanges:
    """What is added and what is taken back; `proposals`: what of the added waits for a second person, by rule."""

    added: tuple[Any, ...] = ()
    removed: tuple[Any, ...] = ()
    proposals: tuple[tuple[Any, uuid.UUID], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def add_entry(connection: Connection, client_id: str, rule: EntryRule, actor: str) -> uuid.UUID | None:
    """Let people in by one more rule, whoever they are."""
    add_rule(connection, client_id, rule, actor=actor, reason="apply")
    return None


AddEntry = Callable[[Connection, str, EntryRule, str], uuid.UUID | None]


def bring_entry(
    connection: Connection, client_id: str, wanted: Sequence[EntryRule], *, actor: str, add: AddEntry = add_entry
) -> RuleChanges:
    """Let exactly these enter; `add` returns the proposal where a rule takes two. Raises NotFound, Refusal."""
    kept = {_entry_of(row): row.id for row in kept_rules(connection, _key(connection, client_id))}
    added, removed = _difference(kept, wanted)
    for rule in removed:
        remove_rule(connection, client_id, kept[rule], actor=actor, reason="apply")
    asked = [(rule, add(connection, client_id, rule, actor)) for rule in added]
    return RuleChanges(added, removed, tuple((rule, proposal_id) for rule, proposal_id in asked if proposal_id is not None))


def bring_roles(connection: Connection, client_id: str, wanted: Sequence[RoleRule], *, actor: str) -> RuleChanges:
    """Give exactly these roles. Raises NotFound, Refusal."""
    kept = {_role_of(row): row.id for row in kept_roles(connection, _key(connection, client_id))}
    added, removed = _difference(kept, wanted)
    for rule in removed:
        take_role(connection, client_id, kept[rule], actor=actor)
    for rule in added:
        give_role(connection, client_id, rule, actor=actor)
    return RuleChanges(added, removed)


def rules_kept(connection: Connection, client_id: str) -> tuple[list[EntryRule], list[RoleRule]]:
    """The rules of an application, oldest first: who may enter, and what they are there."""
    key = _key(connection, client_id)
    return [_entry_of(row) for row in kept_rules(connection, key)], [_role_of(row) for row in kept_roles(connection, key)]


def _difference(kept: dict[Any, Any], wanted: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    asked = dict.fromkeys(wanted)
    return tuple(rule for rule in asked if rule not in kept), tuple(rule for rule in kept if rule not in asked)


def _entry_of(row: Any) -> EntryRule:
    told = {field.name: getattr(row, field.name) for field in fields(EntryRule)}
    return EntryRule(**{**told, "kind": EntryKind(row.kind)})


def _role_of(row: Any) -> RoleRule:
    return RoleRule(**{field.name: getattr(row, field.name) for field in fields(RoleRule)})


def _key(connection: Connection, client_id: str) -> Any:
    return connection.execute(select(_c.c.id).where(_c.c.client_id == client_id)).scalar_one()
