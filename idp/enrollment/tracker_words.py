"""How the tracker's pages, reports and letters call things."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.enrollment.figures_of_day import LEVEL, OWN, UNIT, WHOLE, Figures, Line
from idp.enrollment.forecast import UnitState
from idp.enrollment.rungs import Rung
from idp.people.words import category_words, level_words
from idp.web.formats import format_share

FUNNEL = (
    (Rung.NO_ACCOUNT, _l("Tổng số người")),
    (Rung.NOT_ACTIVATED, _l("Có tài khoản dùng được")),
    (Rung.ACTIVATED, _l("Đã kích hoạt")),
    (Rung.PROOFED, _l("Đã xác minh danh tính")),
    (Rung.FACTOR_ENROLLED, _l("Đã đăng ký đa yếu tố")),
    (Rung.AUTHENTICATED, _l("Được xác thực điện tử")),
    (Rung.SEAMLESS, _l("Thông suốt, hợp nhất")),
)
STATES = {
    UnitState.NOBODY: ("plain", _l("không có đối tượng")),
    UnitState.REACHED: ("ok", _l("đạt")),
    UnitState.ON_TRACK: ("ok", _l("đúng tiến độ")),
    UnitState.SLOW: ("warn", _l("chậm")),
    UnitState.NOT_STARTED: ("bad", _l("chưa bắt đầu")),
}
# What stands between people of a rung and the next one: the segments that lists and reminders are made of.
SEGMENTS = {
    Rung.NO_ACCOUNT: _l("Chưa có tài khoản dùng được"),
    Rung.NOT_ACTIVATED: _l("Chưa kích hoạt tài khoản"),
    Rung.ACTIVATED: _l("Chưa xác minh danh tính"),
    Rung.PROOFED: _l("Chưa đăng ký phương tiện xác thực thứ hai"),
    Rung.FACTOR_ENROLLED: _l("Lâu không đăng nhập bằng hai yếu tố"),
    Rung.AUTHENTICATED: _l("Chưa vào đủ hệ thống đã kết nối"),
}
NEXT_STEPS = {
    Rung.NO_ACCOUNT: _l("Cấp tài khoản"),
    Rung.NOT_ACTIVATED: _l("Đăng nhập lần đầu và đọc thông báo xử lý dữ liệu"),
    Rung.ACTIVATED: _l("Gặp cán bộ phụ trách để xác minh danh tính"),
    Rung.PROOFED: _l("Đăng ký phương tiện xác thực thứ hai và cất mã dự phòng"),
    Rung.FACTOR_ENROLLED: _l("Đăng nhập bằng hai yếu tố"),
    Rung.AUTHENTICATED: _l("Mở từng hệ thống đã kết nối qua đăng nhập một lần"),
}
FACTORS = {
    "any": _l("Có ít nhất một phương tiện thứ hai"),
    "totp": _l("Ứng dụng tạo mã"),
    "passkey": _l("Khóa truy cập hoặc khóa bảo mật"),
    "hardware_token": _l("Thiết bị tạo mã"),
}
CAUSES = {
    "time.two_factor": _l("Quá số ngày không đăng nhập bằng hai yếu tố"),
    "time.entry": _l("Quá số ngày không vào hệ thống đã kết nối"),
    "time.proofing": _l("Việc xác minh danh tính hết hiệu lực"),
    "time.secondment": _l("Hết thời gian biệt phái"),
    "systems.changed": _l("Danh mục hệ thống thay đổi"),
    "parameters.changed": _l("Chỉ tiêu hoặc tham số thay đổi"),
    "recount": _l("Đếm lại"),
    "person.added": _l("Có thêm trong dữ liệu nhân sự"),
    "person.changed": _l("Dữ liệu nhân sự thay đổi"),
    "person.suspended": _l("Bị vô hiệu hóa"),
    "person.restored": _l("Được mở lại"),
    "notice.acknowledged": _l("Đọc thông báo xử lý dữ liệu"),
    "proofing.recorded": _l("Được xác minh danh tính"),
    "proofing.withdrawn": _l("Việc xác minh danh tính bị hủy"),
    "totp.enrolled": _l("Đăng ký ứng dụng tạo mã"),
    "totp.removed": _l("Gỡ ứng dụng tạo mã"),
    "passkey.enrolled": _l("Đăng ký khóa truy cập"),
    "passkey.removed": _l("Gỡ khóa truy cập"),
    "hardware_token.assigned": _l("Được giao thiết bị tạo mã"),
    "hardware_token.revoked": _l("Thiết bị tạo mã bị thu hồi"),
    "recovery_codes.confirmed": _l("Xác nhận cất giữ mã dự phòng"),
    "factors.reset": _l("Phương tiện xác thực bị hủy"),
    "second_factor.verified": _l("Đăng nhập bằng hai yếu tố"),
    "passkey.verified": _l("Đăng nhập bằng khóa truy cập"),
    "session.started": _l("Đăng nhập"),
    "session.raised": _l("Xác thực bổ sung"),
    "authorization.granted": _l("Vào một hệ thống"),
}
BREAKS = {
    "rules": _l("đổi quy tắc tính"),
    "parameters": _l("đổi chỉ tiêu hoặc tham số"),
    "catalogue": _l("đổi danh mục hệ thống"),
    "tree": _l("đổi cây đơn vị"),
    "gap": _l("có ngày không chốt số liệu"),
}


def line_words(line: Line) -> str:
    """What a line is called."""
    if line.kind == WHOLE:
        return _("Toàn tỉnh")
    if line.kind == LEVEL:
        return level_words(line.key)
    if line.kind == "category":
        return category_words(line.key)
    if line.kind == OWN:
        return _("Trực thuộc") if line.unit_id else _("Chưa rõ đơn vị")
    return line.name if line.kind == UNIT else _("Phạm vi được giao")


def headline(figures: Figures, integrated: int, in_scope: int) -> str:
    """The two figures that are never shown one without the other: "62,40% người, trên 9/31 hệ thống"."""
    if not figures.entitled:
        return _("Không có đối tượng; đã kết nối %(part)s/%(whole)s hệ thống", part=integrated, whole=in_scope)
    share = format_share(figures.seamless_entitled, figures.entitled)
    return _("%(share)s người, trên %(part)s/%(whole)s hệ thống", share=share, part=integrated, whole=in_scope)


def masked(code: str | None) -> str:
    """A staff code or another number of a person, its middle hidden: 0020••••12."""
    if not code:
        return ""
    return code[:4] + "•" * (len(code) - 6) + code[-2:] if len(code) > 8 else code[:1] + "•" * max(0, len(code) - 2) + code[-1:]


def cause_words(cause: str) -> str:
    """Why somebody stands otherwise, in words; a cause that has none as it is kept."""
    return str(CAUSES.get(cause, cause))
