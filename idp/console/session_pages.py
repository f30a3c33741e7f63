"""/console/sessions: who is signed in, across people; one or all of a filter ended with a reason, taken away as a file."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from clients.models import Client
from idp import access, audit
from idp.console.client_reach import reached_clients
from idp.console.export_pages import export_page
from idp.console.exports import Export, kind_asked_for, send_table
from idp.console.history_reasons import may_read_history
from idp.console.open_sessions import Filters, OpenSession, find_sessions
from idp.console.reach import may_change, require_named, sees_all, within
from idp.console.reasons import read_reason
from idp.console.saved_filter_pages import address_of, asked_of, kept_filters, why_address
from idp.console.saved_filters import SESSIONS
from idp.console.words import assurance_words
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.people import units
from idp.people.roster import require_person
from idp.people.unit_paths import place_of
from idp.sessions.devices import device_words
from idp.sessions.places import place_words
from idp.web.formats import format_time
from idp.web.paging import Page
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_sessions", __name__)
MOST_ENDED = 200
_c = table_of(Client)
NOBODY = uuid.UUID(int=0)


@blueprint.get("/console/sessions")
@requires(Permission.SEE_PEOPLE)
def list_sessions() -> str | Response:
    """One page of the open sessions, newest sign-in first."""
    filters, errors = _read_filters()
    if asks := _reason_wanted(filters):
        return asks
    page = find_sessions(reader(), filters, after=request.args.get("after"), before=request.args.get("before"))
    return render_template(
        "console/sessions.html",
        page=page, asked=asked_of(SESSIONS), saved=kept_filters(SESSIONS), address_of=address_of, errors=errors, applications=_applications(),
        unit=units.find_unit(reader(), filters.unit_id) if filters.unit_id else None, device_words=device_words, place_words=place_words,
        assurance=assurance_words, changeable=_changeable(page.rows),
    )  # fmt: skip


@blueprint.get("/console/sessions/export")
@requires(Permission.SEE_PEOPLE, freshly=True)
def ask_export() -> str:
    """What is taken away, and why."""
    return export_page(SESSIONS, asked_of(SESSIONS))


@blueprint.post("/console/sessions/export")
@requires(Permission.SEE_PEOPLE, freshly=True)
def export() -> Response | tuple[str, int]:
    """The open sessions that match, as CSV or a workbook, with a reason."""
    reason, errors = read_reason()
    if errors:
        return export_page(SESSIONS, asked_of(SESSIONS), errors), 400
    if asks := _reason_wanted(_read_filters()[0]):
        return asks

    def read(after: str | None, most: int) -> Page:
        return find_sessions(reader(), _read_filters()[0], after=after, most=most)

    asked = Export(audit.Event.SESSIONS_EXPORTED, Permission.SEE_PEOPLE, "phien-dang-nhap", asked_of(SESSIONS), reason, read)
    headings = [
        _("Họ và tên"), _("Tên đăng nhập"), _("Đơn vị"), _("Thuộc"), _("Đăng nhập lúc"), _("Hoạt động cuối"), _("Thiết bị"), _("Nơi"),
        _("Mức độ xác thực"), _("Ứng dụng"),
    ]  # fmt: skip
    return send_table(asked, kind_asked_for(("csv", "xlsx")), headings, _cells)


@blueprint.get("/console/sessions/end")
@requires(Permission.SUSPEND_PEOPLE)
def ask_why_end() -> str | Response:
    """How many sessions would end, whose cannot, and why it is done."""
    filters, _errors = _narrowed()
    return _reason_wanted(filters) or _end_page(filters)


@blueprint.post("/console/sessions/end")
@requires(Permission.SUSPEND_PEOPLE)
def end_all() -> Response | tuple[str, int] | str:
    """End all that match and that the viewer may end, at most 200 at once; their applications are told."""
    filters, _errors = _narrowed()
    if asks := _reason_wanted(filters):
        return asks
    reason, errors = read_reason()
    if errors:
        return _end_page(filters, errors), 400
    chosen, _left = _endable(filters)
    actor = require_viewer().actor

    def end(connection: Connection) -> None:
        for row in chosen:
            access.sign_out(connection, row.person_id, reason=reason, actor=actor, only=row.id)

    in_transaction(end)
    return redirect(address_of(SESSIONS, asked_of(SESSIONS)), 303)


def _cells(one: OpenSession) -> tuple[object, ...]:
    row = one.row
    return (
        row.name, row.username, row.unit_name, place_of(row.unit_id), format_time(row.created_at), format_time(row.last_seen_at),
        device_words(row.user_agent), place_words(row.address), assurance_words(row.acr), ", ".join(one.applications),
    )  # fmt: skip


def _end_page(filters: Filters, errors: dict[str, str] | None = None) -> str:
    chosen, left = _endable(filters)
    people = len({row.person_id for row in chosen})
    back = address_of(SESSIONS, asked_of(SESSIONS))
    return render_template("console/sessions_end.html", number=len(chosen), people=people, left=left, back=back, errors=errors or {})


def _endable(filters: Filters) -> tuple[list[Any], int]:
    """The sessions to end, and how many of those looked at belong to people whom the viewer may not sign out."""
    rows = [one.row for one in find_sessions(reader(), filters, most=MOST_ENDED).rows]
    may = {person_id: may_change(person_id, Permission.SUSPEND_PEOPLE) for person_id in {row.person_id for row in rows}}
    return [row for row in rows if may[row.person_id]], sum(not may[row.person_id] for row in rows)


def _changeable(rows: Any) -> set[uuid.UUID]:
    return {person_id for person_id in {one.row.person_id for one in rows} if may_change(person_id, Permission.SUSPEND_PEOPLE)}


def _narrowed() -> tuple[Filters, dict[str, str]]:
    filters, errors = _read_filters(Permission.SUSPEND_PEOPLE)
    if errors:
        raise NotFound(next(iter(errors.values())))
    if not asked_of(SESSIONS):
        raise Refusal(_("Lọc danh sách trước khi kết thúc nhiều phiên cùng lúc."), "not_narrowed")
    return filters, errors


def _reason_wanted(filters: Filters) -> Response | None:
    if filters.person_id is None or filters.person_id == NOBODY or may_read_history(filters.person_id):
        return None
    require_person(reader(), filters.person_id, within(Permission.SEE_PEOPLE))
    return redirect(why_address(filters.person_id, SESSIONS, asked_of(SESSIONS)), 303)


def _read_filters(permission: Permission = Permission.SEE_PEOPLE) -> tuple[Filters, dict[str, str]]:
    given, errors, person_id = request.args, {}, None
    if typed := given.get("person", "").replace("\0", "").strip():
        try:
            person_id = require_named(typed, permission).id
        except NotFound as refusal:
            errors["person"], person_id = refusal.message, NOBODY  # nobody: not everybody's sessions instead
    filters = Filters(
        person_id=person_id,
        unit_id=_key(given.get("unit")),
        within=within(permission),
        address=given.get("address", "").replace("\0", "").strip()[:64],
        client_id=_key(given.get("client")),
        shared_pc=given.get("shared") == "1",
    )
    return filters, errors


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return NOBODY


def _applications() -> list[tuple[str, str]]:
    reach = [] if sees_all(Permission.SEE_PEOPLE) else reached_clients(Permission.SEE_CLIENTS)  # names of another part's are not told
    rows = reader().execute(select(_c.c.id, _c.c.client_name).where(_c.c.disabled_at.is_(None), *reach).order_by(_c.c.client_name))
    return [("", _("Mọi ứng dụng")), *((str(row.id), row.client_name) for row in rows)]
