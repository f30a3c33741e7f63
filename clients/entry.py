"""Who may enter an application, as rules say it: facts that travel with the client in memory, so that they cost nothing to look at."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select

from clients.entry_models import ClientEntryRule, ClientRoleRule, EntryKind
from idp.database import table_of

_r = table_of(ClientEntryRule)
_columns = (_r.c.kind, _r.c.unit_id, _r.c.staff_category, _r.c.role, _r.c.person_id, _r.c.valid_from, _r.c.valid_to)
_of_client = select(*_columns).where(_r.c.client_id == bindparam("client"), _r.c.removed_at.is_(None)).order_by(_r.c.id)
_of_all = select(_r.c.client_id, *_columns).where(_r.c.removed_at.is_(None)).order_by(_r.c.id)


@dataclass(frozen=True)
class EntryRule:
    """One rule: whom it lets in, and on which days (both included; None: no limit)."""

    kind: EntryKind
    unit_id: uuid.UUID | None = None
    staff_category: str | None = None
    role: str | None = None
    person_id: uuid.UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it lets anybody in on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @property
    def is_open_always(self) -> bool:
        """Whether it lets everybody in, whatever the day."""
        return self.kind is EntryKind.EVERYBODY and self.valid_from is None and self.valid_to is None


@dataclass(frozen=True)
class RoleRule:
    """One rule that gives the role `name` in an application: to whom all that it names applies; naming nobody, to everybody who may
    enter. Days as in EntryRule."""

    name: str
    unit_id: uuid.UUID | None = None
    staff_category: str | None = None
    title: str | None = None
    person_id: uuid.UUID | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it gives anything on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


_g = table_of(ClientRoleRule)
_roles_of_client = (
    select(_g.c.name, _g.c.unit_id, _g.c.staff_category, _g.c.title, _g.c.person_id, _g.c.valid_from, _g.c.valid_to)
    .where(_g.c.client_id == bindparam("client"), _g.c.removed_at.is_(None))
    .order_by(_g.c.id)
)
EVERYBODY = EntryRule(EntryKind.EVERYBODY)


def rules_of(connection: Connection, client: uuid.UUID) -> tuple[EntryRule, ...]:
    """The rules of one application, also those whose days are past or to come."""
    return tuple(_rule(row) for row in connection.execute(_of_client, {"client": client}))


def role_rules_of(connection: Connection, client: uuid.UUID) -> tuple[RoleRule, ...]:
    """The rules by which an application's people have roles there."""
    return tuple(RoleRule(*row) for row in connection.execute(_roles_of_client, {"client": client}))


def rules_of_all(connection: Connection) -> dict[uuid.UUID, tuple[EntryRule, ...]]:
    """The rules of every application that has any, by its key."""
    found: dict[uuid.UUID, tuple[EntryRule, ...]] = {}
    for row in connection.execute(_of_all):
        found[row.client_id] = (*found.get(row.client_id, ()), _rule(row))
    return found


def _rule(row: Any) -> EntryRule:
    return EntryRule(EntryKind(row.kind), row.unit_id, row.staff_category, row.role, row.person_id, row.valid_from, row.valid_to)
