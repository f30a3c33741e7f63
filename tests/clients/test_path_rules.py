"""Rules of paths: what a rule may say, which one decides, and which addresses are refused since they could be read in two ways."""

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.path_rules import check_rules, first_fitting, read_rule, write_rule
from clients.refusals import InvalidMetadata
from clients.request_paths import UnclearPath, clear_path

UNCLEAR = [
    "", "x", "*", "http://a/b", "//", "/a//b", "/a/./b", "/a/../b", "/..", "/.", "/a/%2e%2e/b", "/a/%2E./b", "/%2e", "/a%2fb", "/a%2Fb",
    "/a%5cb", "/a\\b", "/a;x=1/b", "/a;", "/a%3bx", "/a%00b", "/a%0a", "/a%0d%0aX:y", "/%zz", "/a%2", "/a%252e", "/a%23", "/a#b", "/a%3fx",
    "/duyet./x", "/duyet%20/x", "/duyet%20", "/%20duyet", "/duy%C0%AFet", "/%ff", "/a\x7fb", "/a%E2%80%8Bb", "/a%C2%85", "/a%EF%BB%BF",
    "/" + "a" * 1001,
]  # fmt: skip
CLEAR = {
    "/": "/", "/a": "/a", "/a/": "/a/", "/a/b?x=../..//;%2e": "/a/b", "/%61": "/a", "/b%C3%A1o-c%C3%A1o": "/báo-cáo", "/a%20b": "/a b",
    "/ba%CC%81o": "/báo", "/.well-known/x": "/.well-known/x", "/a..b": "/a..b", "/b\u00c3\u00a1o": "/báo", "/a,b=c": "/a,b=c", "/báo": "/báo",
}  # fmt: skip


def test_an_address_that_could_be_read_in_two_ways_is_none() -> None:
    """SYN-001 and its kin: dot segments, doubled slashes, encoded separators, path parameters, what cannot be seen."""
    for written in UNCLEAR:
        with pytest.raises(UnclearPath):
            pytest.fail(f"{written} is read as {clear_path(written)}")


def test_a_clear_address_is_decoded_once_and_in_nfc() -> None:
    for written, read in CLEAR.items():
        assert clear_path(written) == read, written


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet="/.%2eEfF5c;\\ab?#\u00e1 \x00", max_size=12))
def test_what_is_clear_reads_the_same_however_a_program_normalises_it(written: str) -> None:
    try:
        read = clear_path("/" + written)
    except UnclearPath:
        return
    assert "//" not in read.rstrip("/") + "/x"
    assert not any(segment.rstrip(". ") in ("", ".") for segment in read.split("/")[1:-1])
    assert not set(read) & set("\\;#\x00")


def test_the_first_rule_that_fits_decides(app: Flask) -> None:
    rules = check_rules(("GET /static/** public", "* /duyet/*/ky unit:H27.9", "* /duyet/** signed-in acr=aal2", "POST /** nobody"))
    found = {
        (method, path): write_rule(rule) if (rule := first_fitting(rules, method, path)) else None
        for method, path in [
            ("GET", "/static/a.css"), ("HEAD", "/static"), ("POST", "/static/a"), ("GET", "/duyet/7/ky"), ("GET", "/duyet/7/8/ky"),
            ("GET", "/duyet"), ("GET", "/duyetx"), ("POST", "/"), ("GET", "/"),
        ]
    }  # fmt: skip
    assert list(found.values()) == [
        "GET /static/** public", "GET /static/** public", "POST /** nobody", "* /duyet/*/ky unit:H27.9", "* /duyet/** signed-in acr=aal2",
        "* /duyet/** signed-in acr=aal2", None, "POST /** nobody", None,
    ]  # fmt: skip


def test_a_part_is_not_opened_by_upper_case_but_is_closed_by_it(app: Flask) -> None:
    rules = check_rules(("* /Tep/** public", "* /duyet signed-in acr=aal2"))
    assert first_fitting(rules, "GET", "/tep/a") is None
    for path in ("/DUYET", "/Duyet/", "/duyet"):
        assert first_fitting(rules, "GET", path) is not None, path


def test_a_rule_is_written_in_one_way(app: Flask) -> None:
    assert check_rules(("get|Head  /a  public", "GET|HEAD /a public", "* /b role:hr_officer|person:nvan  max_age=900 acr=aal2")) == (
        "GET|HEAD /a public", "* /b role:hr_officer|person:nvan acr=aal2 max_age=900",
    )  # fmt: skip


BAD = [
    "", "/a public", "GET /a", "BREW /a public", "GET,POST /a public", "* a public", "* /a// public", "* /a/../b public", "* /a/**/b public",
    "* /a** public", "* /%61 public", "* /a;x public", "* /a?x public", "* /a everyone", "* /a unit:", "* /a x:y", "* /a signed-in acr=aal9",
    "* /a signed-in max_age=-1", "* /a signed-in max_age=999999999", "* /a signed-in acr=aal2 acr=aal3", "* /a public acr=aal2",
    "* /a nobody max_age=5", "* /a public|unit:H1", "* ** public",
]  # fmt: skip


def test_a_rule_that_is_none_is_refused_with_the_reason(app: Flask) -> None:
    with app.test_request_context():
        for line in BAD:
            with pytest.raises(InvalidMetadata):
                pytest.fail(f"{line} is read as {read_rule(line)}")
