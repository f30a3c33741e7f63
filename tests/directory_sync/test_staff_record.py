"""Rules of understanding one entry."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory_sync.directory_text import Flaw, clean
from directory_sync.staff_record import StaffRecord, digest_of, understand
from directory_sync.unit_tree import UnitTree, understand_units
from idp.clock import ManualClock
from idp.people.names import username_key

UNITS = {"ou=Cấp tỉnh,dc=vn": ("Cấp tỉnh", "02"), "ou=Sở Nội vụ,ou=Cấp tỉnh,dc=vn": ("Sở Nội vụ", "S01")}
GOOD = {
    "displayname": "Nguyễn Văn An",
    "uid": "an",
    "mail": "an@hagiang.gov.vn",
    "title": "Chuyên viên",
    "employeetype": "công chức",
    "employeenumber": "HG1",
}


def tree() -> UnitTree:
    found = [
        (dn, {"entryuuid": [dn.encode()], "ou": [name.encode()], "description": [code.encode()]}) for dn, (name, code) in UNITS.items()
    ]
    return understand_units(found)


def record(dn: str = "uid=an,ou=Sở Nội vụ,ou=Cấp tỉnh,dc=vn", **changed: Any) -> StaffRecord:
    facts = {**GOOD, **changed}
    attributes = {
        name: [text if isinstance(text, bytes) else text.encode() for text in (value if isinstance(value, list) else [value])]
        for name, value in facts.items()
        if value is not None
    }
    return understand(dn, attributes, "key", b"digest", tree())


def test_a_good_entry_has_no_flaws() -> None:
    assert record().flaws == frozenset()


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"displayname": unicodedata.normalize("NFD", "Nguyễn")}, Flaw.DECOMPOSED_TEXT),
        ({"displayname": "Nguyễn  Văn An"}, Flaw.STRAY_BLANKS),
        ({"displayname": b"Nguy\xffn"}, Flaw.UNREADABLE_TEXT),
        ({"displayname": None}, Flaw.NO_NAME),
        ({"uid": None}, Flaw.NO_USERNAME),
        ({"uid": "аn"}, Flaw.UNUSABLE_USERNAME),
        ({"uid": "x" * 256}, Flaw.TOO_LONG),
        ({"mail": None}, Flaw.NO_MAIL),
        ({"mail": "no address"}, Flaw.NO_MAIL),
        ({"mail": ["a@b.vn", "an@b.vn"]}, Flaw.SEVERAL_MAILS),
        ({"title": "   "}, Flaw.NO_TITLE),
        ({"employeetype": "cộng tác viên"}, Flaw.UNKNOWN_CATEGORY),
        ({"employeenumber": None}, Flaw.NO_STAFF_CODE),
        ({"departmentnumber": "02"}, Flaw.OTHER_UNIT),
    ],
)
def test_what_is_wrong_with_an_entry_is_noticed(changed: dict[str, Any], flaw: Flaw) -> None:
    assert flaw in record(**changed).flaws


def test_the_name_is_the_display_name_else_the_common_name_else_the_username() -> None:
    assert record(cn="Khác").name == "Nguyễn Văn An"
    assert record(displayname=None, cn="Nguyễn An").name == "Nguyễn An"
    assert record(displayname=None).name == "an"


def test_of_several_addresses_the_one_with_the_username_counts() -> None:
    assert record(mail=["hg1@hagiang.gov.vn", "AN@hagiang.gov.vn"]).mail == "AN@hagiang.gov.vn"
    assert record(mail=["hg1@hagiang.gov.vn", "hg2@hagiang.gov.vn"]).mail == "hg1@hagiang.gov.vn"


@pytest.mark.parametrize(
    ("text", "category"),
    [("Công chức", "cong_chuc"), ("VIÊN CHỨC", "vien_chuc"), ("cán bộ", "can_bo"), ("hợp đồng", "hop_dong"), ("khác", None), (None, None)],
)
def test_categories_are_those_of_the_law(text: str | None, category: str | None) -> None:
    assert record(employeetype=text).staff_category == category


def test_who_hangs_outside_the_tree_belongs_to_the_unit_whose_code_they_carry() -> None:
    assert record("uid=an,dc=other", departmentnumber="S01").unit_key == "ou=Sở Nội vụ,ou=Cấp tỉnh,dc=vn"
    outside = record("uid=an,dc=other")
    assert (outside.unit_key, Flaw.NO_UNIT in outside.flaws) == (None, True)


@pytest.mark.parametrize(
    ("attribute", "value", "locked"),
    [
        ("pwdaccountlockedtime", "000001010000Z", True),
        ("pwdaccountlockedtime", "20261124080000Z", True),
        ("nsaccountlock", "TRUE", True),
        ("nsaccountlock", "false", False),
        ("logindisabled", "TRUE", True),
        ("useraccountcontrol", "514", True),
        ("useraccountcontrol", "512", False),
        ("useraccountcontrol", "9" * 5000, False),
        ("lockouttime", "133765344000000000", True),
        ("lockouttime", "0", False),
        ("msds-user-account-control-computed", "16", True),
        ("msds-user-account-control-computed", "8388608", False),  # the password has expired, which is told at sign-in
        ("accountexpires", "133765344000000000", True),  # 20 November 2024
        ("accountexpires", "9223372036854775807", False),
        ("accountexpires", "0", False),
        ("accountexpires", "9" * 5000, False),
        ("accountexpires", "2650467743999999999", False),
    ],
)
def test_a_lock_for_good_or_for_a_time_locks_in_the_words_of_each_directory(attribute: str, value: str, locked: bool) -> None:
    """LOG-033: the marks of OpenLDAP, 389, eDirectory and Active Directory."""
    assert record(**{attribute: value}).locked is locked


def test_where_a_domain_says_who_is_locked_out_now_an_older_lock_counts_no_more() -> None:
    assert not record(**{"lockouttime": "133765344000000000", "msds-user-account-control-computed": "0"}).locked


def test_an_account_ends_at_its_hour(time: ManualClock) -> None:
    in_an_hour = str(int((time() - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() + 3600) * 10**7)
    assert not record(accountexpires=in_an_hour).locked
    time.advance(hours=1)
    assert record(accountexpires=in_an_hour).locked


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20261124005900Z", datetime(2026, 11, 24, 0, 59, tzinfo=UTC)),
        ("20261124005900.0Z", datetime(2026, 11, 24, 0, 59, tzinfo=UTC)),
        ("20269924005900Z", None),
        ("yesterday", None),
    ],
)
def test_an_entry_says_when_it_was_changed(written: str, read: datetime | None) -> None:
    assert record(modifytimestamp=written).changed_at == read


def test_a_digest_tells_entries_units_and_trees_apart() -> None:
    one, other = tree(), understand_units([])
    digests = [
        digest_of(b"a", "u", one),
        digest_of(b"b", "u", one),
        digest_of(b"a", "v", one),
        digest_of(b"a", None, one),
        digest_of(b"a", None, other),
    ]
    assert len(set(digests)) == 5
    assert digest_of(b"a", "u", other) == digests[0]


@given(st.binary(max_size=60))
def test_any_bytes_become_clean_text_or_nothing(raw: bytes) -> None:
    text = clean(raw, set())
    if text is not None:
        assert text == " ".join(text.split())
        assert unicodedata.is_normalized("NFC", text)
        assert "\x00" not in text
        assert clean(text.encode(), set()) == text


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.lists(st.binary(max_size=40), max_size=3)))
def test_any_entry_is_understood(attributes: dict[str, list[bytes]]) -> None:
    found = understand("uid=x,ou=Sở Nội vụ,ou=Cấp tỉnh,dc=vn", attributes, "key", b"", tree())
    assert found.name
    assert found.username_key is None or found.username_key == username_key(found.username or "")
