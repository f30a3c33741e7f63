"""Entry rules as people name them: the code of a unit, a username; and read back as words."""

import contextlib
import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, func, select

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from idp.database import table_of
from idp.errors import Refusal
from idp.people.models import Person, StaffCategory, Unit
from idp.people.names import fold
from idp.people.narrowing import like
from idp.people.roster import require_person_named
from idp.people.units import is_whole_province
from idp.roles.models import Role

_p, _u = table_of(Person), table_of(Unit)
MOST_NEAR = 4


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


def unit_named(connection: Connection, typed: str) -> uuid.UUID:
    """The one unit in use of this code, name or key. Raises Refusal."""
    wanted = (_u.c.code == typed) | (_u.c.name == typed)
    with contextlib.suppress(ValueError):
        wanted = wanted | (_u.c.id == uuid.UUID(typed))
    found = connection.execute(select(_u.c.id).where(wanted, _u.c.valid_to.is_(None))).scalars().all()
    if len(found) != 1:
        raise Refusal(_unit_unknown(connection, typed), reason="bad_unit")
    unit_id: uuid.UUID = found[0]
    return unit_id


def _unit_unknown(connection: Connection, typed: str) -> str:
    """What to type instead: names that hold what was typed, without regard to accents, each with its code."""
    query = select(_u.c.name, _u.c.code).where(_u.c.search_key.like(like(fold(typed)), escape="\\"), _u.c.valid_to.is_(None))
    near = connection.execute(query.order_by(func.length(_u.c.name), _u.c.code).limit(MOST_NEAR)).all() if typed.strip() else []
    if not near:
        return _("Không có đơn vị nào mang mã hoặc tên “%(name)s”. Ghi mã hoặc tên đầy đủ như trong danh bạ.", name=typed[:100])
    told = ", ".join(f"{row.name} ({row.code})" if row.code else row.name for row in near)
    return _("Chưa rõ “%(name)s” là đơn vị nào. Ghi mã hoặc tên đầy đủ, ví dụ: %(units)s.", name=typed[:100], units=told)


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
