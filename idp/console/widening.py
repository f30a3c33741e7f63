"""A rule that opens an application to the whole province, alone or with those that there are, takes two people; any other is added at
once."""

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from clients.entry import EntryRule, rules_of
from clients.entry_models import EntryKind
from clients.entry_rules import add_rule, lock_client
from clients.registry import RegisteredClient
from idp.console.sensitive_changes import needs_two
from idp.database import table_of
from idp.errors import Forbidden
from idp.people.models import StaffCategory, Unit
from idp.roles.proposals import propose
from idp.web.formats import today
from idp.web.viewer import Viewer

KIND = "client.entry_everybody"
_u = table_of(Unit)
_in_use = select(_u.c.id, _u.c.parent_id).where(_u.c.valid_to.is_(None))


def add_or_propose(connection: Connection, client: RegisteredClient, rule: EntryRule, viewer: Viewer, *, reason: str) -> uuid.UUID | None:
    """Add the rule, or propose it: return the proposal's key. Raises Refusal; Forbidden for a program, which cannot be one of two."""
    lock_client(connection, client.client_id)  # two halves sent at once are no way round the second person
    if not opens_to_all(connection, rules_of(connection, client.key), [rule]):
        add_rule(connection, client.client_id, rule, actor=viewer.actor, reason=reason)
        return None
    if viewer.client_id is not None:
        raise Forbidden("", reason="needs_a_person")
    return propose_rule(connection, client, rule, actor=viewer.actor, reason=reason)


def takes_two_at_server(connection: Connection, client: RegisteredClient, rule: EntryRule, *, actor: str) -> bool:
    """Whether whoever runs the server proposes this rule, rather than adds it: real work is done with the application."""
    lock_client(connection, client.client_id)
    return needs_two(connection, client.key, actor) and opens_to_all(connection, rules_of(connection, client.key), [rule])


def propose_rule(connection: Connection, client: RegisteredClient, rule: EntryRule, *, actor: str, reason: str) -> uuid.UUID:
    """Ask for a second person; return the proposal's key. Raises Refusal."""
    content: dict[str, Any] = {"client_id": client.client_id, **{name: _day(getattr(rule, name)) for name in ("valid_from", "valid_to")}}
    if rule.kind is not EntryKind.EVERYBODY:
        content["rule"] = {"kind": rule.kind.value, "unit_id": str(rule.unit_id or ""), "staff_category": rule.staff_category or ""}
    return propose(connection, KIND, client.key, content, reason=reason, actor=actor)


def opens_to_all(connection: Connection, kept: Iterable[EntryRule], added: Iterable[EntryRule]) -> bool:
    """Whether what is added lets in everybody: by itself, or because no kind of staff, or no unit, is left out any more."""
    kept, added = list(kept), list(added)
    if any(rule.kind is EntryKind.EVERYBODY for rule in added):
        return True
    both = [*kept, *added]
    if not _leave_nobody_out(connection, both):
        return False
    return not _leave_nobody_out(connection, kept) or _on_a_day_that_was_not(connection, kept, both)


def rule_of(content: dict[str, Any]) -> EntryRule:
    """What was proposed."""
    days: dict[str, Any] = {name: date.fromisoformat(content[name]) if content[name] else None for name in ("valid_from", "valid_to")}
    told = content.get("rule")
    if told is None:
        return EntryRule(EntryKind.EVERYBODY, **days)
    unit_id = uuid.UUID(told["unit_id"]) if told["unit_id"] else None
    return EntryRule(EntryKind(told["kind"]), unit_id=unit_id, staff_category=told["staff_category"] or None, **days)


def _leave_nobody_out(connection: Connection, rules: list[EntryRule]) -> bool:
    lasting = [rule for rule in rules if rule.valid_to is None or rule.valid_to >= today()]
    if {rule.staff_category for rule in lasting if rule.staff_category} >= set(StaffCategory):
        return True
    units = {rule.unit_id for rule in lasting if rule.unit_id}
    return len(units) > 1 and _cover_the_tree(connection, units)


def _on_a_day_that_was_not(connection: Connection, kept: list[EntryRule], both: list[EntryRule]) -> bool:
    """Whether nobody is left out on a day on which somebody was: what two agreed to for a week is not for good."""
    begins = {rule.valid_from for rule in both if rule.valid_from} | {rule.valid_to + timedelta(1) for rule in both if rule.valid_to}
    for day in sorted({today(), *(one for one in begins if one > today())}):
        then, before = ([rule for rule in rules if _holds_on(rule, day)] for rules in (both, kept))
        if _leave_nobody_out(connection, then) and not _leave_nobody_out(connection, before):
            return True
    return False


def _holds_on(rule: EntryRule, day: date) -> bool:
    return (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or rule.valid_to >= day)


def _cover_the_tree(connection: Connection, chosen: set[uuid.UUID]) -> bool:
    """Whether every unit in use is one of these or below one, but for those that all stand above them."""
    rows = connection.execute(_in_use).all()
    in_use = {row.id for row in rows}
    below: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in in_use else None, []).append(row.id)
    waiting, seen = list(below.get(None, ())), set[uuid.UUID]()
    while waiting:
        unit_id = waiting.pop()
        if unit_id in chosen or unit_id in seen:
            continue
        seen.add(unit_id)
        if unit_id not in below:
            return False
        waiting.extend(below[unit_id])
    return bool(rows)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
