"""Rules of applications that name a unit which ends: they go on for its successors, so that nobody is shut out of their work by a
reorganisation, and end with a unit that has none."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from clients.entry import EntryRule, RoleRule
from clients.entry_models import ClientEntryRule, ClientRoleRule, EntryKind
from clients.entry_rules import add_rule, remove_rule
from clients.models import Client
from clients.role_rules import give_role, take_role
from directory_sync.schemes import Matched
from idp.database import table_of
from idp.web.formats import today

_e, _g, _c = table_of(ClientEntryRule), table_of(ClientRoleRule), table_of(Client)


def hand_over_rules(connection: Connection, matched: Matched, closed: Mapping[str, uuid.UUID], ids: Mapping[str, uuid.UUID]) -> int:
    """Give the rules of the units that ended to the units that the scheme's rows name instead. Return how many were taken back."""
    handed = 0
    for key, unit_id in closed.items():
        lines = [line for line in matched.by_old.get(key, []) if line.is_done]
        successors = [ids[line.new] for line in lines if line.new and line.new != key]
        actor = next((line.row.approved_by for line in (*lines, *matched.lines)), "system:sync")
        handed += _hand_over_entry(connection, unit_id, successors, actor) + _hand_over_roles(connection, unit_id, successors, actor)
    return handed


def _hand_over_entry(connection: Connection, unit_id: uuid.UUID, successors: list[uuid.UUID], actor: str) -> int:
    bound = _bound(connection, _e, unit_id)
    for client_id, row in bound:
        remove_rule(connection, client_id, row.id, actor=actor, reason="reorganisation")
        for successor in successors if _goes_on(row) else ():
            rule = EntryRule(EntryKind(row.kind), unit_id=successor, valid_from=row.valid_from, valid_to=row.valid_to)
            add_rule(connection, client_id, rule, actor=actor, reason="reorganisation")
    return len(bound)


def _hand_over_roles(connection: Connection, unit_id: uuid.UUID, successors: list[uuid.UUID], actor: str) -> int:
    bound = _bound(connection, _g, unit_id)
    for client_id, row in bound:
        take_role(connection, client_id, row.id, actor=actor)
        for successor in successors if _goes_on(row) else ():
            rule = RoleRule(row.name, successor, row.staff_category, row.title, row.person_id, row.valid_from, row.valid_to)
            give_role(connection, client_id, rule, actor=actor)
    return len(bound)


def _bound(connection: Connection, rules: Any, unit_id: uuid.UUID) -> list[tuple[str, Any]]:
    """The live rules of this kind that name the unit, each with the client_id of its application."""
    query = (
        select(_c.c.client_id.label("public"), *rules.c)
        .join(_c, _c.c.id == rules.c.client_id)
        .where(rules.c.unit_id == unit_id, rules.c.removed_at.is_(None))
        .order_by(rules.c.id)
    )
    return [(row.public, row) for row in connection.execute(query)]


def _goes_on(rule: Any) -> bool:
    return rule.valid_to is None or bool(rule.valid_to >= today())
