"""The catalogue in words: what its choices are called, and by which headings its table goes out and comes in."""

from flask_babel import lazy_gettext as _l

from clients.catalogue import Standing
from clients.catalogue_models import OwnPasswords, Protocol

LEVEL_WORDS = {"central": _l("Trung ương"), "province": _l("Cấp tỉnh"), "district": _l("Cấp huyện"), "commune": _l("Cấp xã")}
PROTOCOL_WORDS = {
    Protocol.OIDC.value: _l("OpenID Connect"),
    Protocol.SAML.value: _l("SAML 2.0"),
    Protocol.PROXY.value: _l("Qua proxy xác thực"),
    Protocol.LDAP.value: _l("Mật khẩu thư mục (LDAP)"),
    Protocol.OWN.value: _l("Tài khoản riêng"),
    Protocol.UNKNOWN.value: _l("Chưa rõ"),
}
OWN_PASSWORD_WORDS = {OwnPasswords.YES.value: _l("Còn"), OwnPasswords.NO.value: _l("Không còn"), OwnPasswords.UNKNOWN.value: _l("Chưa rõ")}
STANDING_WORDS = {
    Standing.INTEGRATED.value: _l("Đã tích hợp"),
    Standing.CONNECTED.value: _l("Đã kết nối, chưa kiểm chứng"),
    Standing.NOT_CONNECTED.value: _l("Chưa kết nối"),
    Standing.RETIRED.value: _l("Ngừng sử dụng"),
}
STANDING_BADGES = {
    Standing.INTEGRATED.value: "ok", Standing.CONNECTED.value: "warn", Standing.NOT_CONNECTED.value: "bad", Standing.RETIRED.value: "plain",
}  # fmt: skip
HEADINGS = {
    "code": _l("Mã"),
    "name": _l("Tên hệ thống"),
    "purpose": _l("Mục đích"),
    "owner_unit": _l("Đơn vị chủ quản"),
    "contact": _l("Liên hệ"),
    "level": _l("Cấp"),
    "protocol": _l("Cách đăng nhập"),
    "security_level": _l("Cấp độ an toàn"),
    "in_scope": _l("Thuộc chỉ tiêu"),
    "client_id": _l("Mã ứng dụng"),
    "own_passwords_left": _l("Còn mật khẩu riêng"),
    "accounts": _l("Số tài khoản"),
    "planned_on": _l("Dự kiến kết nối"),
    "notes": _l("Ghi chú"),
}
