"""Rules of reading a scheme from a file."""

import io

import pytest
from openpyxl import Workbook

from directory_sync.reorganisation_file import SchemeRow, read_scheme
from directory_sync.reorganisation_models import RoleFate
from idp.people.unit_models import SuccessionKind
from idp.web.table_file import FileMistaken

NATIONAL_LIST = """level,code,name,kind,parent_code,code_2025,name_2025
district,024,Thành phố Hà Giang,Thành phố,02,,
commune,00688,Phường Quang Trung,Phường,024,00691,Phường Hà Giang 2
commune,00691,Phường Trần Phú,Phường,024,00691,Phường Hà Giang 2
commune,00700,Xã Ngọc Đường,Xã,024,00700,Xã Ngọc Đường
"""
OWN = "Loại;Mã cũ;Tên cũ;Mã mới;Tên mới;Vai trò;Ngày hiệu lực\n"


def test_the_national_list_of_old_and_new_units_is_a_scheme() -> None:
    rows = read_scheme(NATIONAL_LIST.encode())
    assert [(row.kind, row.old_code, row.new_code, row.roles) for row in rows] == [
        (SuccessionKind.VANISH, "024", None, RoleFate.END),
        (SuccessionKind.MERGE, "00688", "00691", RoleFate.END),
        (SuccessionKind.MERGE, "00691", "00691", RoleFate.END),
        (SuccessionKind.RENAME, "00700", "00700", RoleFate.FOLLOW),
    ]


def test_a_row_may_say_its_kind_what_becomes_of_roles_and_its_own_day() -> None:
    (row,) = read_scheme(f"{OWN}Sáp nhập;S05;Sở Kế hoạch;S04;Sở Tài chính;theo;01/03/2025\n".encode("utf-16"))
    assert (row.kind, row.roles, str(row.effective_on), row.flaw) == (SuccessionKind.MERGE, RoleFate.FOLLOW, "2025-03-01", None)


def test_one_that_becomes_several_is_split() -> None:
    rows = read_scheme(b"old_code,new_code\nA,B\nA,C\nD,C\n")
    assert [row.kind for row in rows] == [SuccessionKind.SPLIT, SuccessionKind.SPLIT, SuccessionKind.MERGE]


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ("gộp;S05;;S04;;;", "unknown_kind"),
        ("Sáp nhập;;;S04;;;", "no_old_unit"),
        ("Đổi tên;S05;;;;;", "no_new_unit"),
        ("Đổi tên;S05;;S04;;để đó;", "unknown_roles"),
        ("Đổi tên;S05;;S04;;;31/02/2025", "no_date"),
        (f"Đổi tên;S05;{'x' * 400};S04;;;", "too_long"),
        ("giải thể;;;;;;", "nothing_named"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_for_that_row(line: str, flaw: str) -> None:
    rows = read_scheme(f"{OWN}{line}\nĐổi tên;S01;;S02;;;\n".encode())
    assert [row.flaw for row in rows] == [flaw, None]


def test_a_pair_written_twice_is_no_second_reorganisation() -> None:
    rows = read_scheme(b"old_code,new_code\nA,B\nA,B\n")
    assert {row.flaw for row in rows} == {"twice"}


def test_a_workbook_reads_like_a_text_file() -> None:
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for line in (["Mã cũ", "Mã mới"], ["00688", "00691"], ["00691", "00691"]):
        sheet.append(line)
    book.save(file)
    assert [(row.line, row.kind, row.old_code) for row in read_scheme(file.getvalue())] == [
        (2, SuccessionKind.MERGE, "00688"),
        (3, SuccessionKind.MERGE, "00691"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no_headings"),
        (b"PK\x03\x04 no workbook", "not_a_table"),
        (b"old_code,new_code\n" + b"x" * (10 * 2**20), "too_large"),
        (b"old_code,new_code\n" + b"1,2\n" * 20_001, "too_many_rows"),
    ],
)
def test_a_file_that_is_no_scheme_is_refused_whole(content: bytes, reason: str) -> None:
    with pytest.raises(FileMistaken, match=reason):
        read_scheme(content)


def test_an_apostrophe_that_keeps_a_code_text_is_no_part_of_it() -> None:
    (row,) = read_scheme(b"old_code,new_code\n'=A,B\n")
    assert row == SchemeRow(2, SuccessionKind.RENAME, old_code="=A", new_code="B", roles=RoleFate.FOLLOW)
