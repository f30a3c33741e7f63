"""Entry rules as people name them: the code of a unit, a username; and read back as words."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from idp.database import table_of
from idp.errors import Refusal
from idp.people.models import Person, StaffCategory, Unit
from idp.people.roster import require_person_named
from idp.people.unit_names import unit_named
from idp.people.units import is_whole_province
from idp.roles.models import Role

_p, _u = table_of(Person), table_of(Unit)


def named_rule(
    connection: Connection, kind: EntryKind, subject: str = "", *, valid_from: date | None = None, valid_to: date | None = None
) -> EntryRule:
    """The rule for a subject as somebody typed it; one for the unit that is the province lets in everybody, and is called so, since
    that takes two people. Raises Refusal, NotFound."""
    days: dict[str, Any] = {"valid_from": valid_from, "valid_to": valid_to}
    subject = subject.strip()
    if kind is EntryKind.EVERYBODY:
        return EntryRule(kind, **days)
    if kind is EntryKind.UNIT:
        unit_id = unit_named(connection, subject)
        if is_whole_province(connection, unit_id):
            return EntryRule(EntryKind.EVERYBODY, **days)
        return EntryRule(kind, unit_id=unit_id, **days)
    if kind is EntryKind.CATEGORY and subject in set(StaffCategory):
        return EntryRule(kind, staff_category=subject, **days)
    if kind is EntryKind.ROLE and subject in set(Role):
        return EntryRule(kind, role=subject, **days)
    if kind is EntryKind.PERSON:
        found: uuid.UUID = require_person_named(connection, subject).id
        return EntryRule(kind, person_id=found, **days)
    raise Refusal(_("Không có loại cán bộ hoặc vai trò “%(name)s”.", name=subject[:100]), reason="bad_subject")


def subjects_of(connection: Connection, rules: Iterable[Any]) -> dict[uuid.UUID, str]:
    """The names of the units and people that these rules speak of, by key."""
    rules = list(rules)
    units = {rule.unit_id for rule in rules if rule.unit_id}
    people = {rule.person_id for rule in rules if rule.person_id}
    named = {row.id: row.name for row in connection.execute(select(_u.c.id, _u.c.name).where(_u.c.id.in_(units)))} if units else {}
    if people:
        query = select(_p.c.id, _p.c.name, _p.c.username, _u.c.name.label("unit")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))
        for row in connection.execute(query.where(_p.c.id.in_(people))):
            named[row.id] = " – ".join(part for part in (row.name, row.username, row.unit) if part)
    return named
