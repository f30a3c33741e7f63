"""/console/audit: the trail, filtered and told in sentences; its chain; its export, which is on record itself."""

import json
import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_babel import gettext as _

from idp import audit
from idp.command_line import plain
from idp.console.trail import Filters, Line, chain_state, export, read_page
from idp.console.words import SENTENCES, kind_words
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.people.roster import require_person_named
from idp.settings import current_settings
from idp.web.formats import format_seconds
from idp.web.spreadsheet import csv_lines
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_audit", __name__)
YEARS = range(1900, 3000)  # others cannot be brought into every time zone


@blueprint.get("/console/audit")
@requires(Permission.SEE_AUDIT)
def trail() -> str:
    """One page of events, newest first, and the state of the chain."""
    filters, errors = _read_filters()
    lines, after = read_page(reader(), filters, request.args.get("after"))
    kept = {name: value for name, value in request.args.items() if value and name != "after"}
    return render_template(
        "console/audit.html",
        lines=lines,
        after=after,
        kept=kept,
        errors=errors,
        chain=chain_state(reader()),
        kinds=_kinds(),
        pretty=_pretty,
    )


@blueprint.post("/console/audit/verify")
@requires(Permission.SEE_AUDIT)
def verify() -> str:
    """Recompute the whole chain and say whether it holds."""
    return render_template("console/audit_verified.html", report=audit.verify_chain(reader()))


@blueprint.post("/console/audit/export")
@requires(Permission.SEE_AUDIT, freshly=True)
def download() -> Response:
    """The events that match, as CSV or JSON lines, sent while they are read. That they were taken is on record first."""
    filters, errors = _read_filters()
    if errors:
        raise NotFound(next(iter(errors.values())))
    kind = "csv" if request.form.get("kind") == "csv" else "jsonl"
    asked = {name: value for name, value in request.args.items() if value}
    actor = require_viewer().actor
    in_transaction(lambda connection: audit.record(connection, audit.Event.AUDIT_EXPORTED, actor=actor, kind=kind, filters=asked))
    lines = export(reader(), filters)
    body = _as_csv(lines) if kind == "csv" else _as_json_lines(lines)
    mimetype = "text/csv" if kind == "csv" else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="nhat-ky.{kind}"'}
    return Response(stream_with_context(body), mimetype=mimetype, headers=headers)


def _as_csv(lines: Iterator[Line]) -> Iterator[str]:
    headings = [_("Thời điểm"), _("Ai"), _("Việc"), _("Loại"), _("Địa chỉ"), _("Mã tra cứu"), _("Chi tiết")]
    rows = (
        (format_seconds(line.at), line.actor, line.told, line.event, line.address, line.request_id, _compact(line.raw["detail"]))
        for line in lines
    )
    return csv_lines(headings, rows)


def _as_json_lines(lines: Iterator[Line]) -> Iterator[str]:
    for line in lines:
        yield _compact({"id": line.id, "at": line.at, **line.raw}) + "\n"


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
        event=given.get("event", ""),
        actor=_actor(given.get("actor", ""), errors),
        person_id=person_id,
        client_id=_key(given.get("client")),
        request_id=given.get("code", ""),
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
