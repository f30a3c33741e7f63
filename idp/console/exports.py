"""Lists taken away as files: sent while they are read, on record before the first line and after the last, and never more than may be
seen at that moment."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request, stream_with_context
from sqlalchemy import Connection

from idp import audit
from idp.database import in_transaction
from idp.errors import NotFound
from idp.roles.permissions import permissions_of
from idp.web.paging import Page
from idp.web.spreadsheet import XLSX, csv_lines, workbook_chunks
from idp.web.viewer import Permission, require_viewer

CSV_ROWS, XLSX_ROWS, BATCH = 100_000, 20_000, 500
MIMETYPES = {"csv": "text/csv", "xlsx": XLSX, "jsonl": "application/x-ndjson"}


@dataclass(frozen=True)
class Export:
    """What is taken away: which list, whose permission it needs, how it is narrowed, and why. `read`: a page of it after a place, asked
    anew for each batch, so that what the viewer may see is asked anew."""

    event: audit.Event
    permission: Permission
    file_name: str
    asked: Mapping[str, str]
    reason: str
    read: Callable[[str | None, int], Page]


def kind_asked_for(kinds: Sequence[str]) -> str:
    """The kind of file that the form asks for. Raises NotFound for one that there is not."""
    kind = request.form.get("kind", "")
    if kind not in kinds:
        raise NotFound("")
    return kind


def send_table(export: Export, kind: str, headings: Sequence[str], cells: Callable[[Any], Sequence[object]]) -> Response:
    """The list as CSV or a workbook."""
    rows = (cells(row) for row in _rows(export, kind))
    return _answer(export, kind, csv_lines(headings, rows) if kind == "csv" else workbook_chunks(export.file_name, headings, rows))


def send_lines(export: Export, line: Callable[[Any], str]) -> Response:
    """The list as JSON lines."""
    return _answer(export, "jsonl", (line(row) for row in _rows(export, "jsonl")))


def _answer(export: Export, kind: str, body: Iterable[Any]) -> Response:
    _record(export.event, kind=kind, filters=dict(export.asked), reason=export.reason)
    headers = {"Content-Disposition": f'attachment; filename="{export.file_name}.{kind}"'}
    return Response(stream_with_context(iter(body)), mimetype=MIMETYPES[kind], headers=headers)


def _rows(export: Export, kind: str) -> Iterator[Any]:
    most, sent, after, whole = XLSX_ROWS if kind == "xlsx" else CSV_ROWS, 0, None, False
    try:
        while sent < most and export.permission in permissions_of(require_viewer().person_id):
            page = export.read(after, min(BATCH, most - sent))
            for row in page.rows:
                sent += 1
                yield row
            after, whole = page.after, page.after is None
            if whole:
                break
    finally:  # also when whoever asked went away
        _record(audit.Event.EXPORT_ENDED, of=str(export.event), rows=sent, whole=whole, reason=export.reason)


def _record(event: audit.Event, **detail: Any) -> None:
    actor = require_viewer().actor

    def write(connection: Connection) -> None:
        audit.record(connection, event, actor=actor, **detail)

    in_transaction(write)
