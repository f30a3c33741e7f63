"""Rules of saying where two addresses differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.address_difference import differences, marked, nearest

KEPT = "https://mot-cua.gov.vn/cb"


@pytest.mark.parametrize(
    ("received", "part"),
    [
        ("https://mot-cua.gov.vn/cb/", "slash"), ("http://mot-cua.gov.vn/cb", "scheme"), ("https://mot-cua.gov.vn:8443/cb", "port"),
        ("https://Mot-Cua.gov.vn/cb", "host_case"), ("https://motcua.gov.vn/cb", "host"), ("https://mot-cua.gov.vn/CB", "path_case"),
        ("https://mot-cua.gov.vn/callback", "path"), ("https://mot-cua.gov.vn/c%62", "encoding"), ("https://mot-cua.gov.vn/cb?a=1", "query"),
        ("https://mot-cua.gov.vn/cb#", "text"), ("https://mot-cua.gov.vn/cb#x", "fragment"), ("https://mot-cua.gov.vn:443/cb", "text"),
        ("https://mot-cua.gov.vn:x/cb", "text"), (" https://mot-cua.gov.vn/cb", "text"), ("https://an@mot-cua.gov.vn/cb", "text"),
    ],
)  # fmt: skip
def test_the_part_that_differs_is_named(received: str, part: str) -> None:
    assert part in [one.part for one in differences(received, KEPT)]


def test_a_port_that_the_scheme_implies_is_no_difference_of_its_own() -> None:
    assert [one.part for one in differences("http://mot-cua.gov.vn/cb/", KEPT)] == ["scheme", "slash"]


def test_names_of_the_machine_itself_are_not_the_same_address() -> None:
    assert [one.part for one in differences("http://localhost:3000/cb", "http://127.0.0.1:3000/cb")] == ["loopback"]


def test_the_nearest_is_the_one_with_the_smallest_slip() -> None:
    known = ["https://khac.gov.vn/cb", "https://mot-cua.gov.vn/logout", KEPT]
    assert nearest("http://mot-cua.gov.vn/cb/", known) == KEPT
    assert nearest(KEPT, []) is None


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sent_is_compared_and_marked_whole(received: str, registered: str) -> None:
    sent, kept = marked(received, registered)
    assert ("".join(text for text, _other in sent), "".join(text for text, _other in kept)) == (received, registered)
    assert bool(differences(received, registered)) == (received != registered)
