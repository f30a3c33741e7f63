"""A rule that opens an application to the whole province takes two people; any other is added at once."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.entry_rules import add_rule
from clients.registry import RegisteredClient
from idp.errors import Forbidden
from idp.roles.proposals import propose
from idp.web.viewer import Viewer

KIND = "client.entry_everybody"


def add_or_propose(connection: Connection, client: RegisteredClient, rule: EntryRule, viewer: Viewer, *, reason: str) -> uuid.UUID | None:
    """Add the rule, or propose it: return the proposal's key. Raises Refusal; Forbidden for a program, which cannot be one of two."""
    if rule.kind is not EntryKind.EVERYBODY:
        add_rule(connection, client.client_id, rule, actor=viewer.actor, reason=reason)
        return None
    if viewer.client_id is not None:
        raise Forbidden("", reason="needs_a_person")
    days = {name: _day(getattr(rule, name)) for name in ("valid_from", "valid_to")}
    return propose(connection, KIND, client.key, {"client_id": client.client_id, **days}, reason=reason, actor=viewer.actor)


def rule_of(content: dict[str, Any]) -> EntryRule:
    """What was proposed."""
    days: dict[str, Any] = {name: date.fromisoformat(content[name]) if content[name] else None for name in ("valid_from", "valid_to")}
    return EntryRule(EntryKind.EVERYBODY, **days)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
