"""/console/emergency: how it stands with the envelopes, who is in by one, and the end of that."""

import uuid

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from idp.console.alarms import Notice
from idp.console.reach import sees_all
from idp.database import in_transaction, reader
from idp.emergency import accounts, sessions
from idp.errors import Forbidden, NotFound
from idp.roles import proposals
from idp.settings import current_settings
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_emergency", __name__)


@blueprint.get("/console/emergency")
@requires(Permission.SEE_ROLES)
def list_accounts() -> str:
    """The accounts and their last uses."""
    _require_whole_province(Permission.SEE_ROLES)
    running = {row.id for row in sessions.running(reader())}
    rows = accounts.kept(reader())
    return render_template(
        "console/emergency.html", rows=rows, states={row.id: accounts.state_of(row) for row in rows}, uses=sessions.lately(reader()),
        running=running, networks=current_settings().emergency_networks,
    )  # fmt: skip


@blueprint.post("/console/emergency/sessions/<uuid:session_id>/end")
@requires(Permission.GRANT_ROLES)
def end_use(session_id: uuid.UUID) -> Response:
    """Put an end to somebody's use of an envelope, at once; what they asked a second person for goes with it."""
    _require_whole_province(Permission.GRANT_ROLES)
    actor = require_viewer().actor

    def end(connection: Connection) -> bool:
        row = next((one for one in sessions.running(connection) if one.id == session_id), None)
        done = sessions.end(connection, session_id, reason="ended_by_administrator", actor=actor)
        if done and row is not None and (asked_by := f"emergency:{row.account_id}") != actor:
            proposals.reject_all_of(connection, asked_by, actor=actor, word=_("Truy cập khẩn cấp đã bị quản trị viên kết thúc."))
        return done

    if not in_transaction(end):
        raise NotFound(_("Lần truy cập này đã kết thúc."))
    return redirect(url_for("console_emergency.list_accounts"), 303)


@blueprint.post("/console/emergency/leave")
@requires(Permission.OPEN_CONSOLE)
def leave() -> Response:
    """Whoever is in by an envelope is done."""
    live, me = sessions.current(), require_viewer()
    if live is not None:
        in_transaction(lambda connection: sessions.end(connection, live.id, reason="left", actor=me.actor))
    response = redirect("/", 303)
    sessions.set_cookie(response, None)
    return response


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: an envelope that is spent, or was never tested, or none at all."""
    if not sees_all(Permission.GRANT_ROLES):
        return []
    where, rows = url_for("console_emergency.list_accounts"), accounts.kept(connection)
    states = {row.name: accounts.state_of(row) for row in rows}
    if not rows:
        return [Notice("warn", _("Chưa có tài khoản truy cập khẩn cấp. Lập một tài khoản rồi niêm phong."), where)]
    spent = [
        Notice("bad", _("Mật khẩu niêm phong của %(name)s đã dùng. Niêm phong mật khẩu mới.", name=name), where)
        for name, state in states.items()
        if state == "spent"
    ]
    old = [
        Notice("warn", _("Phong bì của %(name)s đã 180 ngày chưa kiểm tra.", name=name), where)
        for name, state in states.items()
        if state == "untested"
    ]
    again = [
        Notice("bad", _("Truy cập khẩn cấp %(name)s thiếu phong bì hoặc người giữ. Niêm phong lại cho hai người.", name=name), where)
        for name, state in states.items()
        if state in ("single", "unkept")
    ]
    return [*spent, *again, *old]


def _require_whole_province(permission: Permission) -> None:
    if not sees_all(permission):
        raise Forbidden(_("Chỉ người có quyền toàn tỉnh mới xem được truy cập khẩn cấp."), "whole_province_only")
