"""Runs, changes, fields and flaws in words."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from directory_sync.directory_text import Flaw
from directory_sync.models import ChangeKind, PlanState, RunState
from idp.console.words import reason_words
from idp.people.words import category_words, level_words, state_words

# How each state is called, and how it is shown: ok, warn, bad or plain.
STATES = {
    RunState.RUNNING: ("plain", _l("Đang chạy")),
    RunState.APPLIED: ("ok", _l("Thành công")),
    RunState.UNCHANGED: ("ok", _l("Không có thay đổi")),
    RunState.PLANNED: ("plain", _l("Chạy thử")),
    RunState.STOPPED: ("warn", _l("Tạm dừng do ngưỡng an toàn")),
    RunState.FAILED: ("bad", _l("Lỗi")),
}
PLAN_STATES = {
    PlanState.WAITING: ("warn", _l("Chờ phê duyệt")),
    PlanState.APPROVED: ("ok", _l("Đã duyệt, chờ áp dụng")),
    PlanState.APPLIED: ("ok", _l("Đã áp dụng")),
    PlanState.REJECTED: ("bad", _l("Đã trả lại")),
    PlanState.MOVED_ON: ("plain", _l("Không còn đúng với danh bạ")),
    PlanState.EXPIRED: ("plain", _l("Quá hạn phê duyệt")),
}
STEPS = {
    "read": _l("đang đọc danh bạ"),
    "suspend": _l("đang vô hiệu hóa"),
    "return": _l("đang mở lại"),
    "update": _l("đang cập nhật"),
    "join": _l("đang thêm mới"),
}
CHANGES = {
    ChangeKind.JOINED: ("ok", _l("Thêm mới")),
    ChangeKind.CHANGED: ("plain", _l("Cập nhật")),
    ChangeKind.MOVED: ("plain", _l("Chuyển đơn vị")),
    ChangeKind.SUSPENDED: ("bad", _l("Vô hiệu hóa")),
    ChangeKind.RETURNED: ("ok", _l("Mở lại")),
    ChangeKind.UNIT_ADDED: ("ok", _l("Đơn vị mới")),
    ChangeKind.UNIT_CHANGED: ("plain", _l("Đơn vị thay đổi")),
    ChangeKind.UNIT_CLOSED: ("bad", _l("Đơn vị kết thúc")),
}
FIELDS = {
    "name": _l("Họ và tên"),
    "username": _l("Tên đăng nhập"),
    "mail": _l("Thư điện tử công vụ"),
    "phone": _l("Số điện thoại"),
    "staff_code": _l("Mã CBCCVC"),
    "staff_category": _l("Loại"),
    "title": _l("Chức vụ"),
    "employment_status": _l("Tình trạng công tác"),
    "unit": _l("Đơn vị"),
    "unit_name": _l("Đơn vị"),
    "unit_key": _l("Đơn vị"),
    "locked": _l("Bị khóa"),
    "state": _l("Trạng thái"),
    "reason": _l("Lý do"),
    "code": _l("Mã"),
    "level": _l("Cấp"),
    "parent": _l("Đơn vị cấp trên"),
}
FLAWS = {
    Flaw.DECOMPOSED_TEXT: _l("Chữ có dấu viết ở dạng tách rời (NFD), đã được chuẩn hóa"),
    Flaw.STRAY_BLANKS: _l("Thừa khoảng trắng, đã được bỏ"),
    Flaw.UNREADABLE_TEXT: _l("Có chữ không đọc được"),
    Flaw.TOO_LONG: _l("Giá trị quá dài"),
    Flaw.NO_NAME: _l("Thiếu họ tên"),
    Flaw.NO_USERNAME: _l("Thiếu tên đăng nhập: chưa đăng nhập được"),
    Flaw.UNUSABLE_USERNAME: _l("Tên đăng nhập không dùng được"),
    Flaw.NO_MAIL: _l("Thiếu thư điện tử công vụ"),
    Flaw.SEVERAL_MAILS: _l("Có nhiều thư điện tử"),
    Flaw.NO_STAFF_CODE: _l("Thiếu mã CBCCVC"),
    Flaw.NO_TITLE: _l("Thiếu chức vụ"),
    Flaw.NO_UNIT: _l("Không rõ đơn vị"),
    Flaw.OTHER_UNIT: _l("Đơn vị ghi trong bản ghi khác với vị trí trong danh bạ"),
    Flaw.UNKNOWN_CATEGORY: _l("Không rõ loại cán bộ"),
    Flaw.SHARED_STAFF_CODE: _l("Trùng mã CBCCVC với người khác"),
    Flaw.SHARED_USERNAME: _l("Trùng tên đăng nhập với người khác: cả hai chưa đăng nhập được"),
    Flaw.SHARED_MAIL: _l("Trùng thư điện tử với người khác"),
    Flaw.NO_ENTRY_UUID: _l("Bản ghi không kèm entryUUID: bị bỏ qua"),
    Flaw.UNUSABLE_KEY: _l("Bản ghi có mã nhận dạng không dùng được: bị bỏ qua"),
}


def field_words(name: str) -> str:
    """A field in words; one without words as it is called."""
    return str(FIELDS.get(name, name))


def value_words(name: str, value: Any) -> str:
    """A value of a field in words."""
    if isinstance(value, bool):
        return _("có") if value else _("không")
    words = {"level": level_words, "staff_category": category_words, "state": state_words, "reason": reason_words}.get(name)
    return words(value) if words else str(value)


def change_words(kind: str) -> str:
    """A kind of change in words."""
    return str(CHANGES[ChangeKind(kind)][1])


TOLD_IN_THE_TABLE = frozenset({"name", "unit", "unit_name"})  # of somebody new: they stand in columns of their own


def differences(change: Any) -> list[tuple[str, Any, Any]]:
    """What differs, field by field: name, before, after."""
    names = [*change.before, *(name for name in change.after if name not in change.before)]
    if not change.before:
        names = [name for name in names if name not in TOLD_IN_THE_TABLE and change.after[name] not in (None, "", False)]
    return [(name, change.before.get(name), change.after.get(name)) for name in names]


def flaw_words(kind: str) -> str:
    """A flaw in words; one without words as it is called."""
    return str(FLAWS[Flaw(kind)]) if kind in set(Flaw) else kind
