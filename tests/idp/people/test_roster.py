"""Rules of the roster."""

import contextlib

import pytest
from flask import Flask

from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.people import units
from idp.people.models import Level
from idp.people.roster import PAGE_ROWS, Filters, count_people, require_person, require_person_named, search_people
from tests.support.people import add_person, add_unit


def _names(text: str = "", **given: object) -> list[str]:
    return [row.name for row in search_people(reader(), Filters(text=text, **given)).rows]  # type: ignore[arg-type]


def test_people_are_found_without_accents_by_any_part_and_by_initials(app: Flask) -> None:
    add_person("ntdung", "Đặng Thị Dung")
    add_person("vmsinh", "Vàng Mí Sính")
    for typed in ("dang thi", "ĐẶNG", "dung dang", "dtd", " Đặng  Thị Dung "):
        assert _names(typed) == ["Đặng Thị Dung"], typed


@pytest.mark.parametrize("typed", ["%", "_", "a%", "\\", "v_ng"])
def test_the_wildcards_of_the_database_are_ordinary_characters_in_a_search(app: Flask, typed: str) -> None:
    add_person("vmsinh", "Vàng Mí Sính")
    assert _names(typed) == []


def test_a_page_goes_on_exactly_after_the_one_before_though_names_are_equal(app: Flask) -> None:
    for number in range(2 * PAGE_ROWS + 3):
        add_person(f"p{number}", "Nguyễn Thị Hoa" if number % 2 else "Giàng A Páo")
    seen, after, pages = [], None, 0
    while True:
        page = search_people(reader(), Filters(), after=after)
        seen += [row.id for row in page.rows]
        after, pages = page.after, pages + 1
        if after is None:
            break
    assert pages == 3
    assert len(seen) == len(set(seen)) == 2 * PAGE_ROWS + 3 == count_people(reader(), Filters())


@pytest.mark.parametrize("after", ["x", "!!!", "AAAA", "a" * 500])
def test_a_place_in_the_list_that_was_never_given_is_refused_or_empty_but_never_an_error(app: Flask, after: str) -> None:
    add_person()
    with contextlib.suppress(NotFound):
        search_people(reader(), Filters(), after=after)


def test_the_list_is_sorted_by_given_name_in_the_vietnamese_order(app: Flask) -> None:
    for number, name in enumerate(["Ma Thị Hà", "Dương Văn Đạt", "Đặng Thị Dung", "Ông Thị Ơn", "Thào Mí Giàng"]):
        add_person(f"p{number}", name)
    assert _names() == ["Đặng Thị Dung", "Dương Văn Đạt", "Thào Mí Giàng", "Ma Thị Hà", "Ông Thị Ơn"]


def test_a_unit_stands_for_all_that_is_below_it(app: Flask) -> None:
    district = add_unit("Huyện Đồng Văn", level=Level.DISTRICT.value)
    commune = add_unit("UBND xã Lũng Cú", parent_id=district)
    other = add_unit("UBND xã Du Già")
    add_person("a", "Vàng Mí Sính", unit_id=commune)
    add_person("b", "Sùng Thị Máy", unit_id=other)
    assert _names(unit_id=district) == _names(within=[district]) == ["Vàng Mí Sính"]
    assert [unit.name for unit in units.path_to(reader(), commune)] == ["Huyện Đồng Văn", "UBND xã Lũng Cú"]


def test_somebody_outside_ones_units_does_not_exist(app: Flask) -> None:
    mine, other = add_unit(), add_unit("UBND xã Du Già")
    person_id = add_person(unit_id=other)
    assert require_person(reader(), person_id, within=[other]).name == "Vàng Mí Sính"
    for within in ([mine], []):
        with pytest.raises(NotFound):
            require_person(reader(), person_id, within=within)


def test_a_loop_in_the_unit_tree_ends(app: Flask) -> None:
    first = add_unit("A")
    second = add_unit("B", parent_id=first)
    in_transaction(lambda c: c.exec_driver_sql("UPDATE unit SET parent_id = (SELECT id FROM unit WHERE name = 'B') WHERE name = 'A'"))
    add_person(unit_id=second)
    assert _names(unit_id=first) == ["Vàng Mí Sính"]
    assert units.path_to(reader(), first)


def test_an_operator_names_a_person_by_username_mail_staff_code_or_id_and_a_name_of_two_is_refused(app: Flask) -> None:
    person_id = add_person("vmsinh", staff_code="HG-0042")
    for typed in ("VMSinh", " vmsinh@hagiang.gov.vn", "HG-0042", str(person_id)):
        assert require_person_named(reader(), typed).id == person_id
    add_person("VMSINH", mail=None, mail_key=None)
    for typed in ("vmsinh", "nobody", ""):
        with pytest.raises(NotFound):
            require_person_named(reader(), typed)
