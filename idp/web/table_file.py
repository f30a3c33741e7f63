"""Tables that people send as files: CSV and XLSX, read as text with the numbers of their lines."""

import csv
import importlib
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from idp.web.legacy_text import NotReadable, read_text

LARGEST_BYTES, LARGEST_UNPACKED = 10 * 2**20, 200 * 2**20
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200_000, 100, 2_000


class FileMistaken(ValueError):
    """A file that is no table. `word` says why, to be put into words by whoever asked for it."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class Table:
    """A table as it was read. `headings`: the first line that says anything; `rows`: the number of the line in the file, and its
    cells as text, as many as there are headings; `encoding`: of a CSV file, how its text was read."""

    headings: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    encoding: str | None


def read_table(content: bytes, *, encoding: str | None = None, most_rows: int = MOST_ROWS) -> Table:
    """The table in a file; what it is is told from its bytes, not from its name. `encoding`: one of `legacy_text.ENCODINGS` when
    somebody knows better. Raises FileMistaken: empty, too_large, too_many_rows, too_many_columns, cell_too_long, not_readable,
    not_a_table."""
    if len(content) > LARGEST_BYTES:
        raise FileMistaken("too_large")
    if content.startswith(b"PK"):
        return _table(_workbook_lines(content, most_rows), None, most_rows)
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if content.startswith(b"\xd0\xcf\x11\xe0") or (not is_utf16 and b"\0" in content[:2] + content[4:6]):
        raise FileMistaken("not_a_table")  # a workbook of before 2007, or no text at all
    try:
        text = read_text(content, encoding)
    except NotReadable:
        raise FileMistaken("not_readable") from None
    return _table(_csv_lines(text.text), text.encoding, most_rows)


def _table(lines: Iterable[tuple[int, Sequence[str]]], encoding: str | None, most_rows: int) -> Table:
    said = ((number, cells) for number, cells in lines if any(cells))
    _number, headings = next(said, (0, ()))
    while headings and not headings[-1]:
        headings = headings[:-1]
    if not headings:
        raise FileMistaken("empty")
    if len(headings) > MOST_COLUMNS:
        raise FileMistaken("too_many_columns")
    rows: list[tuple[int, Sequence[str]]] = []
    for number, cells in said:
        if len(rows) >= most_rows:
            raise FileMistaken("too_many_rows")
        rows.append((number, [*cells[: len(headings)], *[""] * (len(headings) - len(cells))]))
    return Table(headings, rows, encoding)


def _csv_lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    if "\0" in text:
        raise FileMistaken("not_a_table")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise FileMistaken("not_a_table") from None
        if cells is None:
            return
        yield number, [_cleaned(cell) for cell in cells]


def _workbook_lines(content: bytes, most_rows: int) -> Iterator[tuple[int, Sequence[str]]]:
    workbooks = importlib.import_module("idp.web.workbooks")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            # Before anything is unpacked: some kilobytes can hold gigabytes.
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise FileMistaken("too_large")
        for number, cells in enumerate(workbooks.lines(content, most_rows + 100, MOST_COLUMNS + 1), start=1):
            yield number, [_cleaned(_told(cell)) for cell in cells]
    except FileMistaken:
        raise
    except workbooks.UNREADABLE:
        raise FileMistaken("not_a_table") from None


def _told(cell: object) -> str:
    """A cell as text: days as 24/11/2026, whole numbers without a point, so that a code of digits stays one."""
    if isinstance(cell, datetime | date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _cleaned(text: str) -> str:
    if len(text) > LONGEST_CELL:
        raise FileMistaken("cell_too_long")
    # The apostrophe is how a spreadsheet is told that digits are text; what cannot be seen would only hide the rest.
    shown = "".join(sign if sign.isprintable() else " " for sign in unicodedata.normalize("NFC", text))
    return " ".join(shown.split()).removeprefix("'")
