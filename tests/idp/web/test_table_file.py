"""Rules of reading and writing tables as files."""

import contextlib
import io
import unicodedata
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from idp.web import table_file
from idp.web.legacy_text import TCVN3, VNI, WINDOWS_1258, NotReadable, read_text
from idp.web.spreadsheet import csv_lines, workbook
from idp.web.table_file import FileMistaken, read_table

WORDS = "họ và tên;đơn vị;chức vụ\nnguyễn thị ngọc ánh;ủy ban nhân dân xã lũng cú;phó chủ tịch\nđặng đình tuấn;sở kế hoạch và đầu tư;chuyên viên\n"
# The same words as programs of the nineties wrote them: byte by byte, from their published tables.
IN_TCVN3 = (
    "hä vµ tªn;®¬n vÞ;chøc vô\nnguyÔn thÞ ngäc ¸nh;ñy ban nh©n d©n x· lòng có;phã chñ tÞch\n"
    "®Æng ®×nh tuÊn;së kÕ ho¹ch vµ ®Çu t\xad;chuyªn viªn\n"
).encode("latin-1")
IN_VNI = (
    "hoï vaø teân;ñôn vò;chöùc vuï\nnguyeãn thò ngoïc aùnh;uûy ban nhaân daân xaõ luõng cuù;phoù chuû tòch\n"
    "ñaëng ñình tuaán;sôû keá hoaïch vaø ñaàu tö;chuyeân vieân\n"
).encode("cp1252")


def _word(content: bytes) -> str:
    with pytest.raises(FileMistaken) as mistaken:
        read_table(content)
    return mistaken.value.word


def _in_1258(text: str) -> bytes:
    """As Windows wrote it: letters with their hat or horn, tones apart behind them."""
    written = bytearray()
    for sign in text:
        try:
            written += sign.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", sign)
            tone = next(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
            written += unicodedata.normalize("NFC", parts.replace(tone, "")).encode("cp1258") + tone.encode("cp1258")
    return bytes(written)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (WORDS.encode(), "utf-8"),
        (WORDS.encode("utf-8-sig"), "utf-8"),
        (unicodedata.normalize("NFD", WORDS).encode(), "utf-8"),
        (WORDS.encode("utf-16"), "utf-16"),
        (_in_1258(WORDS), WINDOWS_1258),
        (IN_TCVN3, TCVN3),
        (IN_VNI, VNI),
    ],
)
def test_the_encoding_of_a_file_is_told_from_its_bytes(content: bytes, encoding: str) -> None:
    table = read_table(content)
    assert table.encoding == encoding
    assert table.headings == ["họ và tên", "đơn vị", "chức vụ"]
    assert table.rows[0] == (2, ["nguyễn thị ngọc ánh", "ủy ban nhân dân xã lũng cú", "phó chủ tịch"])
    assert table.rows[1] == (3, ["đặng đình tuấn", "sở kế hoạch và đầu tư", "chuyên viên"])


def test_an_encoding_that_somebody_names_wins() -> None:
    assert read_text(IN_TCVN3, WINDOWS_1258).text != WORDS
    with pytest.raises(NotReadable):
        read_text(IN_VNI, "utf-8")
    with pytest.raises(NotReadable):
        read_text(b"a", "koi8")


def test_a_workbook_reads_like_a_csv_file() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Mã", "Ngày", None], [None, None, None], ["001234567890", date(2026, 7, 1), None], [42.0, "'007", "thừa"]):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    table = read_table(buffer.getvalue())
    assert table.headings == ["Mã", "Ngày"]
    assert table.rows == [(3, ["001234567890", "01/07/2026"]), (4, ["42", "007"])]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_quoted_cells_are_understood(separator: str) -> None:
    table = read_table(f'a{separator}b\n"1{separator} 2\n3"{separator}x\n\ny\n'.encode())
    assert table.rows == [(2, [f"1{separator if separator != chr(9) else ''} 2 3", "x"]), (5, ["y", ""])]


def test_what_is_no_table_is_told_apart() -> None:
    assert _word(b"") == "empty"
    assert _word(b"\n;;\n") == "empty"
    assert _word(b"\xd0\xcf\x11\xe0 an old workbook") == "not_a_table"
    assert _word(b"PK no archive") == "not_a_table"
    assert _word(b"a\0b") == "not_a_table"
    assert _word(b'a,b\n"never closed') == "not_a_table"
    assert _word(b"x" * (table_file.LONGEST_CELL + 1)) == "cell_too_long"
    assert _word(b",".join([b"x"] * (table_file.MOST_COLUMNS + 1))) == "too_many_columns"
    assert _word(b"x" * (table_file.LARGEST_BYTES + 1)) == "too_large"
    with pytest.raises(FileMistaken) as mistaken:
        read_table(b"a\n1\n2\n3\n", most_rows=2)
    assert mistaken.value.word == "too_many_rows"


def test_a_packed_file_that_would_fill_the_memory_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * (table_file.LARGEST_UNPACKED + 1))
    assert _word(buffer.getvalue()) == "too_large"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    for prefix in (b"", b"PK\x03\x04", b"\xff\xfe", b"a;b\n"):
        with contextlib.suppress(FileMistaken):
            read_table(prefix + content)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_text_is_no_formula_in_any_program(formula: str) -> None:
    assert f"'{formula}" in "".join(csv_lines(["a"], [[formula]]))
    sheet = load_workbook(io.BytesIO(workbook("Bảng", ["a"], [[formula]]))).active
    assert sheet is not None
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value == formula


def test_numbers_and_days_of_a_workbook_are_numbers_and_days() -> None:
    sheet = load_workbook(
        io.BytesIO(workbook("Tên [dài]: một hai ba bốn năm sáu bảy", ["n", "d", "t"], [[5, date(2026, 7, 1), "x\0y"]]))
    ).active
    assert sheet is not None
    assert [sheet["A2"].value, sheet["B2"].value.date(), sheet["C2"].value] == [5, date(2026, 7, 1), "x y"]
    assert sheet.freeze_panes == "A2"
