"""States, kinds and flaws of reorganisations in words."""

from flask_babel import lazy_gettext as _l

from directory_sync.reorganisation_models import Origin, ReorganisationState, RoleFate
from idp.people.unit_models import SuccessionKind

STATES = {
    ReorganisationState.DRAFT: ("plain", _l("Bản thảo")),
    ReorganisationState.APPROVED: ("ok", _l("Đã phê duyệt, chờ danh bạ thay đổi")),
    ReorganisationState.UNDER_WAY: ("warn", _l("Đang thực hiện")),
    ReorganisationState.APPLIED: ("ok", _l("Đã thực hiện xong")),
    ReorganisationState.WITHDRAWN: ("bad", _l("Đã thu hồi")),
}
ORIGINS = {Origin.FILE: _l("từ tệp"), Origin.DIFFERENCE: _l("từ khác biệt trong danh bạ")}
KINDS = {
    SuccessionKind.MERGE: _l("Sáp nhập"),
    SuccessionKind.SPLIT: _l("Chia tách"),
    SuccessionKind.RENAME: _l("Đổi tên, mã"),
    SuccessionKind.VANISH: _l("Kết thúc"),
    SuccessionKind.NEW: _l("Thành lập mới"),
}
FATES = {RoleFate.FOLLOW: _l("chuyển sang đơn vị mới"), RoleFate.END: _l("kết thúc")}
FLAWS = {
    "nothing_named": _l("Dòng trống mã và tên đơn vị"),
    "too_long": _l("Có ô quá dài"),
    "unknown_kind": _l("Không rõ loại sắp xếp: ghi sáp nhập, chia tách, đổi tên, giải thể hoặc thành lập"),
    "unknown_roles": _l("Cột vai trò chỉ nhận: theo, kết thúc"),
    "no_date": _l("Ngày hiệu lực không hợp lệ: ghi dạng ngày/tháng/năm"),
    "twice": _l("Cặp đơn vị này ghi hai lần"),
    "no_old_unit": _l("Thiếu đơn vị cũ"),
    "no_new_unit": _l("Thiếu đơn vị mới"),
    "not_found": _l("Không có đơn vị đang hoạt động với mã hoặc tên này"),
    "not_unique": _l("Nhiều đơn vị cùng tên: ghi mã đơn vị"),
}
FILE_MISTAKES = {
    "too_large": _l("Tệp quá lớn."),
    "empty": _l("Tệp không có dòng nào."),
    "no_headings": _l("Dòng đầu của tệp phải là tên cột, ví dụ: loại, mã cũ, tên cũ, mã mới, tên mới, vai trò, ngày hiệu lực."),
    "too_many_rows": _l("Tệp có quá nhiều dòng."),
    "too_many_columns": _l("Tệp có quá nhiều cột."),
    "cell_too_long": _l("Tệp có ô quá dài."),
    "not_readable": _l("Không đọc được chữ trong tệp. Lưu tệp CSV ở bảng mã UTF-8."),
    "not_a_table": _l("Không đọc được tệp. Chỉ nhận CSV hoặc XLSX."),
}
TABLES = {
    "client": _l("ứng dụng kết nối"),
    "client_card": _l("ứng dụng do đơn vị làm chủ quản"),
    "client_entry_rule": _l("quy tắc vào ứng dụng, sẽ chuyển sang đơn vị mới"),
    "client_role_rule": _l("quy tắc vai trò trong ứng dụng, sẽ chuyển sang đơn vị mới"),
    "appointment": _l("chức vụ, vị trí kiêm nhiệm"),
    "planned_change": _l("thay đổi nhân sự đã lên lịch"),
}
