"""Roles that people have in an application: given by rule or by name, taken back; every process knows within a second."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from clients.entry import RoleRule
from clients.entry_models import ClientRoleRule
from clients.models import Client
from clients.registration import note_change
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal

MOST_RULES = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_g, _c = table_of(ClientRoleRule), table_of(Client)
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted")).with_for_update()
_kept = select(_g).where(_g.c.client_id == bindparam("client"), _g.c.removed_at.is_(None)).order_by(_g.c.name, _g.c.id)
_FACTS = ("name", "unit_id", "staff_category", "title", "person_id", "valid_from", "valid_to")


def give_role(connection: Connection, client_id: str, rule: RoleRule, *, actor: str, reason: str | None = None) -> uuid.UUID | None:
    """One more rule; return its key, or None when it is there already. Raises NotFound, or Refusal."""
    if not _NAME.fullmatch(rule.name):
        raise Refusal(_("Tên vai trò gồm chữ không dấu, chữ số và . _ : / -, tối đa 64 ký tự."), reason="bad_role_name")
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        raise Refusal(_("Ngày cuối phải từ ngày đầu trở đi."), reason="rule_ends_before_it_begins")
    key = _require(connection, client_id)
    facts = {name: getattr(rule, name) for name in _FACTS}
    kept = connection.execute(_kept, {"client": key}).all()
    if any(all(getattr(row, name) == value for name, value in facts.items()) for row in kept):
        return None
    if len(kept) >= MOST_RULES:
        raise Refusal(_("Một ứng dụng có nhiều nhất %(most)s quy tắc vai trò.", most=MOST_RULES), reason="too_many_rules")
    rule_id = new_id()
    connection.execute(insert(_g), {"id": rule_id, "client_id": key, "added_by": actor, "added_at": clock.now(), **facts})
    audit.record(connection, audit.Event.CLIENT_ROLE_GIVEN, actor=actor, client_id=key, **_told(rule, reason))
    note_change(connection, client_id)
    return rule_id


def take_role(connection: Connection, client_id: str, rule_id: uuid.UUID, *, actor: str, reason: str | None = None) -> bool:
    """Take a rule back. Return whether this call did it. Raises NotFound."""
    key = _require(connection, client_id)
    taken = update(_g).where(_g.c.id == rule_id, _g.c.client_id == key, _g.c.removed_at.is_(None)).returning(*_g.c)
    row = connection.execute(taken.values(removed_at=clock.now(), removed_by=actor)).first()
    if row is None:
        return False
    audit.record(connection, audit.Event.CLIENT_ROLE_TAKEN, actor=actor, client_id=key, **_told(row, reason))
    note_change(connection, client_id)
    return True


def kept_roles(connection: Connection, client: uuid.UUID) -> Sequence[Any]:
    """The rules as they are kept, by role."""
    return connection.execute(_kept, {"client": client}).all()


def _told(rule: Any, reason: str | None) -> dict[str, Any]:
    told = {
        "role": rule.name,
        "unit_id": rule.unit_id,
        "category": rule.staff_category,
        "title": rule.title,
        "to": rule.valid_to,
        "reason": reason,
    }
    return {"person_id": rule.person_id} | {name: str(value) for name, value in told.items() if value}


def _require(connection: Connection, client_id: str) -> uuid.UUID:
    key: uuid.UUID | None = connection.execute(_key_of, {"wanted": client_id}).scalar()
    if key is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return key
