"""How a system of the catalogue is told of in the tracker's tables."""

from flask_babel import gettext as _


def system_level(level: str) -> str:
    """The level of a system in words."""
    return str(
        {"central": _("Trung ương"), "province": _("Cấp tỉnh"), "district": _("Cấp huyện"), "commune": _("Cấp xã")}.get(level, level)
    )


def standing_words(standing: str) -> str:
    """How far a system is, in words."""
    known = {
        "integrated": _("Đã tích hợp"), "connected": _("Đã kết nối, chưa kiểm chứng"), "not_connected": _("Chưa kết nối"),
        "retired": _("Ngừng sử dụng"),
    }  # fmt: skip
    return str(known.get(standing, standing))


def own_password_words(left: str) -> str:
    """Whether a system still has passwords of its own, in words."""
    return str({"yes": _("Còn"), "no": _("Không còn"), "unknown": _("Chưa rõ")}.get(left, left))
