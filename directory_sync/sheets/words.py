"""Spreadsheets in words: what is wrong with a file or a row, encodings, states."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from directory_sync.sheets.columns import FIELDS
from directory_sync.sheets.rows import Mistake
from idp.web.legacy_text import TCVN3, UTF_8, UTF_16, VNI, WINDOWS_1258

ENCODING_WORDS = {
    UTF_8: "Unicode (UTF-8)", UTF_16: "Unicode (UTF-16)", WINDOWS_1258: "Windows-1258", TCVN3: "TCVN3 (ABC)", VNI: "VNI Windows",
}  # fmt: skip
FILE_MISTAKES = {
    "empty": _l("Tệp không có dòng nào. Chọn tệp có một dòng tiêu đề và các dòng dữ liệu."),
    "too_large": _l("Tệp lớn hơn 10 MB hoặc bung ra quá lớn. Chia thành nhiều tệp."),
    "too_many_rows": _l("Tệp có hơn 200.000 dòng. Chia thành nhiều tệp."),
    "too_many_columns": _l("Tệp có hơn 100 cột. Bỏ các cột không cần."),
    "cell_too_long": _l("Có ô dài hơn 2.000 ký tự. Rút ngắn ô đó."),
    "not_readable": _l("Không đọc được chữ trong tệp theo bảng mã này. Chọn bảng mã khác, hoặc lưu tệp dạng XLSX."),
    "not_a_table": _l("Tệp này không phải CSV hoặc XLSX. Tệp .xls đời cũ: mở bằng bảng tính rồi lưu lại dạng XLSX."),
}
_ROW = {
    "no_key": _l("%(field)s: thiếu, nên không biết dòng này của ai"),
    "key_twice": _l("Dòng khác trong tệp có cùng khóa"),
    "id_twice": _l("%(field)s: dòng khác trong tệp có cùng số"),
    "too_long": _l("%(field)s: quá dài"),
    "not_a_name": _l("%(field)s: “%(value)s” có chữ số"),
    "no_day": _l("%(field)s: %(value)s không hợp lệ. Viết dạng ngày/tháng/năm"),
    "no_personal_id": _l("%(field)s: phải gồm 12 chữ số"),
    "no_gender": _l("%(field)s: không rõ “%(value)s”. Viết nam hoặc nữ"),
    "no_category": _l("%(field)s: không rõ “%(value)s”. Viết cán bộ, công chức, viên chức hoặc hợp đồng"),
    "no_such_unit": _l("%(field)s: không có đơn vị đang hoạt động với mã %(value)s"),
    "unit_not_unique": _l("%(field)s: nhiều đơn vị cùng mã %(value)s"),
    "no_decision": _l("%(field)s: dòng có ngày hiệu lực phải ghi số quyết định"),
    "no_mail": _l("%(field)s: “%(value)s” không phải địa chỉ thư"),
    "no_phone": _l("%(field)s: “%(value)s” không phải số điện thoại"),
    "no_username": _l("%(field)s: “%(value)s” không dùng được"),
    "not_yours": _l("Người hoặc đơn vị này ngoài phạm vi được giao"),
}


def mistake_words(mistake: Mistake) -> str:
    """What is wrong with a row, in one part of a sentence."""
    return str(_ROW[mistake.word]) % {"field": FIELDS.get(mistake.field, ""), "value": mistake.value[:60]}


def file_mistake_words(word: str) -> str:
    """Why a file is no table, and what to do."""
    return str(FILE_MISTAKES.get(word) or _("Không đọc được tệp này."))
