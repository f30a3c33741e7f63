"""Rules of names: splitting, sorting, searching, comparing usernames."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.people.names import Name, fold, search_key, sort_key, split_name, username_key

IN_ORDER = [
    "Đặng Thị Dung", "Dương Văn Đạt", "Thào Mí Giàng", "Ma Thị Hà", "Mà Văn Hả", "Trần Thị Hã", "Mã Thị Há", "Lù Văn Hạ",
    "Nguyễn Thị Hoà", "Ông Thị Ơn", "Uông Văn Út", "Ưng Văn Ửng",
]  # fmt: skip


def test_names_sort_by_given_name_in_the_vietnamese_alphabet_with_its_tones() -> None:
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))
    assert sorted(shuffled, key=sort_key) == IN_ORDER


def test_letters_sort_in_the_vietnamese_alphabet() -> None:
    letters = [
        "a",
        "ă",
        "â",
        "b",
        "c",
        "d",
        "đ",
        "e",
        "ê",
        "g",
        "h",
        "i",
        "k",
        "l",
        "m",
        "n",
        "o",
        "ô",
        "ơ",
        "p",
        "q",
        "r",
        "s",
        "t",
        "u",
        "ư",
        "v",
        "x",
        "y",
    ]
    assert sorted(random.Random(2).sample(letters, len(letters)), key=sort_key) == letters
    assert sorted(["Đa", "Db", "Da", "Dz", "Đb"], key=sort_key) == ["Da", "Db", "Dz", "Đa", "Đb"]


def test_tones_sort_ngang_huyen_hoi_nga_sac_nang() -> None:
    tones = ["Ha", "Hà", "Hả", "Hã", "Há", "Hạ"]
    assert sorted(random.Random(3).sample(tones, 6), key=sort_key) == tones


def test_equal_given_names_sort_by_family_then_middle_name() -> None:
    names = ["Bùi Văn An", "Nguyễn An", "Nguyễn Đức An", "Nguyễn Thị An", "Vàng A An"]
    assert sorted(random.Random(4).sample(names, len(names)), key=sort_key) == names


def test_the_letters_of_a_whole_name_part_weigh_more_than_its_tones() -> None:
    assert sort_key("Nguyễn Hoá") < sort_key("Nguyễn Hoai")


@pytest.mark.parametrize("pair", [("Nguyễn Thị Hoà", "Nguyễn Thị Hòa"), ("NGUYỄN văn an", "Nguyễn Văn An"), ("Lê  Văn An ", "Lê Văn An")])
def test_where_the_tone_is_written_case_and_blanks_do_not_change_the_place_in_a_list(pair: tuple[str, str]) -> None:
    assert sort_key(pair[0]) == sort_key(pair[1])


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Nguyễn Thị Thu Hà", Name("Nguyễn", "Thị Thu", "Hà")),
        ("Giàng A Páo", Name("Giàng", "A", "Páo")),
        ("Lò Ơn", Name("Lò", None, "Ơn")),
        ("Páo", Name(None, None, "Páo")),
        ("", Name(None, None, None)),
        ("  Vàng  Mí   Sính ", Name("Vàng", "Mí", "Sính")),
    ],
)
def test_a_name_is_family_middle_and_given(full: str, parts: Name) -> None:
    assert split_name(full) == parts


def test_folding_removes_tones_marks_case_and_double_blanks() -> None:
    assert fold("  Đặng  Thị   ƯỚC ") == "dang thi uoc"


@pytest.mark.parametrize("query", ["Nguyễn Văn", "nguyen van an", "NVA", "an nguyen", "van  an"])
def test_a_person_is_found_without_accents_by_initials_and_reversed(query: str) -> None:
    assert fold(query) in search_key("Nguyễn Văn An", "HG000123")


@given(st.text())
def test_composed_and_decomposed_text_fold_search_sort_and_split_alike(text: str) -> None:
    for function in (fold, search_key, sort_key, split_name, username_key):
        assert function(unicodedata.normalize("NFD", text)) == function(unicodedata.normalize("NFC", text))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" An.Nguyen ", "an.nguyen"),
        ("an.nguyen２", "an.nguyen2"),
        ("An.Nguyen@HaGiang.gov.vn", "an.nguyen@hagiang.gov.vn"),
        ("Nguye\u0302\u0303n", "nguyễn"),
        ("ĐẠT", "đạt"),
        ("Kiên", "kiên"),
    ],
)
def test_a_username_is_compared_in_one_form(typed: str, key: str) -> None:
    assert username_key(typed) == key


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "an\u200b.nguyen", "an\u2060", "\ufeffan", "аn.nguyen", "αn", "an nguyen", "an\x00", "an\u202e", "a" * 256, "ａ" * 256, "an\u034f", "ɡiang", "x\u0337\u0338y"],
)  # fmt: skip
def test_a_username_that_can_only_be_a_slip_or_a_disguise_has_no_key(typed: str) -> None:
    assert username_key(typed) is None


@given(st.text(max_size=300))
def test_a_username_key_is_its_own_key(text: str) -> None:
    key = username_key(text)
    assert key is None or username_key(key) == key
