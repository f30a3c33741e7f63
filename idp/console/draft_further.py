"""What the wizard's pages take besides answers: a picture, and the way to another wizard for what speaks SAML."""

import uuid
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _

from clients.drafts import keep_logo as keep_picture
from clients.pictures import PictureRefused, as_png
from idp.console.logo_pages import LARGEST_UPLOAD
from idp.database import in_transaction
from idp.web.viewer import Permission, may

LOGO_PAGE, SAML = "about", "saml"


def keep_logo(draft_id: uuid.UUID) -> dict[str, str]:
    """Keep the picture that was sent, decoded and written anew, or take it away; return what is wrong with it."""
    sent = request.files.get("logo")
    raw = sent.read(LARGEST_UPLOAD + 1) if sent is not None else b""
    if not raw:
        if request.form.get("logo_remove"):
            in_transaction(lambda connection: keep_picture(connection, draft_id, None))
        return {}
    if len(raw) > LARGEST_UPLOAD:
        return {"logo": _("Chọn một tệp ảnh PNG, JPEG, WebP hoặc GIF, nhiều nhất 100 KB.")}
    try:
        png = as_png(raw)
    except PictureRefused:
        return {"logo": _("Tệp này không phải ảnh đọc được, hoặc quá lớn (nhiều nhất 4 triệu điểm ảnh).")}
    in_transaction(lambda connection: keep_picture(connection, draft_id, png))
    return {}


def way_to_saml(answers: dict[str, Any]) -> tuple[dict[str, str], str | None]:
    """Where an application that speaks SAML is registered, or why it cannot be from here."""
    if "console_saml.ask" not in current_app.view_functions:
        return {
            "kind": _("SAML đang tắt. Người vận hành máy chủ bật bằng HOPNHAT_SAML=on rồi khởi động lại; sau đó chọn lại mục này.")
        }, None
    if not may(Permission.REGISTER_CLIENTS):
        return {"kind": _("Ứng dụng nói SAML do quản trị viên toàn tỉnh đăng ký. Nhờ họ mở trang Đăng ký ứng dụng SAML.")}, None
    return {}, url_for("console_saml.ask", client_name=answers.get("client_name") or None)
