"""Rules of distinguished names: taken apart where they may be, compared as directories compare them."""

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.wire.distinguished_names import NotADn, escape, normalize, parent_text, parse_rdn, split

plain_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(plain_text)
def test_a_value_escaped_is_read_back_and_never_ends_its_rdn(value: str) -> None:
    dn = f"cn={escape(value)},ou=A\\, B,dc=vn"
    assert parent_text(dn) == "ou=A\\, B,dc=vn"
    assert parse_rdn(split(dn)[0]) == [("cn", value)]


@pytest.mark.parametrize(
    ("dn", "same"),
    [
        ("uid=An.Nguyen,OU=Sở Nội vụ,dc=vn", "UID=an.nguyen, ou=sở  nội vụ , DC=VN"),
        ("cn=Lê\\, An \\#7,dc=vn", "commonName=lê\\2C an #7,dc=vn"),
        ('cn="Lê, An",dc=vn', "cn=Lê\\, An,dc=vn"),
        ("cn=a+sn=b,dc=vn", "sn=B+cn=A,dc=vn"),
        ("ou=" + unicodedata.normalize("NFD", "Huyện Đồng Văn") + ",dc=vn", "ou=Huyện Đồng Văn,dc=vn"),
    ],
)
def test_dns_that_a_directory_takes_for_the_same_are_the_same(dn: str, same: str) -> None:
    assert normalize(dn) == normalize(same)


@pytest.mark.parametrize("text", ["an", "=an", "cn=a,", "cn=a\\", "cn=\\ff\\fe"])
def test_what_is_no_dn_is_refused(text: str) -> None:
    with pytest.raises(NotADn):
        normalize(text)


@given(st.text(max_size=60))
def test_any_text_is_a_dn_or_refused(text: str) -> None:
    with contextlib.suppress(NotADn):
        normalize(text)
