"""Rules of who may enter an application are added and taken back; every process knows within a second."""

import uuid
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from clients.entry import EntryRule
from clients.entry_models import ClientEntryRule, EntryKind
from clients.models import Client
from clients.registry import forget
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal

MOST_RULES = 500
_r, _c = table_of(ClientEntryRule), table_of(Client)
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted")).with_for_update()
_change = update(_c).where(_c.c.id == bindparam("key")).values(version=_c.c.version + 1)
_kept = select(_r).where(_r.c.client_id == bindparam("client"), _r.c.removed_at.is_(None)).order_by(_r.c.id)
_remove = update(_r).where(_r.c.id == bindparam("rule"), _r.c.client_id == bindparam("client"), _r.c.removed_at.is_(None)).returning(*_r.c)
SUBJECTS = {EntryKind.UNIT: "unit_id", EntryKind.CATEGORY: "staff_category", EntryKind.ROLE: "role", EntryKind.PERSON: "person_id"}


def add_rule(connection: Connection, client_id: str, rule: EntryRule, *, actor: str, reason: str | None = None) -> uuid.UUID | None:
    """Let people in by one more rule; return its key, or None when the same rule is there already. Raises NotFound, or Refusal for a
    rule that is none."""
    _check(rule)
    key = lock_client(connection, client_id)
    kept = connection.execute(_kept, {"client": key}).all()
    if any(_says(row) == _says(rule) for row in kept):
        return None
    if len(kept) >= MOST_RULES:
        raise Refusal(_("Một ứng dụng có nhiều nhất %(most)s quy tắc vào.", most=MOST_RULES), reason="too_many_rules")
    rule_id = write_rule(connection, key, rule, actor=actor)
    told: dict[str, Any] = {"reason": reason} if reason else {}
    audit.record(connection, audit.Event.CLIENT_ENTRY_ADDED, actor=actor, client_id=key, **about(rule), **told)
    _note_change(connection, client_id, key)
    return rule_id


def remove_rule(connection: Connection, client_id: str, rule_id: uuid.UUID, *, actor: str, reason: str | None = None) -> bool:
    """Take a rule back: whom no other rule lets in gets nothing more from now on. Return whether this call did it. Raises NotFound."""
    key = lock_client(connection, client_id)
    row = connection.execute(_remove, {"rule": rule_id, "client": key, "removed_at": clock.now(), "removed_by": actor}).first()
    if row is None:
        return False
    told: dict[str, Any] = {"reason": reason} if reason else {}
    audit.record(connection, audit.Event.CLIENT_ENTRY_REMOVED, actor=actor, client_id=key, **about(row), **told)
    _note_change(connection, client_id, key)
    return True


def kept_rules(connection: Connection, client: uuid.UUID) -> Sequence[Any]:
    """The rules of an application as they are kept, oldest first."""
    return connection.execute(_kept, {"client": client}).all()


def write_rule(connection: Connection, client: uuid.UUID, rule: EntryRule, *, actor: str) -> uuid.UUID:
    """Insert a rule of a client that nobody knows yet, or under the lock of its row."""
    rule_id = new_id()
    row = {
        "id": rule_id, "client_id": client, "kind": rule.kind.value, "unit_id": rule.unit_id, "staff_category": rule.staff_category,
        "role": rule.role, "person_id": rule.person_id, "valid_from": rule.valid_from, "valid_to": rule.valid_to, "added_by": actor,
        "added_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_r), row)
    return rule_id


def about(rule: Any) -> dict[str, Any]:
    """A rule as the audit trail tells it."""
    told = {name: getattr(rule, name) for name in ("unit_id", "staff_category", "role", "person_id", "valid_from", "valid_to")}
    return {"kind": str(rule.kind)} | {name: value if name == "person_id" else str(value) for name, value in told.items() if value}


def _check(rule: EntryRule) -> None:
    subject = SUBJECTS.get(rule.kind)
    given = {name for name in SUBJECTS.values() if getattr(rule, name)}
    if given != ({subject} if subject else set()):
        raise Refusal(_("Quy tắc vào phải nêu đúng một đối tượng."), reason="rule_without_subject")
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        raise Refusal(_("Ngày cuối phải từ ngày đầu trở đi."), reason="rule_ends_before_it_begins")


def _says(rule: Any) -> tuple[Any, ...]:
    return (str(rule.kind), *(getattr(rule, name) for name in (*SUBJECTS.values(), "valid_from", "valid_to")))


def lock_client(connection: Connection, client_id: str) -> uuid.UUID:
    """The key of an application whose rules nobody else changes until the end of the transaction. Raises NotFound."""
    key: uuid.UUID | None = connection.execute(_key_of, {"wanted": client_id}).scalar()
    if key is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return key


def _note_change(connection: Connection, client_id: str, key: uuid.UUID) -> None:
    connection.execute(_change, {"key": key, "updated_at": clock.now()})
    forget(client_id)
