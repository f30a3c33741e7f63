"""Who is entitled to enter which system, and which systems decide whether somebody is seamlessly authenticated (B6)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection

from clients.catalogue import Standing, in_scope_systems
from clients.catalogue_models import OwnPasswords


@dataclass(frozen=True)
class Access:
    """One system in scope and who may enter it. `only`: a condition on `person`, None for everybody. `asks_entry`: integrated,
    and people may still have a password of its own there, so that only an entry through the provider shows that it is not used."""

    row: Any
    client_key: uuid.UUID | None
    only: ColumnElement[bool] | None
    is_integrated: bool
    asks_entry: bool


def who_may_enter(connection: Connection, client_key: uuid.UUID) -> ColumnElement[bool] | None:
    """The condition on a person to be let into an application today; None for everybody."""
    del connection, client_key  # nobody is kept out of an application yet
    return None


def access_to_systems(connection: Connection) -> Sequence[Access]:
    """The systems in scope. One that no application stands for yet says nothing of its people: all are taken to use it, which can
    only make the denominator larger."""
    return [
        Access(
            row, row.client_key,
            who_may_enter(connection, row.client_key) if row.client_key else None,
            row.standing == Standing.INTEGRATED,
            row.standing == Standing.INTEGRATED and row.own_passwords_left != OwnPasswords.NO,
        )
        for row in in_scope_systems(connection)
    ]  # fmt: skip
