"""/console/sync/import: a file of people taken in step by step: sent, columns matched, rows checked and corrected, handed on to a plan."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from directory_sync import plans
from directory_sync.reasons import explain
from directory_sync.sheets import imports
from directory_sync.sheets.columns import FIELDS, KEY_FIELDS, TEMPLATE_HEADINGS
from directory_sync.sheets.models import ImportState, SheetImport
from directory_sync.sheets.rows import SheetRow
from directory_sync.sheets.words import ENCODING_WORDS, file_mistake_words, mistake_words
from directory_sync.words import STATES
from idp.console.reach import within
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.web.formats import today
from idp.web.legacy_text import ENCODINGS
from idp.web.spreadsheet import XLSX, csv_lines, workbook
from idp.web.table_file import FileMistaken
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("sheets", __name__)
MAY = Permission.DECIDE_ON_PEOPLE
PREVIEW_ROWS, SHOWN_WRONG, SHOWN_SUBMITTED = 4, 20, 10
_i = table_of(SheetImport)


def _draft(import_id: uuid.UUID) -> Any:
    return imports.require_draft(reader(), import_id, require_viewer().actor)


@blueprint.get("/console/sync/import")
@requires(MAY)
def start() -> str:
    """The form for a file, and what this person has sent."""
    return form({}, {})


def form(errors: dict[str, str], given: Any) -> str:
    """The first step, with what is wrong with what was sent."""
    mine = select(_i).where(_i.c.created_by == require_viewer().actor).order_by(_i.c.created_at.desc()).limit(SHOWN_SUBMITTED)
    rows = reader().execute(mine).all()
    names = sorted({row.source.removeprefix(imports.PREFIX) for row in rows})
    return render_template(
        "sheets/start.html", errors=errors, given=given, imports=rows, names=names, may_be_whole=within(MAY) is None, prefix=imports.PREFIX,
    )  # fmt: skip


@blueprint.get("/console/sync/import/template.<any(csv, xlsx):kind>")
@requires(MAY)
def template(kind: str) -> Response:
    """An empty file with the headings that are understood, and one made-up row as an example."""
    example = (
        "HG-00001", "001090000001", "Nguyễn Văn An", "31/01/1990", "nam", "công chức", "S01", "Chuyên viên", "", "", "", "an.nv@example.vn",
        "0912345678", "",
    )  # fmt: skip
    if kind == "xlsx":
        body: Any = workbook(_("Nhân sự"), TEMPLATE_HEADINGS, [example])
    else:
        body = iter(list(csv_lines(TEMPLATE_HEADINGS, [example])))
    return Response(body, mimetype=XLSX if kind == "xlsx" else "text/csv", headers=_attached(f"mau-nhan-su.{kind}"))


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


@blueprint.get("/console/sync/import/<uuid:import_id>/columns")
@requires(MAY)
def show_columns(import_id: uuid.UUID) -> str:
    """Which column is which fact, with the first rows to see that the text was read right."""
    return _columns(_draft(import_id), {})


def _columns(found: Any, errors: dict[str, str]) -> str:
    table = imports.table_of_import(found)
    columns = request.form.getlist("column") or found.columns
    shown = [
        (heading, column, [row[place] for _line, row in table.rows[:PREVIEW_ROWS] if row[place]])
        for place, (heading, column) in enumerate(zip(table.headings, columns, strict=False))
    ]
    return render_template(
        "sheets/columns.html",
        found=found, columns=shown, errors=errors, fields=[("", _("Bỏ qua cột này")), *((name, str(words)) for name, words in FIELDS.items())],
        keys=[(name, str(FIELDS[name])) for name in KEY_FIELDS], rows=len(table.rows), key_field=request.form.get("key_field", found.key_field),
        encodings=[(name, ENCODING_WORDS[name]) for name in ENCODINGS], may_be_whole=within(MAY) is None,
    )  # fmt: skip


@blueprint.post("/console/sync/import/<uuid:import_id>/encoding")
@requires(MAY)
def change_encoding(import_id: uuid.UUID) -> Answer | tuple[str, int]:
    """Read the file again by another encoding."""
    found, encoding = _draft(import_id), request.form.get("encoding", "")
    try:
        in_transaction(lambda c: imports.read_again(c, found, encoding))
    except FileMistaken as mistaken:
        return _columns(found, {"encoding": file_mistake_words(mistaken.word)}), 422
    return redirect(url_for("sheets.show_columns", import_id=import_id), 303)


@blueprint.post("/console/sync/import/<uuid:import_id>/columns")
@requires(MAY)
def match_columns(import_id: uuid.UUID) -> Answer | tuple[str, int]:
    """Keep how the columns are matched."""
    found, columns = _draft(import_id), request.form.getlist("column")
    is_whole = request.form.get("extent") == "whole" and within(MAY) is None
    try:
        in_transaction(lambda c: imports.match(c, found, columns, request.form.get("key_field", ""), is_whole=is_whole))
    except Refusal as refusal:
        return _columns(found, {"key_field": refusal.message}), 422
    return redirect(url_for("sheets.show_check", import_id=import_id), 303)


@blueprint.get("/console/sync/import/<uuid:import_id>/check")
@requires(MAY)
def show_check(import_id: uuid.UUID) -> str:
    """How many rows are right, and what is wrong with the others."""
    return _checked(_draft(import_id), {})


def _checked(found: Any, errors: dict[str, str]) -> str:
    rows = imports.check(reader(), found, within(MAY))
    wrong = [row for row in rows if row.mistakes]
    cells = dict(imports.table_of_import(found).rows) if wrong else {}
    day = today()
    return render_template(
        "sheets/check.html",
        found=found, errors=errors, good=len(rows) - len(wrong), wrong=len(wrong), shown=[_to_correct(found, row, cells[row.line]) for row in wrong[:SHOWN_WRONG]],
        waiting=sum(bool(row.effective_on and row.effective_on > day and not row.mistakes) for row in rows),
        leaving=sum(row.has_left and not row.mistakes for row in rows), words=mistake_words,
    )  # fmt: skip


def _to_correct(found: Any, row: SheetRow, cells: Sequence[str]) -> tuple[SheetRow, list[tuple[str, str, str]]]:
    """A row with the cells that are to be corrected: name of the input, its label, what stands there."""
    wanted = dict.fromkeys(one.field or found.key_field for one in row.mistakes)
    return row, [
        (f"cell-{row.line}-{place}", str(FIELDS[field]), cells[place])
        for field in wanted
        if field in found.columns
        for place in [found.columns.index(field)]
    ]


@blueprint.post("/console/sync/import/<uuid:import_id>/check")
@requires(MAY)
def correct(import_id: uuid.UUID) -> Answer:
    """Put what was typed into the cells, and check again."""
    found = _draft(import_id)
    cells: dict[tuple[int, int], str] = {}
    for name, text in request.form.items():
        kind, _dash, place = name.partition("-")
        line, _dash, column = place.partition("-")
        if kind == "cell" and all(part.isascii() and part.isdigit() and len(part) < 9 for part in (line, column)):
            cells[int(line), int(column)] = " ".join(text.split())[:300]
    in_transaction(lambda c: imports.correct(c, found, cells))
    return redirect(url_for("sheets.show_check", import_id=import_id), 303)


@blueprint.get("/console/sync/import/<uuid:import_id>/errors.<any(csv, xlsx):kind>")
@requires(MAY)
def download_errors(import_id: uuid.UUID, kind: str) -> Response:
    """The rows that are wrong, as they were sent, with one more column that says what is wrong: to be corrected and sent again."""
    found = _draft(import_id)
    headings = [*imports.table_of_import(found).headings, _("Lỗi")]
    lines = list(_wrong_lines(found))
    if kind == "xlsx":
        body: Any = workbook(_("Dòng lỗi"), headings, lines)
    else:
        body = stream_with_context(iter(list(csv_lines(headings, lines))))
    return Response(body, mimetype=XLSX if kind == "xlsx" else "text/csv", headers=_attached(f"dong-loi.{kind}"))


def _wrong_lines(found: Any) -> Iterator[list[str]]:
    cells = dict(imports.table_of_import(found).rows)
    for row in imports.check(reader(), found, within(MAY)):
        if row.mistakes:
            yield [*cells[row.line], "; ".join(map(mistake_words, row.mistakes))]


@blueprint.post("/console/sync/import/<uuid:import_id>/submit")
@requires(MAY)
def submit(import_id: uuid.UUID) -> Answer | tuple[str, int]:
    """Hand the rows on: the worker makes a plan of them, which is reviewed and approved as every plan is."""
    found, actor, reach = _draft(import_id), require_viewer().actor, within(MAY)

    def hand_on(connection: Any) -> None:
        imports.submit(connection, found, reach, actor=actor)
        imports.ask_for_plan(connection, found.source, actor)

    imports.make_ready()
    try:
        in_transaction(hand_on)
    except Refusal as refusal:
        return _checked(found, {"": refusal.message}), refusal.status
    return redirect(url_for("sheets.show", import_id=import_id), 303)


@blueprint.post("/console/sync/import/<uuid:import_id>/withdraw")
@requires(MAY)
def withdraw(import_id: uuid.UUID) -> Answer:
    """Drop the file."""
    found = _draft(import_id)
    in_transaction(lambda c: imports.withdraw(c, found))
    return redirect(url_for("sheets.start"), 303)


@blueprint.get("/console/sync/import/<uuid:import_id>")
@requires(MAY)
def show(import_id: uuid.UUID) -> Answer | str:
    """What became of a file: the plan that waits, or the run that came to nothing."""
    found = imports.require_import(reader(), import_id, require_viewer().actor)
    if found.state == ImportState.DRAFT:
        return redirect(url_for("sheets.show_check", import_id=import_id), 303)
    run = imports.run_of(reader(), found)
    plan = plans.find_plan(reader(), run.plan_number or run.number) if run is not None else None
    return render_template("sheets/import.html", found=found, run=run, plan=plan, states=STATES, explain=explain)
