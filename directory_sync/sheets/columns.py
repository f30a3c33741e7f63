"""Which column of a file is which fact: told from its heading, without accents, and from how it was matched last time."""

import re
from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, delete, insert, select

from directory_sync.sheets.models import SheetColumns
from idp import clock
from idp.database import table_of
from idp.people.names import fold

_c = table_of(SheetColumns)
_BLANKS = re.compile(r"[^a-z0-9]+")
# In the order of the template.
FIELDS = {
    "staff_code": _l("Mã CBCCVC"),
    "personal_id": _l("Số định danh cá nhân"),
    "name": _l("Họ và tên"),
    "birth": _l("Ngày sinh"),
    "gender": _l("Giới tính"),
    "staff_category": _l("Loại"),
    "unit_code": _l("Mã đơn vị"),
    "title": _l("Chức vụ"),
    "effective_on": _l("Ngày hiệu lực"),
    "decision": _l("Số quyết định"),
    "username": _l("Tên đăng nhập"),
    "mail": _l("Thư điện tử công vụ"),
    "phone": _l("Số điện thoại"),
    "status": _l("Trạng thái"),
}
TEMPLATE_HEADINGS = (
    "Mã CBCCVC", "Số định danh cá nhân", "Họ và tên", "Ngày sinh", "Giới tính", "Loại", "Mã đơn vị", "Chức vụ", "Ngày hiệu lực",
    "Số quyết định", "Tên đăng nhập", "Thư điện tử công vụ", "Số điện thoại", "Trạng thái",
)  # fmt: skip
KEY_FIELDS = ("staff_code", "personal_id", "mail", "username")
_HEADINGS = {
    "staff_code": ("ma cbccvc", "ma can bo", "ma cong chuc", "ma vien chuc", "ma nhan vien", "ma so can bo", "so hieu", "so hieu cbccvc",
                   "so hieu cong chuc", "employee number", "employeenumber", "staff code", "staff number", "employee id"),
    "personal_id": ("so dinh danh ca nhan", "so dinh danh", "so cccd", "cccd", "can cuoc cong dan", "so can cuoc", "so cccd dinh danh",
                    "cmnd cccd", "cccd cmnd", "so cmnd cccd", "personal id", "personal identification number", "national id"),
    "name": ("ho va ten", "ho ten", "ten can bo", "ho va ten khai sinh", "ho ten can bo", "full name", "fullname", "name"),
    "birth": ("ngay sinh", "ngay thang nam sinh", "nam sinh", "date of birth", "birth date", "birthday"),
    "gender": ("gioi tinh", "nam nu", "phai", "gender", "sex"),
    "staff_category": ("loai", "loai can bo", "loai cbccvc", "doi tuong", "cb cc vc", "category", "employee type"),
    "unit_code": ("ma don vi", "ma co quan", "ma dinh danh don vi", "ma dinh danh co quan", "unit code", "department number"),
    "title": ("chuc vu", "chuc danh", "chuc vu chuc danh", "vi tri viec lam", "title", "position"),
    "effective_on": ("ngay hieu luc", "hieu luc tu", "hieu luc tu ngay", "tu ngay", "effective date", "effective on"),
    "decision": ("so quyet dinh", "so qd", "quyet dinh", "quyet dinh so", "can cu", "decision", "decision number"),
    "username": ("ten dang nhap", "tai khoan", "ten tai khoan", "username", "user name", "uid", "login"),
    "mail": ("thu dien tu cong vu", "thu cong vu", "thu dien tu", "email", "e mail", "email cong vu", "hop thu cong vu", "mail"),
    "phone": ("so dien thoai", "dien thoai", "dien thoai di dong", "sdt", "so dt", "phone", "mobile"),
    "status": ("trang thai", "tinh trang", "tinh trang cong tac", "status"),
}  # fmt: skip
_FIELD_OF = {heading: field for field, headings in _HEADINGS.items() for heading in headings}


def plain_heading(text: str) -> str:
    """A heading as it is compared: without accents, signs and numbers of columns."""
    return " ".join(part for part in _BLANKS.split(fold(text)) if part)


def match_columns(headings: Sequence[str], remembered: Mapping[str, str]) -> list[str]:
    """The field of each column, empty where it is not known; no field twice. What was matched by hand last time comes first."""
    found: list[str] = []
    for text in headings:
        plain = plain_heading(text)
        field = remembered[plain] if plain in remembered else _FIELD_OF.get(plain) or (text if text in FIELDS else "")
        found.append(field if field and field not in found else "")
    return found


def remembered_columns(connection: Connection, source: str) -> tuple[dict[str, str], str | None]:
    """How the headings of this source were matched last, and which field was the key."""
    row = connection.execute(select(_c.c.fields, _c.c.key_field).where(_c.c.source == source)).first()
    return (dict(row.fields), row.key_field) if row else ({}, None)


def remember_columns(connection: Connection, source: str, headings: Sequence[str], columns: Sequence[str], key_field: str) -> None:
    """Keep how the columns were matched, for the next file of the source; headings that it does not have are not forgotten."""
    fields, _key = remembered_columns(connection, source)
    fields |= {plain_heading(text): field for text, field in zip(headings, columns, strict=True) if text}
    connection.execute(delete(_c).where(_c.c.source == source))
    connection.execute(insert(_c), {"source": source, "fields": fields, "key_field": key_field, "updated_at": clock.now()})
