"""An official form as a workbook: the state's name above, headings, groups and totals, numbers, shares and days as such.

Loaded by who needs it, as `workbooks`.
"""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

FONT = "Times New Roman"
WIDTHS = {"order": 6, "text": 24, "number": 11, "share": 10, "day": 13}
FORMATS = {"number": "#,##0", "share": "0.00%", "day": "dd/mm/yyyy", "order": "0"}
THIN = Side(style="thin", color="000000")
LINES = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)


def write(name: str, above: Sequence[tuple[str, str]], title: str, about: str, columns: Sequence[tuple[str, str]],
          rows: Sequence[tuple[str, Sequence[Any]]], below: Sequence[str], signers: Sequence[tuple[str, str]]) -> bytes:  # fmt: skip
    """`above`: pairs of words left and right on top; `columns`: heading and kind; `rows`: kind and cells; `signers`: who signs, left to
    right, with what is written under it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = name[:31]
    width = len(columns)
    right = max(2, width - (width // 2) + 1)
    for left_words, right_words in above:
        sheet.append([left_words] + [None] * (right - 2) + [right_words])
        number = sheet.max_row
        _join(sheet, number, 1, right - 1)
        _join(sheet, number, right, width)
        for column in (1, right):
            _style(sheet.cell(number, column), bold=True, centred=True)
    sheet.append([])
    for words, bold in ((title, True), (about, False)):
        sheet.append([words])
        _join(sheet, sheet.max_row, 1, width)
        _style(sheet.cell(sheet.max_row, 1), bold=bold, centred=True)
    sheet.append([])
    _table(sheet, columns, rows)
    sheet.append([])
    for words in below:
        sheet.append([_text(words)])
        _join(sheet, sheet.max_row, 1, width)
        _style(sheet.cell(sheet.max_row, 1), italic=True)
    _signatures(sheet, signers, width)
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", 9, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _table(sheet: Any, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[str, Sequence[Any]]]) -> None:
    sheet.append([heading for heading, _kind in columns])
    head = sheet.max_row
    for place, (_heading, kind) in enumerate(columns, 1):
        _style(sheet.cell(head, place), bold=True, centred=True, framed=True)
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS[kind]
    for row_kind, cells in rows:
        sheet.append([_value(value, kind) for value, (_heading, kind) in zip(cells, columns, strict=True)])
        for place, (_heading, kind) in enumerate(columns, 1):
            cell = sheet.cell(sheet.max_row, place)
            if isinstance(cell.value, str):
                cell.data_type = "s"  # text, whatever it begins with
            elif kind in FORMATS:
                cell.number_format = FORMATS[kind]
            _style(cell, bold=row_kind != "line", framed=True)
    sheet.print_title_rows = f"{head}:{head}"
    sheet.freeze_panes = f"A{head + 1}"


def _signatures(sheet: Any, signers: Sequence[tuple[str, str]], width: int) -> None:
    sheet.append([])
    first, half = sheet.max_row + 1, width // 2
    for place, (who, how) in enumerate(signers):
        column = 1 if place == 0 else half + 1
        for offset, words in enumerate((who, how)):
            cell = sheet.cell(first + offset, column, words)
            _style(cell, bold=offset == 0, italic=offset == 1, centred=True)
            _join(sheet, first + offset, column, half if place == 0 else width)


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "share":
        return value / 10_000 if isinstance(value, int) else value
    return value if isinstance(value, int | date) else _text(str(value))


def _text(words: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in words)


def _join(sheet: Any, row: int, first: int, last: int) -> None:
    if last > first:
        sheet.merge_cells(start_row=row, start_column=first, end_row=row, end_column=last)


def _style(cell: Any, *, bold: bool = False, italic: bool = False, centred: bool = False, framed: bool = False) -> None:
    cell.font = Font(name=FONT, size=12, bold=bold, italic=italic)
    cell.alignment = Alignment(horizontal="center" if centred else None, vertical="center", wrap_text=True)
    if framed:
        cell.border = LINES
