"""`hopnhat sync import`: a file of people taken in from the command line, by the same path as every source."""

import sys
from pathlib import Path
from typing import Any

import click

from directory_sync.models import RunState
from directory_sync.reasons import explain
from directory_sync.run import run_sync
from directory_sync.sheets import imports
from directory_sync.sheets.columns import FIELDS, plain_heading
from directory_sync.sheets.rows import SheetRow
from directory_sync.sheets.source import find_source
from directory_sync.sheets.words import file_mistake_words, mistake_words
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.web.legacy_text import ENCODINGS
from idp.web.table_file import LARGEST_BYTES, FileMistaken

SHOWN_LINES = 40


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", "name", required=True, help="Name of the source, for example noi-vu; its columns are remembered.")
@click.option("--whole", is_flag=True, help="The file names everybody of the source: whoever is not in it is gone.")
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help=f"Match a column by hand. Fields: {', '.join(FIELDS)}; none: -."
)
@click.option("--key", help="The field by which rows are found again; staff_code unless the source was matched otherwise.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Of a CSV file, when it is told wrongly from its bytes.")
@click.option("--plan", "only_plan", is_flag=True, help="Change nothing; keep what it would do as a plan.")
@click.option("--skip-mistakes", is_flag=True, help="Take in the rows that are right, although others are not.")
@json_option
def import_file(
    file: Path, name: str, whole: bool, mapped: tuple[str, ...], key: str | None, encoding: str | None, only_plan: bool, skip_mistakes: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Take in FILE (CSV or XLSX). Exit 1: nothing was changed, and what is wrong is told line by line."""
    source, actor = imports.source_name(name), operator()
    if file.stat().st_size > LARGEST_BYTES:
        raise Refusal(file_mistake_words("too_large"), "too_large")
    try:
        import_id = in_transaction(lambda c: imports.take(c, source, file.name, file.read_bytes(), is_whole=whole, actor=actor))
        if encoding:
            in_transaction(lambda c: imports.read_again(c, imports.require_draft(c, import_id, actor), encoding))
    except FileMistaken as mistaken:
        raise Refusal(file_mistake_words(mistaken.word), mistaken.word) from None
    _match(import_id, actor, mapped, key, whole)
    found = imports.require_draft(reader(), import_id, actor)
    rows = imports.check(reader(), found, None)
    wrong = [row for row in rows if row.mistakes]
    if wrong and (whole or not skip_mistakes):
        in_transaction(lambda c: imports.withdraw(c, found))
        _tell_mistakes(wrong, as_json)
        sys.exit(1)
    imports.make_ready()
    good = in_transaction(lambda c: imports.submit(c, found, None, actor=actor))
    read = find_source(source)
    assert read is not None
    report = run_sync(started_by=actor, source=read, only_plan=only_plan)
    told = {
        "source": source,
        "rows": good,
        "mistakes": [_told(row) for row in wrong],
        "number": report.number,
        "state": report.state,
        "reason": report.reason,
        **report.found,
    }
    if as_json:
        show_json(told)
    else:
        click.echo(f"{good} rows taken in, {len(wrong)} left out. Run {report.number}: {report.state}.")
        if report.reason:
            click.echo(explain(report.reason), err=True)
    if report.state in (RunState.STOPPED, RunState.FAILED):
        sys.exit(1)


def _match(import_id: Any, actor: str, mapped: tuple[str, ...], key: str | None, whole: bool) -> None:
    found = imports.require_draft(reader(), import_id, actor)
    headings = [plain_heading(text) for text in imports.table_of_import(found).headings]
    columns = list(found.columns)
    for one in mapped:
        heading, _equals, field = one.partition("=")
        if plain_heading(heading) not in headings or field not in (*FIELDS, "-"):
            raise Refusal(f"--map {one}: no such column or field. Columns: {', '.join(headings)}.", "no_such_column")
        place = headings.index(plain_heading(heading))
        columns = ["" if other == field else other for other in columns]
        columns[place] = "" if field == "-" else field
    in_transaction(lambda c: imports.match(c, found, columns, key or found.key_field, is_whole=whole))


def _told(row: SheetRow) -> dict[str, Any]:
    return {"line": row.line, "mistakes": [{"field": one.field, "kind": one.word, "words": mistake_words(one)} for one in row.mistakes]}


def _tell_mistakes(wrong: list[SheetRow], as_json: bool) -> None:
    if as_json:
        show_json({"state": "refused", "mistakes": [_told(row) for row in wrong]})
        return
    lines = [[row.line, "; ".join(map(mistake_words, row.mistakes))] for row in wrong]
    show_table(["Line", "What is wrong"], lines[:SHOWN_LINES], "")
    click.echo(f"{len(wrong)} rows are wrong; nothing was taken in. --skip-mistakes takes in the others, --json tells all.", err=True)
