"""Entry rules in words."""

import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients.entry_models import EntryKind
from idp.console.words import ROLES
from idp.people.models import StaffCategory
from idp.roles.models import Role

KIND_WORDS = {
    EntryKind.UNIT.value: _l("Người của một đơn vị và các đơn vị bên dưới"),
    EntryKind.CATEGORY.value: _l("Một loại cán bộ"),
    EntryKind.ROLE.value: _l("Người giữ một vai trò"),
    EntryKind.PERSON.value: _l("Một người nêu tên"),
    EntryKind.EVERYBODY.value: _l("Tất cả cán bộ trong tỉnh"),
}
CATEGORY_WORDS = {
    StaffCategory.CAN_BO.value: _l("Cán bộ"), StaffCategory.CONG_CHUC.value: _l("Công chức"),
    StaffCategory.VIEN_CHUC.value: _l("Viên chức"), StaffCategory.HOP_DONG.value: _l("Người lao động hợp đồng"),
}  # fmt: skip
CATEGORY_CHOICES = list(CATEGORY_WORDS.items())
ROLE_CHOICES = [(role.value, ROLES[role]) for role in Role if role in ROLES]


def rule_words(rules: Iterable[Any], names: dict[uuid.UUID, str]) -> dict[uuid.UUID, str]:
    """Whom each of these rules lets in, by the rule's key."""
    return {rule.id: one_in_words(rule, names) for rule in rules}


def one_in_words(rule: Any, names: dict[uuid.UUID, str]) -> str:
    """Whom one rule lets in."""
    if rule.kind == EntryKind.UNIT:
        return _("Người của %(name)s và các đơn vị bên dưới", name=names.get(rule.unit_id, "—"))
    if rule.kind == EntryKind.CATEGORY:
        return str(CATEGORY_WORDS.get(rule.staff_category, rule.staff_category))
    if rule.kind == EntryKind.ROLE:
        return _("Vai trò: %(name)s", name=dict(ROLE_CHOICES).get(rule.role, rule.role))
    if rule.kind == EntryKind.PERSON:
        return names.get(rule.person_id, "—")
    return str(KIND_WORDS[EntryKind.EVERYBODY.value])
