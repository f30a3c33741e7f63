"""The rules by path of one application are changed: added to, taken from, put into another order."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from clients import registration
from clients.metadata import from_columns
from clients.models import Client
from clients.path_rules import read_rule, write_rule
from idp.database import table_of
from idp.errors import NotFound, Refusal

Rules = tuple[str, ...]
_c = table_of(Client)
_one = select(_c).where(_c.c.client_id == bindparam("wanted")).with_for_update()


def add_path_rule(connection: Connection, client_id: str, line: str, *, actor: str, place: int | None = None, **why: Any) -> Rules:
    """One more rule, at this place (1 is the first; None: the last). Raises NotFound, InvalidMetadata, or Refusal when it is there
    already."""
    written = write_rule(read_rule(line))

    def add(rules: Rules) -> Rules:
        if written in rules:
            raise Refusal(_("Quy tắc này đã có."), reason="path_rule_there")
        at = len(rules) if place is None else max(0, place - 1)
        return (*rules[:at], written, *rules[at:])

    return _edit(connection, client_id, add, actor, why)


def remove_path_rule(connection: Connection, client_id: str, line: str, *, actor: str, **why: Any) -> Rules:
    """Take a rule away. Raises NotFound, InvalidMetadata, or Refusal when it is not there."""
    written = write_rule(read_rule(line))

    def remove(rules: Rules) -> Rules:
        if written not in rules:
            raise Refusal(_("Không có quy tắc này."), reason="path_rule_missing")
        return tuple(rule for rule in rules if rule != written)

    return _edit(connection, client_id, remove, actor, why)


def set_path_rules(connection: Connection, client_id: str, lines: Rules, *, seen: Rules, actor: str, **why: Any) -> Rules:
    """All rules anew, in this order, by somebody who has `seen` what they were. Raises NotFound, InvalidMetadata, or Refusal when
    they have changed since."""

    def replace(rules: Rules) -> Rules:
        if rules != seen:
            raise Refusal(_("Các quy tắc vừa được đổi ở nơi khác. Mở lại trang để xem."), "path_rules_changed_meanwhile", 409)
        return lines

    return _edit(connection, client_id, replace, actor, why)


def _edit(connection: Connection, client_id: str, edit: Callable[[Rules], Rules], actor: str, why: dict[str, Any]) -> Rules:
    row = connection.execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    before = from_columns(row).path_rules
    return registration.change(connection, client_id, actor=actor, path_rules=edit(before), **why).path_rules
