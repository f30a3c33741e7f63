"""Rules of signing out of a guarded site: everywhere, by its person alone, and back to it where that is registered."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.guarded_site import ORIGIN, Site, register_site
from tests.support.relying_party import sign_in


@pytest.fixture
def site(app: Flask) -> Site:
    return register_site()


def test_signing_out_of_the_site_signs_out_everywhere(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    cookies = dict(site.cookies)
    left = site.open(browser, "/sign-out", {"Sec-Fetch-Site": "same-origin"})
    assert site.cookies[site.cookie] == ""
    out = browser.get(left.headers["Location"].removeprefix("http://127.0.0.1:8000"))
    assert "Đã đăng xuất" in out.text
    site.cookies = cookies
    assert site.ask(browser).status_code == 401


def test_another_site_can_sign_nobody_out(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}):
        left = site.open(browser, "/sign-out", sent)
        assert "id_token_hint" not in left.headers["Location"]
    assert 'action="/end_session/confirm"' in browser.get(left.headers["Location"].removeprefix("http://127.0.0.1:8000")).text


def test_signing_out_comes_back_to_the_site_when_that_is_registered(browser: FlaskClient, session_id: uuid.UUID) -> None:
    site = register_site(post_logout_redirect_uris=("https://elsewhere.example.vn/", f"{ORIGIN}/tam-biet"))
    site.sign_in(browser)
    left = site.open(browser, "/sign-out", {"Sec-Fetch-Site": "same-origin"})
    assert browser.get(left.headers["Location"].removeprefix("http://127.0.0.1:8000")).headers["Location"] == f"{ORIGIN}/tam-biet"


def test_a_site_with_subjects_of_its_own_is_told_those_and_signs_out_with_them(browser: FlaskClient, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    everybodys, own = register_site("https://chung.example.vn"), register_site(subject_type="pairwise")
    everybodys.sign_in(browser)
    own.sign_in(browser)
    assert own.ask(browser).headers["X-Hopnhat-Subject"] != everybodys.ask(browser).headers["X-Hopnhat-Subject"]
    left = own.open(browser, "/sign-out", {"Sec-Fetch-Site": "same-origin"})
    assert "Đã đăng xuất" in browser.get(left.headers["Location"].removeprefix("http://127.0.0.1:8000")).text
