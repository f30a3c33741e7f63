"""Why a draft needs a second administrator, and which ones wait for the one who is looking."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from clients import drafts
from clients.draft_models import DraftState, Environment
from idp.console.alarms import Notice
from idp.console.client_reach import reaches_draft
from idp.console.draft_form import entry_of
from idp.console.widening import opens_to_all
from idp.errors import Refusal
from idp.web.formats import format_number
from idp.web.viewer import Permission, may, require_viewer

MOST_NAMED = 3


def why_second(connection: Connection, answers: dict[str, Any]) -> str | None:
    """The reason in words; None where what is sent in is connected at once, or has no answers yet that could say."""
    if answers.get("environment") == Environment.PRODUCTION:
        return _("Môi trường chính thức: một quản trị viên khác phê duyệt rồi ứng dụng mới được kết nối.")
    try:
        is_for_all = opens_to_all(connection, (), entry_of(connection, answers))
    except Refusal:
        return None
    return _("Mọi cán bộ đều vào được: một quản trị viên khác phê duyệt rồi ứng dụng mới được kết nối.") if is_for_all else None


def drafts_waiting(connection: Connection) -> list[Notice]:
    """The drafts that wait for the viewer's word, for the console's first page."""
    if not may(Permission.APPROVE_CLIENTS):
        return []
    me = require_viewer().actor
    waiting = [
        row
        for row in drafts.going_on(connection)
        if row.state == DraftState.SUBMITTED
        and me not in (row.made_by, row.submitted_by)
        and reaches_draft(Permission.APPROVE_CLIENTS, row)
    ]
    if len(waiting) > MOST_NAMED:
        words = _("%(number)s bản đăng ký kết nối chờ phê duyệt.", number=format_number(len(waiting)))
        return [Notice("warn", words, url_for("console_drafts.list_drafts"))]
    return [
        Notice(
            "warn", _("Bản đăng ký kết nối “%(name)s” chờ phê duyệt.", name=row.answers.get("client_name", "")),
            url_for("console_drafts.page", draft_id=row.id, page="check"),
        )
        for row in waiting
    ]  # fmt: skip
