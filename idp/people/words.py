"""How levels, categories and states are called on pages and in tables."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.people.models import Level, PersonState, StaffCategory

LEVELS = {Level.PROVINCE: _l("Cấp tỉnh"), Level.DISTRICT: _l("Cấp huyện"), Level.COMMUNE: _l("Cấp xã")}
CATEGORIES = {
    StaffCategory.CAN_BO: _l("Cán bộ"),
    StaffCategory.CONG_CHUC: _l("Công chức"),
    StaffCategory.VIEN_CHUC: _l("Viên chức"),
    StaffCategory.HOP_DONG: _l("Người lao động hợp đồng"),
}
STATES = {PersonState.ACTIVE: _l("Đang hoạt động"), PersonState.SUSPENDED: _l("Đã vô hiệu hóa")}


def level_words(level: str | None) -> str:
    """The level in words; "Chưa rõ cấp" when it is not known."""
    return str(LEVELS.get(level, _l("Chưa rõ cấp")))  # type: ignore[call-overload]


def category_words(category: str | None) -> str:
    """The staff category in words; "Chưa rõ loại" when it is not known."""
    return str(CATEGORIES.get(category, _l("Chưa rõ loại")))  # type: ignore[call-overload]


def state_words(state: str) -> str:
    """The state of a person in words."""
    return str(STATES[PersonState(state)])


def source_words(source: str) -> str:
    """Where facts of people come from, in words."""
    kind, _colon, name = source.partition(":")
    return {"ldap": _("Danh bạ"), "spreadsheet": _("Tệp %(name)s", name=name), "scim": _("SCIM %(name)s", name=name)}.get(kind, source)
