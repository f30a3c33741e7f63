"""Why a run changed nothing: a stable word with its figures, kept in the run, and told in the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext as _

# What a plan is kept for; every other reason is that of a read that came to nothing.
STOPPED = frozenset({
    "too_many_suspensions", "too_many_in_a_unit", "too_many_joins", "too_many_moves", "too_many_returns", "too_many_units_closed",
    "attribute_vanished", "staff_codes_not_unique", "too_many_found_again",
})  # fmt: skip


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
    if code in STOPPED:
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
        "unusable_key": _("Có nhiều bản ghi với mã nhận dạng không dùng được. Kiểm tra danh bạ."),
        "plan_moved_on": _(
            "Kế hoạch số %(plan)s không được áp dụng: %(lines)s thay đổi đã duyệt không còn đúng. Lượt sau lập kế hoạch mới để xem lại.",
            plan=details.get("plan", "?"),
            lines=details.get("lines", "?"),
        ),
        "unit_not_known": _("Đơn vị mới của người này chưa được đồng bộ. Chạy một lượt đồng bộ đầy đủ trước."),
        "interrupted": _("Lượt đồng bộ bị ngắt giữa chừng. Lượt sau làm tiếp phần còn lại."),
        "internal": _("Có lỗi trong hệ thống khi đồng bộ. Xem nhật ký máy chủ."),
    }.get(code, _("Danh bạ từ chối trả lời hoặc trả lời không đúng chuẩn (%(code)s).", code=" ".join([code, *details.values()])))


def _stopped(code: str, details: Mapping[str, str]) -> str:
    people, of = details.get("people", "?"), details.get("of", "?")
    return _(
        "Tạm dừng do vượt ngưỡng an toàn: %(what)s. Kiểm tra danh bạ, rồi phê duyệt nếu đúng.",
        what=objection_words(code, details, people, of),
    )


def objection_words(code: str, details: Mapping[str, str], people: str, of: str) -> str:
    """What the safety check objects to, with its figures, as a part of a sentence."""
    return {
        "too_many_suspensions": _(
            "sẽ vô hiệu hóa %(people)s trên %(active)s người", people=people, active=details.get("active", "?")
        )
        + (" " + _("(trong một giờ qua đã vô hiệu hóa %(recent)s người)", recent=details["recent"]) if "recent" in details else ""),
        "too_many_in_a_unit": _(
            "sẽ vô hiệu hóa %(people)s người, phần lớn số người của %(units)s đơn vị", people=people, units=details.get("units", "?")
        ),
        "too_many_joins": _("sẽ thêm mới %(people)s người, hiện có %(of)s người", people=people, of=of),
        "too_many_found_again": _("%(people)s trên %(of)s người sẽ gắn với bản ghi khác trong danh bạ theo mã CBCCVC; kiểm tra có đúng danh bạ không", people=people, of=of),
        "too_many_moves": _("sẽ chuyển đơn vị %(people)s trên %(of)s người", people=people, of=of),
        "too_many_returns": _("sẽ mở lại %(people)s trên %(of)s người", people=people, of=of),
        "too_many_units_closed": _("sẽ kết thúc %(people)s trên %(of)s đơn vị", people=people, of=of),
        "attribute_vanished": _(
            "thuộc tính %(attribute)s biến mất ở %(people)s người", people=people, attribute=details.get("attribute", "?")
        ),
        "staff_codes_not_unique": _("%(people)s người trùng mã CBCCVC", people=people),
    }[code]  # fmt: skip
