"""Why a run changed nothing: a stable word with its figures, kept in the run, and told in the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext as _


def encode(code: str, **details: object) -> str:
    """A reason as it is kept: `code name=value …`."""
    return " ".join([code, *(f"{name}={value}" for name, value in details.items())])


def parse(reason: str) -> list[tuple[str, dict[str, str]]]:
    """The reasons kept in a run, one a line: code and details."""
    found = []
    for line in reason.splitlines():
        code, *details = line.split(" ")
        found.append((code, {name: value for name, _equals, value in (detail.partition("=") for detail in details)}))
    return found


def explain(reason: str | None) -> str:
    """The reasons kept in a run, in sentences that say what happened and what to do."""
    return " ".join(_sentence(code, details) for code, details in parse(reason or ""))


def _sentence(code: str, details: Mapping[str, str]) -> str:
    if code in ("too_many_suspensions", "attribute_vanished", "staff_codes_not_unique"):
        return _stopped(code, details)
    return {
        "no_people": _("Danh bạ không trả về người nào. Kiểm tra quyền đọc của tài khoản đồng bộ và gốc tìm kiếm."),
        "no_units": _("Danh bạ không trả về đơn vị nào. Kiểm tra quyền đọc của tài khoản đồng bộ."),
        "no_directory": _("Chưa thiết lập danh bạ người dùng (HOPNHAT_LDAP_URL)."),
        "unreachable": _("Không kết nối được tới danh bạ. Kiểm tra địa chỉ, đường mạng và chứng thư."),
        "connection_lost": _("Kết nối tới danh bạ bị ngắt khi đang đọc. Lượt sau sẽ đọc lại từ đầu."),
        "too_slow": _("Danh bạ trả lời quá chậm. Lượt sau sẽ đọc lại từ đầu."),
        "account_refused": _("Danh bạ không chấp nhận tài khoản đồng bộ. Kiểm tra tên và mật khẩu của tài khoản này."),
        "size_limit": _("Danh bạ chỉ trả về một phần vì giới hạn số bản ghi. Bỏ giới hạn này cho tài khoản đồng bộ."),
        "time_limit": _("Danh bạ chỉ trả về một phần vì giới hạn thời gian. Bỏ giới hạn này cho tài khoản đồng bộ."),
        "referral": _("Danh bạ chỉ sang máy chủ khác. Chỉ đọc từ máy chủ đã thiết lập."),
        "base_not_found": _("Không có gốc tìm kiếm trong danh bạ. Kiểm tra HOPNHAT_LDAP_BASE_DN."),
        "not_allowed": _("Tài khoản đồng bộ không được quyền đọc danh bạ."),
        "no_entry_uuid": _("Có bản ghi không kèm entryUUID. Cấp quyền đọc thuộc tính này cho tài khoản đồng bộ."),
        "interrupted": _("Lượt đồng bộ bị ngắt giữa chừng. Lượt sau làm tiếp phần còn lại."),
        "internal": _("Có lỗi trong hệ thống khi đồng bộ. Xem nhật ký máy chủ."),
    }.get(code, _("Danh bạ từ chối trả lời hoặc trả lời không đúng chuẩn (%(code)s).", code=" ".join([code, *details.values()])))


def _stopped(code: str, details: Mapping[str, str]) -> str:
    people = details.get("people", "?")
    if code == "too_many_suspensions":
        return _(
            "Tạm dừng do vượt ngưỡng an toàn: sẽ vô hiệu hóa %(people)s trên %(active)s người. Kiểm tra danh bạ, rồi phê duyệt nếu đúng.",
            people=people,
            active=details.get("active", "?"),
        )
    if code == "attribute_vanished":
        return _(
            "Tạm dừng do vượt ngưỡng an toàn: thuộc tính %(attribute)s biến mất ở %(people)s người. Kiểm tra danh bạ, rồi phê duyệt nếu đúng.",
            people=people,
            attribute=details.get("attribute", "?"),
        )
    return _(
        "Tạm dừng do vượt ngưỡng an toàn: %(people)s người trùng mã CBCCVC. Kiểm tra danh bạ, rồi phê duyệt nếu đúng.",
        people=people,
    )
