"""The sheet of recovery codes as a text file, for those without a printer."""

from collections.abc import Sequence

from flask import Response
from flask_babel import gettext as _

from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings

FILE_NAME = "ma-du-phong.txt"


def as_text_file(codes: Sequence[str], session: LiveSession) -> Response:
    """The codes as a download that Windows' editor shows right: UTF-8 with its mark, lines ending in CR LF."""
    lines = [
        _("Mã dự phòng – Định danh cán bộ"),
        f"{current_settings().issuer}",
        f"{session.name} ({session.username or ''})",
        "",
        *codes,
        "",
        _("Mỗi mã dùng một lần, khi không có điện thoại bên cạnh. Cất ở nơi an toàn, không để cùng mật khẩu."),
    ]
    body = "\ufeff" + "\r\n".join(lines) + "\r\n"
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Cache-Control": "no-store"}
    return Response(body, content_type="text/plain; charset=utf-8", headers=headers)
