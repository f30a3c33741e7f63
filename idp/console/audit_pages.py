"""/console/audit: the trail, filtered and told in sentences; its chain; its export, which needs a reason and is on record itself."""

import json
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from clients.models import Client
from idp import audit
from idp.command_line import plain
from idp.console.export_pages import EXPORT_EFFORT, export_page
from idp.console.exports import Export, kind_asked_for, send_lines, send_table
from idp.console.history_reasons import may_read_history
from idp.console.reasons import read_reason
from idp.console.saved_filter_pages import address_of, asked_of, kept_filters, why_address
from idp.console.saved_filters import AUDIT
from idp.console.trail import Filters, Line, chain_state, find_events, find_name
from idp.console.words import SENTENCES, kind_words
from idp.database import reader, table_of
from idp.errors import NotFound
from idp.people.roster import require_person_named
from idp.settings import current_settings
from idp.web.formats import format_seconds
from idp.web.paging import Page
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_audit", __name__)
_c = table_of(Client)
YEARS = range(1900, 3000)  # others cannot be brought into every time zone


@blueprint.get("/console/audit")
@requires(Permission.SEE_AUDIT)
def trail() -> str | Response:
    """One page of events, newest first, and the state of the chain."""
    filters, errors = _read_filters()
    if asks := _reason_wanted(filters):
        return asks
    page = find_events(reader(), filters, after=request.args.get("after"), before=request.args.get("before"))
    return render_template(
        "console/audit.html",
        page=page,
        asked=asked_of(AUDIT),
        saved=kept_filters(AUDIT),
        address_of=address_of,
        errors=errors,
        chain=chain_state(reader()),
        kinds=_kinds(),
        applications=_applications(),
        pretty=_pretty,
    )


def _applications() -> list[tuple[str, str]]:
    rows = reader().execute(select(_c.c.id, _c.c.client_name).order_by(_c.c.client_name))
    return [("", _("Mọi ứng dụng")), *((str(row.id), row.client_name) for row in rows)]


def _reason_wanted(filters: Filters) -> Response | None:
    """The way to the page that asks why, when the trail is narrowed to one person and that has not been said of late."""
    for person_id in (filters.person_id, _person_of(filters.actor)):
        if person_id is None or may_read_history(person_id) or find_name(reader(), person_id) is None:
            continue
        return redirect(why_address(person_id, AUDIT, asked_of(AUDIT)), 303)
    return None


def _person_of(actor: str) -> uuid.UUID | None:
    kind, _separator, name = actor.partition(":")
    return _key(name) if kind == "person" else None


@blueprint.post("/console/audit/verify")
@requires(Permission.SEE_AUDIT)
def verify() -> str:
    """Recompute the whole chain and say whether it holds."""
    return render_template("console/audit_verified.html", report=audit.verify_chain(reader()))


@blueprint.get("/console/audit/export")
@requires(Permission.SEE_AUDIT, freshly=True)
def ask_export() -> str:
    """What is taken away, and why."""
    return export_page(AUDIT, asked_of(AUDIT))


@blueprint.post("/console/audit/export")
@requires(Permission.SEE_AUDIT, freshly=True)
def download() -> Response | tuple[str, int]:
    """The events that match, as CSV, a workbook or JSON lines, with a reason, sent while they are read."""
    filters, unread = _read_filters()
    if unread:
        raise NotFound(next(iter(unread.values())))
    if asks := _reason_wanted(filters):
        return asks
    kind, (reason, errors) = kind_asked_for(("csv", "xlsx", "jsonl")), read_reason()
    if errors:
        return export_page(AUDIT, asked_of(AUDIT), errors), 400

    def read(after: str | None, most: int) -> Page:
        return find_events(reader(), filters, after=after, most=most, effort=EXPORT_EFFORT)

    asked = Export(audit.Event.AUDIT_EXPORTED, Permission.SEE_AUDIT, "nhat-ky", asked_of(AUDIT), reason, read)
    if kind == "jsonl":
        return send_lines(asked, lambda line: _compact({"id": line.id, "at": line.at, **line.raw}) + "\n")
    headings = [_("Thời điểm"), _("Ai"), _("Việc"), _("Loại"), _("Địa chỉ"), _("Mã tra cứu"), _("Chi tiết")]
    return send_table(asked, kind, headings, _cells)


def _cells(line: Line) -> tuple[object, ...]:
    return format_seconds(line.at), line.actor, line.told, line.event, line.address, line.request_id, _compact(line.raw["detail"])


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=plain)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=plain)


def _kinds() -> list[tuple[str, str]]:
    return [("", _("Mọi loại")), *((event.value, kind_words(event)) for event in audit.Event if event in SENTENCES)]


def _read_filters() -> tuple[Filters, dict[str, str]]:
    errors: dict[str, str] = {}
    given = request.args
    since, until = _day("since", errors), _day("until", errors)
    person_id = _person(given.get("person", ""), errors)
    filters = Filters(
        since=_start_of(since) if since else None,
        until=_start_of(until + timedelta(days=1)) if until else None,
        event=given.get("event", "").replace("\0", ""),
        actor=_actor(given.get("actor", ""), errors),
        person_id=person_id,
        client_id=_key(given.get("client")),
        request_id=given.get("code", "").replace("\0", ""),
        address=given.get("address", "").replace("\0", ""),
    )
    return filters, errors


def _day(name: str, errors: dict[str, str]) -> date | None:
    written = request.args.get(name, "").strip()
    for pattern in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(written, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        if day.year in YEARS:
            return day
    if written:
        errors[name] = _("Ngày viết như 24/11/2026.")
    return None


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current_settings().timezone))


def _person(typed: str, errors: dict[str, str]) -> uuid.UUID | None:
    if not typed.strip():
        return None
    try:
        found: uuid.UUID = require_person_named(reader(), typed).id
    except NotFound as refusal:
        errors["person"] = refusal.message
        return uuid.UUID(int=0)  # nobody: the list must not show everybody's events instead
    return found


def _actor(typed: str, errors: dict[str, str]) -> str:
    typed = typed.strip()
    if not typed or ":" in typed:
        return typed
    person_errors: dict[str, str] = {}
    found = _person(typed, person_errors)
    if person_errors:
        errors["actor"] = person_errors["person"]
    return f"person:{found}"


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return uuid.UUID(int=0)
