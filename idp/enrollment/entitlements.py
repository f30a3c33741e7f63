"""Who is entitled to enter which system, and which systems decide whether somebody is seamlessly authenticated (B6)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection

from clients.catalogue import Standing, in_scope_systems
from clients.catalogue_models import OwnPasswords
from clients.entry import EntryRule, rules_of_all
from idp.entry import is_entitled


@dataclass(frozen=True)
class Access:
    """One system in scope and who may enter it. `only`: a condition on `person`, None for everybody. `asks_entry`: integrated,
    and people may still have a password of its own there, so that only an entry through the provider shows that it is not used."""

    row: Any
    client_key: uuid.UUID | None
    only: ColumnElement[bool] | None
    is_integrated: bool
    asks_entry: bool


def who_may_enter(rules: tuple[EntryRule, ...]) -> ColumnElement[bool] | None:
    """The condition on a person to be let into an application today by its rules; None for everybody."""
    return None if any(rule.is_open_always for rule in rules) else is_entitled(rules)


def access_to_systems(connection: Connection) -> Sequence[Access]:
    """The systems in scope. One that no application stands for yet says nothing of its people: all are taken to use it, which can
    only make the denominator larger."""
    rules = rules_of_all(connection)
    return [
        Access(
            row, row.client_key,
            who_may_enter(rules.get(row.client_key, ())) if row.client_key else None,
            row.standing == Standing.INTEGRATED,
            row.standing == Standing.INTEGRATED and row.own_passwords_left != OwnPasswords.NO,
        )
        for row in in_scope_systems(connection)
    ]  # fmt: skip
