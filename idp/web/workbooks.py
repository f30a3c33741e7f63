"""Workbooks (XLSX) written and read with openpyxl. Loaded by who needs it: it costs every process 22 MiB and a quarter of a second."""

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

WIDEST, MIDDLING, NARROWEST = 60, 24, 8
CHUNK_BYTES = 64 * 1024
UNREADABLE = (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, OSError, SyntaxError, TypeError)


def lines(content: bytes, most_lines: int, most_columns: int) -> Iterator[Sequence[Any]]:
    """The cells of a workbook's first sheet, line by line. Raises one of UNREADABLE."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    yield from book.worksheets[0].iter_rows(values_only=True, max_row=most_lines, max_col=most_columns)


def write(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as a workbook of one sheet: bold headings that stay in view and can be filtered, columns as wide as their text, numbers
    and days as such."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    kept = [[_kept(value) for value in row] for row in rows]
    for index, heading in enumerate(headings):
        widest = max((len(str(row[index])) for row in kept if row[index] is not None), default=0)
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(WIDEST, max(NARROWEST, len(heading), widest) + 2)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(kept) + 1}"
    sheet.append([_bold(sheet, heading) for heading in headings])
    for row in kept:
        sheet.append([_text_cell(sheet, value) if isinstance(value, str) else value for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def write_as_it_comes(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A table as a workbook of one sheet whose rows are never kept in memory: they go into a file of the system as they come."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    for index in range(len(headings)):
        sheet.column_dimensions[get_column_letter(index + 1)].width = MIDDLING
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, heading) for heading in headings])
    for row in rows:
        cells = map(_kept, row)
        sheet.append([_text_cell(sheet, value) if isinstance(value, str) else value for value in cells])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _bold(sheet: Any, heading: str) -> Any:
    cell = WriteOnlyCell(sheet, value=heading)
    cell.font = Font(bold=True)
    return cell


def _sheet_title(title: str) -> str:
    return "".join(" " if sign in r"[]:*?/\'" else sign for sign in title)[:31].strip() or "1"


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)  # a workbook knows no zones
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in value)
    return value


def _text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # text, whatever it begins with
    return cell
