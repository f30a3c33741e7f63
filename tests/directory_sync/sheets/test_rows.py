"""Rules of the rows of a file: what is understood, what is told as wrong, and what no hostile file can do."""

import io
import unicodedata
import zipfile
from datetime import date

import pytest
from flask import Flask
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from directory_sync.sheets import imports
from directory_sync.sheets.columns import FIELDS, TEMPLATE_HEADINGS, match_columns
from directory_sync.sheets.models import SheetImport
from directory_sync.sheets.rows import SheetRow, read_day, read_rows
from directory_sync.sheets.words import mistake_words
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.web.table_file import FileMistaken, read_table
from tests.support.sheets import send, sheet

ID = "001090000001"


def _read(content: bytes, columns: list[str] | None = None, key: str = "staff_code") -> list[SheetRow]:
    table = read_table(content)
    return read_rows(table.rows, columns or match_columns(table.headings, {}), key, {"S01": "unit-1", "X": None})


def _words(row: SheetRow) -> list[str]:
    return [one.word for one in row.mistakes]


def test_every_heading_of_the_template_is_matched_with_or_without_accents_and_in_capitals() -> None:
    assert match_columns(TEMPLATE_HEADINGS, {}) == list(FIELDS)
    assert match_columns(["HỌ  VÀ TÊN", "ma don vi (*)", "Email công vụ", "STT", "Ho ten"], {}) == ["name", "unit_code", "mail", "", ""]
    assert match_columns([unicodedata.normalize("NFD", "Chức vụ")], {}) == ["title"]
    assert match_columns(["Ghi chú", "Họ và tên"], {"ghi chu": "title", "ho va ten": ""}) == ["title", ""], "as by hand last time"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("24/11/2026", date(2026, 11, 24)), ("1/2/2026", date(2026, 2, 1)), ("24.11.2026", date(2026, 11, 24)), ("2026-11-24", date(2026, 11, 24)),
        ("46350", date(2026, 11, 24)), ("31/02/1990", None), ("mai", None), ("0", None), ("99999999", None), ("١/١/٢٠٢٦", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_and_spreadsheets_write_them(text: str, day: date | None) -> None:
    assert read_day(text) == day or (day is None and read_day(text) is None)


@pytest.mark.usefixtures("app")
def test_a_personal_number_keeps_its_zeros_and_only_its_mark_is_kept() -> None:
    book = Workbook()
    assert isinstance(book.active, Worksheet)
    for row in (["Mã CBCCVC", "Số định danh cá nhân"], ["HG-1", ID], ["HG-2", int(ID)], ["HG-3", "12345"], ["HG-4", f"'{ID[:-1]}2"]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    rows = _read(buffer.getvalue())
    assert [_words(row) for row in rows] == [["id_twice"], ["id_twice"], ["no_personal_id"], []]
    assert rows[0].mark == rows[1].mark != rows[3].mark
    assert ID not in repr(rows)


@pytest.mark.usefixtures("app")
def test_two_rows_of_one_key_or_one_personal_number_are_both_told() -> None:
    headings = ("Mã CBCCVC", "Số định danh cá nhân")
    rows = _read(sheet(("HG-1", ""), ("HG-1", ""), ("HG-2", ID), ("HG-3", ID), ("HG-4", ""), headings=headings))
    assert [_words(row) for row in rows] == [["key_twice"]] * 2 + [["id_twice"]] * 2 + [[]]


def test_what_is_wrong_is_told_cell_by_cell(app: Flask) -> None:
    headings = ("Mã CBCCVC", "Ngày sinh", "Giới tính", "Loại", "Mã đơn vị", "Thư công vụ", "Số điện thoại", "Ngày hiệu lực")
    row = _read(sheet(("", "31/02/1990", "x", "quan chức", "Z", "không@", "abc", "01/01/2027"), headings=headings))[0]
    assert _words(row) == ["no_day", "no_gender", "no_category", "no_mail", "no_phone", "no_such_unit", "no_decision", "no_key"]
    with app.test_request_context():
        assert mistake_words(row.mistakes[0]) == "Ngày sinh: 31/02/1990 không hợp lệ. Viết dạng ngày/tháng/năm"
        assert all(mistake_words(one) for one in row.mistakes)


def test_a_name_is_kept_composed_and_a_formula_stays_text() -> None:
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Ngọc Ánh")
    rows = _read(sheet(("HG-1", decomposed, "S01", "=HYPERLINK(http://x)"), ("HG-2", "An\u202e gnuhp")))
    assert rows[0].facts["name"] == "Nguyễn Thị Ngọc Ánh"
    assert rows[0].facts["title"] == "=HYPERLINK(http://x)"
    assert "\u202e" not in rows[1].facts["name"]


@pytest.mark.usefixtures("app")
def test_a_bomb_and_a_file_that_is_no_table_leave_nothing_behind() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 2**20))
    for content in (packed.getvalue(), b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"", b"PK\x03\x04"):
        with pytest.raises(FileMistaken):
            send(content)
    assert reader().execute(select(table_of(SheetImport).c.id)).all() == []


@pytest.mark.usefixtures("app")
def test_the_file_is_sealed_while_it_waits_and_gone_once_it_is_submitted() -> None:
    content = sheet(("HG-1", "Lê Văn A", ID), headings=("Mã CBCCVC", "Họ và tên", "Số định danh cá nhân"))
    import_id = in_transaction(lambda c: imports.take(c, "spreadsheet:x", "t.csv", content, is_whole=False, actor="cli:test"))
    found = imports.require_draft(reader(), import_id, "cli:test")
    assert ID.encode() not in found.sealed_file + found.sealed_table
    imports.make_ready()
    in_transaction(lambda c: imports.submit(c, found, None, actor="cli:test"))
    later = imports.require_import(reader(), import_id, "cli:test")
    assert (later.sealed_file, later.sealed_table) == (None, None)
    assert imports.rows_of(later)[0].mark is not None
    with pytest.raises(Refusal):
        in_transaction(lambda c: imports.submit(c, found, None, actor="cli:test"))


@pytest.mark.usefixtures("app")
def test_a_whole_file_with_one_wrong_row_is_not_taken() -> None:
    with pytest.raises(Refusal, match="không còn dòng lỗi"):
        send(sheet(("HG-1", "Lê Văn A"), ("", "Lê Văn B")), is_whole=True)


@pytest.mark.usefixtures("app")
def test_a_second_file_waits_until_the_first_has_become_a_run() -> None:
    send(sheet(("HG-1", "Lê Văn A")))
    with pytest.raises(Refusal, match="đang chờ"):
        send(sheet(("HG-2", "Lê Văn B")))
