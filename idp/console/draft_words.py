"""Drafts of applications in words, for somebody who is no expert of OAuth."""

from typing import Any

from flask_babel import gettext as _

from clients.draft_models import ClientKind, DraftState, Environment
from clients.lifetimes import PRESETS
from clients.metadata import CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, FAPI2, PRIVATE_KEY_JWT
from idp.console.lifetime_words import PRESET_WORDS


def words() -> dict[str, Any]:
    """Names of pages and states, and what may be chosen with what it means."""
    return {
        "pages": {
            "about": _("Thông tin"), "kind": _("Loại ứng dụng"), "addresses": _("Địa chỉ"), "data": _("Dữ liệu và người vào"),
            "check": _("Kiểm tra và gửi"),
        },
        "states": {
            DraftState.OPEN.value: _("đang lập"), DraftState.SUBMITTED.value: _("chờ phê duyệt"), DraftState.CONNECTED.value: _("đã kết nối"),
            DraftState.WITHDRAWN.value: _("đã bỏ"),
        },
        "environments": [
            (Environment.TEST.value, _("Thử nghiệm"), _("Kết nối ngay sau khi gửi, trừ khi mọi cán bộ đều vào được; chỉ dùng với dữ liệu thử.")),
            (Environment.PRODUCTION.value, _("Chính thức"), _("Một quản trị viên khác phê duyệt rồi mới kết nối.")),
        ],
        "kinds": [
            (ClientKind.SERVER.value, _("Ứng dụng web có máy chủ"), _("Máy chủ giữ được khóa bí mật. Hầu hết hệ thống thuộc loại này.")),
            (
                ClientKind.BROWSER.value, _("Ứng dụng một trang hoặc di động"),
                _("Chạy trên máy của cán bộ nên không giữ được khóa; PKCE bảo vệ từng lượt đăng nhập."),
            ),
            (ClientKind.MACHINE.value, _("Máy gọi máy"), _("Không ai đăng nhập; phần mềm tự lấy mã truy cập cho chính mình.")),
            (
                ClientKind.LEGACY.value, _("Hệ thống cũ, không sửa được"),
                _("Máy chủ proxy (nginx, Traefik, Caddy) đứng trước và hỏi hệ thống xác thực thay cho ứng dụng."),
            ),
            ("saml", _("Hệ thống cũ nói SAML 2.0"), _("Đăng ký bằng siêu dữ liệu của ứng dụng, ở một trang riêng.")),
        ],
        "profiles": [
            ("", _("Thông thường")),
            (FAPI2, _("FAPI 2.0: cho tiền, quyền, hồ sơ của nhiều người; ứng dụng phải ký bằng khóa riêng")),
        ],
        "ages": [
            ("", _("Theo phiên đăng nhập chung")), ("28800", _("8 giờ")), ("3600", _("1 giờ")), ("900", _("15 phút")),
        ],
        "lifetimes": [(preset.name, *PRESET_WORDS[preset.name]) for preset in PRESETS],
        "methods": [
            (CLIENT_SECRET_BASIC, _("Khóa bí mật, gửi trong tiêu đề (nên dùng; client_secret_basic)")),
            (CLIENT_SECRET_POST, _("Khóa bí mật, gửi trong nội dung (client_secret_post)")),
            (PRIVATE_KEY_JWT, _("Khóa riêng của ứng dụng, công bố khóa công khai (an toàn hơn; private_key_jwt)")),
        ],
    }  # fmt: skip
