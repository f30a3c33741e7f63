"""/console: what needs attention, first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, Flask, current_app, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from clients.models import Client
from idp import clock
from idp.console.alarms import Notice as Notice  # features that add notices know this module only
from idp.console.alarms import misuse_reported, sign_ins_at_rest, slips_used
from idp.console.client_reach import reached_clients
from idp.console.draft_second import drafts_waiting
from idp.console.reach import sees_all
from idp.console.secret_pages import secrets_ending
from idp.console.tracker_notices import recount_disagreed
from idp.console.trail import ChainState, chain_state
from idp.database import reader, table_of
from idp.enrollment.dashboard import newest_headline
from idp.enrollment.status import status_within
from idp.outbox import OutboxMessage
from idp.people import units
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.roles.permissions import scope_of
from idp.sessions.models import BrowserSession
from idp.web.formats import format_date, format_number, format_share, format_time
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("console", __name__)
ATTENTION_KEY = "hopnhat.console_attention"
LOOK_BACK = timedelta(days=7)
CHAIN_MAY_LAG = timedelta(minutes=5)
_p, _s, _c, _o = table_of(Person), table_of(BrowserSession), table_of(Client), table_of(OutboxMessage)

_active_people = select(func.count()).where(_p.c.state == PersonState.ACTIVE.value, _p.c.source != INTEGRATION_CHECK)
_open_sessions = (
    select(func.count())
    .select_from(_s.join(_p, _p.c.id == _s.c.person_id))
    .where(_s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now", type_=_s.c.expires_at.type))
)
_clients_in_use = select(func.count()).where(_c.c.disabled_at.is_(None))


Attention = Callable[[Connection], list[Notice]]


def add_attention(app: Flask, look: Attention) -> None:
    """Let another feature say on the console's home what needs attention there; it decides itself who may see it."""
    app.extensions.setdefault(ATTENTION_KEY, []).append(look)


@blueprint.get("/console")
@requires(Permission.OPEN_CONSOLE)
def home() -> str:
    """What needs attention, and the size of things."""
    connection = reader()
    looks = [
        misuse_reported,
        sign_ins_at_rest,
        slips_used,
        secrets_ending,
        drafts_waiting,
        recount_disagreed,
        _logouts,
        _chain,
        *cast("list[Attention]", current_app.extensions.get(ATTENTION_KEY, [])),
    ]
    notices = [notice for look in looks for notice in look(connection)]
    notices.sort(key=lambda notice: ("bad", "warn", "ok").index(notice.kind))
    return render_template("console/home.html", notices=notices, figures=_figures(connection))


def _logouts(connection: Connection) -> list[Notice]:
    if not sees_all(Permission.SEE_CLIENTS):
        return []
    query = select(
        func.count(_o.c.failed_at), func.count().filter(_o.c.failed_at.is_(None), _o.c.delivered_at.is_(None), _o.c.attempts > 1)
    ).where(_o.c.created_at > clock.now() - LOOK_BACK, _o.c.kind == "logout_token")
    given_up, trying = connection.execute(query).one()
    where = url_for("console_clients.list_clients")
    if given_up:
        return [
            Notice("bad", _("%(number)s lệnh đăng xuất không đến được ứng dụng trong 7 ngày qua.", number=format_number(given_up)), where)
        ]
    if trying:
        return [Notice("warn", _("%(number)s lệnh đăng xuất đang được gửi lại.", number=format_number(trying)), where)]
    return [Notice("ok", _("Mọi lệnh đăng xuất trong 7 ngày qua đã đến các ứng dụng."))]


def _chain(connection: Connection) -> list[Notice]:
    if not may(Permission.SEE_AUDIT):
        return []
    state: ChainState = chain_state(connection)
    where = url_for("console_audit.trail")
    oldest_waits = state.linked_until is None or clock.now() - state.linked_until > CHAIN_MAY_LAG
    if state.waiting and oldest_waits:
        return [
            Notice(
                "warn",
                _("%(number)s sự kiện chưa được nối vào chuỗi băm. Kiểm tra tiến trình nền (worker).", number=format_number(state.waiting)),
                where,
            )
        ]
    words = _(
        "Chuỗi băm của nhật ký: %(number)s sự kiện, nối đến %(time)s.",
        number=format_number(state.links),
        time=format_time(state.linked_until),
    )
    return [Notice("ok", words, where)]


def _figures(connection: Connection) -> list[tuple[str, str, str | None]]:
    """What there is: number, words, and where more is to be seen."""
    found = [_tracker(connection)] if may(Permission.SEE_TRACKER) else []
    if may(Permission.SEE_PEOPLE):
        of_whom = _reached(Permission.SEE_PEOPLE)
        people = _count(connection, _active_people.where(*of_whom))
        sessions = _count(connection, _open_sessions.where(*of_whom), now=clock.now())
        found.append((people, _("Cán bộ đang hoạt động"), url_for("console_people.list_people")))
        found.append((sessions, _("Phiên đăng nhập đang mở"), None))
    if may(Permission.SEE_CLIENTS):
        found.append(
            (
                _count(connection, _clients_in_use.where(*reached_clients(Permission.SEE_CLIENTS))),
                _("Ứng dụng đang kết nối"),
                url_for("console_clients.list_clients"),
            )
        )
    return found


def _reached(permission: Permission) -> list[ColumnElement[bool]]:
    reach = scope_of(require_viewer().person_id, permission).within
    return [] if reach is None else [_p.c.unit_id.in_(select(units.below(reach).c.id))]


def _count(connection: Connection, query: Select[int], **values: Any) -> str:
    return format_number(connection.execute(query, values).scalar_one())


def _tracker(connection: Connection) -> tuple[str, str, str | None]:
    within = scope_of(require_viewer().person_id, Permission.SEE_TRACKER).within
    if frozen := newest_headline(connection, within):
        day, figures = frozen
        part, share = figures.seamless_entitled, format_share(figures.seamless_entitled, figures.entitled)
        words = _(
            "%(part)s / %(whole)s người thông suốt, hợp nhất, số liệu chốt %(day)s",
            part=format_number(part), whole=format_number(figures.entitled), day=format_date(day),
        )  # fmt: skip
        return share, words, url_for("dashboard.dashboard")
    whole = status_within(connection, within).whole
    words = _(
        "%(part)s / %(whole)s người được xác thực, lúc này", part=format_number(whole.authenticated), whole=format_number(whole.people)
    )
    return format_share(whole.authenticated, whole.people), words, url_for("enrollment.overview")
