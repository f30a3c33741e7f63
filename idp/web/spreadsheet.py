"""CSV and XLSX that spreadsheets open safely: nothing in it that they would take for a formula."""

import csv
import importlib
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

BOM = "\ufeff"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width ones are formulas too


def harmless(value: object) -> str:
    """The cell with an apostrophe in front when a spreadsheet would compute it."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A CSV file, line by line: UTF-8 with a mark in front, line endings as RFC 4180 §2 has them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield BOM
    for row in itertools.chain([headings], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def workbook(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as a workbook of one sheet: bold headings that stay in view and can be filtered, columns as wide as their text, numbers
    and days as such."""
    return cast("bytes", importlib.import_module("idp.web.workbooks").write(title, headings, rows))


def workbook_chunks(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """As `workbook`, for a table of any length: its rows are not kept in memory, and columns are all equally wide."""
    return cast("Iterator[bytes]", importlib.import_module("idp.web.workbooks").write_as_it_comes(title, headings, rows))


def form_workbook(name: str, **parts: Any) -> bytes:
    """An official form as a workbook; `parts` as `form_workbook.write` takes them."""
    return cast("bytes", importlib.import_module("idp.web.form_workbook").write(name, **parts))
