"""Entry rules as tests set them."""

import uuid
from functools import partial
from typing import Any

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.entry_rules import add_rule, kept_rules, remove_rule
from clients.registry import find_even_disabled
from idp.database import in_transaction, reader

WHO = "cli:test"
OF = {"unit": "unit_id", "category": "staff_category", "role": "role", "person": "person_id"}


def let_in(client_id: str, kind: str, subject: Any = None, **days: Any) -> uuid.UUID | None:
    """Add a rule; return its key."""
    rule = EntryRule(EntryKind(kind), **{OF[kind]: subject} if kind in OF else {}, **days)
    return in_transaction(lambda connection: add_rule(connection, client_id, rule, actor=WHO))


def shut(client_id: str) -> None:
    """Take every rule back: nobody may enter any more."""
    client = find_even_disabled(client_id)
    assert client is not None
    for row in kept_rules(reader(), client.key):
        rule_id: uuid.UUID = row.id
        assert in_transaction(partial(remove_rule, client_id=client_id, rule_id=rule_id, actor=WHO))


def only(client_id: str, kind: str, subject: Any = None, **days: Any) -> uuid.UUID | None:
    """Let in these and nobody else."""
    shut(client_id)
    return let_in(client_id, kind, subject, **days)
