"""What may wait for a second person at the console: who sees it, who may agree to it, how it is told, and how it is carried out."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, bindparam, select

from clients.entry_models import EntryKind
from clients.entry_rules import add_rule
from clients.registry import find_even_disabled
from idp import second_word
from idp.client_reach import reaches
from idp.console import delegation, sensitive_changes, widening
from idp.console.client_history import Changed
from idp.console.entry_names import subjects_of
from idp.console.entry_words import one_in_words
from idp.console.words import role_words
from idp.database import reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.models import Person, Unit
from idp.roles import two_officers
from idp.roles.models import Role
from idp.roles.permissions import scope_of
from idp.second_word import Word
from idp.web.formats import format_date
from idp.web.viewer import Permission, Viewer

_p, _u = table_of(Person), table_of(Unit)
_person = (
    select(_p.c.name, _u.c.name.label("unit")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(_p.c.id == bindparam("key"))
)
_unit = select(_u.c.name).where(_u.c.id == bindparam("key"))

HELP_WORDS = {
    "temporary": _l("Cấp mã tạm"), "activation": _l("In phiếu kích hoạt"), "reset_factors": _l("Hủy phương tiện xác thực"),
    "unlock": _l("Mở khóa đăng nhập"), "proof": _l("Xác minh danh tính"), "withdraw_proof": _l("Rút lại xác minh"),
}  # fmt: skip

Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Kind:
    """One kind of proposal. `proposer_may`: whether who proposed it may still, asked when a second person agrees. `where`: the page at
    which agreeing is doing the same; without, it is a button. `differences`: what would be other than now, field by field."""

    words: Any
    may_decide: Callable[[Viewer, Any], bool]
    facts: Callable[[Any], Facts]
    carry_out: Callable[[Connection, Any, dict[str, Any], Viewer], None] | None
    where: Callable[[Any], str] | None = None
    proposer_may: Callable[[uuid.UUID, Any], bool] = lambda _holder_id, _row: True
    differences: Callable[[Any], Sequence[Changed]] = lambda _row: ()


def kind_of(row: Any) -> Kind | None:
    """What is known of a proposal's kind; None of one that is decided elsewhere."""
    if row.kind.startswith(two_officers.KIND):
        return HELP
    return KINDS.get(row.kind)


def sees(viewer: Viewer, row: Any) -> bool:
    """Whether the viewer is shown it: who proposed it, who may agree to it, and who watches over roles in the whole province."""
    kind = kind_of(row)
    if kind is None:
        return False
    whole = scope_of(viewer.person_id, Permission.SEE_ROLES).whole_province
    return whole or row.proposed_by == viewer.actor or kind.may_decide(viewer, row)


def carry_out(connection: Connection, row: Any, content: dict[str, Any], viewer: Viewer) -> None:
    """Do what was agreed to. Raises Refusal."""
    kind = kind_of(row)
    if kind is None or kind.carry_out is None:
        raise NotFound(_("Không có đề xuất này."))
    if not kind.may_decide(viewer, row):
        raise Forbidden("", reason="may_not_decide")
    second_word.require_second(
        connection, Word(row.proposed_by, row.proposed_at), viewer.actor,
        first_may=lambda holder_id: kind.proposer_may(holder_id, row), second_may=lambda _holder_id: kind.may_decide(viewer, row),
    )  # fmt: skip
    kind.carry_out(connection, row, content, viewer)


def _may_give(viewer: Viewer, row: Any) -> bool:
    try:
        delegation.check(viewer.person_id, delegation.wanted_of(json.loads(row.content)))
    except Refusal:
        return False
    return viewer.client_id is None


def _facts_of_role(row: Any) -> Facts:
    wanted = delegation.wanted_of(json.loads(row.content))
    person = reader().execute(_person, {"key": wanted.person_id}).first()
    unit = reader().execute(_unit, {"key": wanted.unit_id}).scalar() if wanted.unit_id else place_of_none(wanted.role)
    days = _("từ %(first)s đến %(last)s", first=_day(wanted.valid_from) or _("ngay"), last=_day(wanted.valid_until) or _("không hạn"))
    name = f"{person.name} ({person.unit or '—'})" if person else "—"
    return [(_("Người"), name), (_("Vai trò"), role_words(wanted.role)), (_("Phạm vi"), str(unit or "—")), (_("Thời hạn"), days)]


def place_of_none(role: str) -> str:
    """What a role without a unit reaches, in words."""
    return _("ứng dụng nêu tên người này") if role == Role.CLIENT_OWNER else _("toàn tỉnh")


def _day(day: date | None) -> str | None:
    return format_date(day) if day else None


def _may_widen(viewer: Viewer, row: Any) -> bool:
    may = Permission.APPROVE_CLIENTS in viewer.permissions and viewer.client_id is None
    return may and reaches(viewer.person_id, Permission.APPROVE_CLIENTS, uuid.UUID(row.subject))


def _facts_of_entry(row: Any) -> Facts:
    content = json.loads(row.content)
    client = find_even_disabled(content["client_id"])
    days = [format_date(date.fromisoformat(content[name])) if content[name] else "—" for name in ("valid_from", "valid_to")]
    name = client.client_name if client else content["client_id"]
    rule = widening.rule_of(content)
    who = one_in_words(rule, subjects_of(reader(), [rule]))
    if rule.kind is not EntryKind.EVERYBODY:
        who = _("%(who)s; cùng các quy tắc đã có thì mọi cán bộ đều vào được", who=who)
    return [(_("Ứng dụng"), name), (_("Ai được vào"), who), (_("Từ ngày – đến hết ngày"), " – ".join(days))]


def _widen(connection: Connection, row: Any, content: dict[str, Any], viewer: Viewer) -> None:
    add_rule(connection, content["client_id"], widening.rule_of(content), actor=viewer.actor, reason=row.reason)


def _facts_of_help(row: Any) -> Facts:
    person = reader().execute(_person, {"key": uuid.UUID(row.subject)}).first()
    return [
        (_("Người"), f"{person.name} ({person.unit or '—'})" if person else "—"),
        (_("Việc"), str(HELP_WORDS.get(_deed(row), _deed(row)))),
    ]


def _deed(row: Any) -> str:
    return str(row.kind).removeprefix(two_officers.KIND)


def _may_help(viewer: Viewer, row: Any) -> bool:
    return row.subject != str(viewer.person_id) and scope_of(viewer.person_id, Permission.HELP_PEOPLE).whole_province


def _help_page(row: Any) -> str:
    return url_for("console_help.ask", person_id=row.subject, deed=_deed(row))


KINDS = {
    delegation.KIND: Kind(
        _l("Giao vai trò quản trị"), _may_give, _facts_of_role, delegation.carry_out,
        proposer_may=lambda holder_id, row: delegation.may_give(holder_id, delegation.wanted_of(json.loads(row.content))),
    ),
    widening.KIND: Kind(
        _l("Mở ứng dụng cho mọi người"), _may_widen, _facts_of_entry, _widen,
        proposer_may=lambda holder_id, row: reaches(holder_id, Permission.CHANGE_CLIENTS, uuid.UUID(row.subject)),
    ),
    sensitive_changes.KIND: Kind(
        _l("Thay đổi ứng dụng đang dùng chính thức"), sensitive_changes.may_approve, sensitive_changes.facts_of, sensitive_changes.carry_out,
        proposer_may=sensitive_changes.proposer_may, differences=sensitive_changes.differences_of,
    ),
}  # fmt: skip
HELP = Kind(_l("Giúp người giữ vai trò đăng nhập"), _may_help, _facts_of_help, None, _help_page)
