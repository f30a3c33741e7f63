"""Rules against forged forms."""

import base64
import os

import pytest
from flask import Flask

from idp.app import create_app
from idp.roles.models import Role
from idp.web.csrf import protection
from tests.support.installation import close, settings_for
from tests.support.signed_in import browser_of, csrf_token

EXPORT, TRAIL = "/console/audit/export", "/console/audit"
ASKED = {"kind": "csv", "reason": "Kiểm tra định kỳ quý IV"}


def test_every_form_of_a_page_needs_the_browser_s_own_token(app: Flask) -> None:
    mine, other = browser_of(app, Role.AUDITOR), browser_of(app, Role.AUDITOR)
    token, foreign = csrf_token(mine, TRAIL), csrf_token(other, TRAIL)
    for sent, status in ((token, 200), (foreign, 400), ("", 400), (token + "x", 400), (None, 400)):
        form = ASKED if sent is None else {**ASKED, "csrf_token": sent}
        assert mine.post(EXPORT, data=form).status_code == status


def test_a_form_from_another_site_is_refused_even_with_a_token(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    form = {**ASKED, "csrf_token": csrf_token(browser, TRAIL)}
    assert browser.post(EXPORT, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert browser.post(EXPORT, data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_refusal_says_what_to_do_in_words(app: Flask) -> None:
    answer = browser_of(app, Role.AUDITOR).post(EXPORT)
    assert "tải lại trang rồi gửi lại" in answer.get_data(as_text=True)


def test_every_route_that_takes_a_form_is_guarded_or_belongs_to_a_machine_endpoint_that_says_so(app: Flask) -> None:
    machine = {blueprint.name for blueprint in protection._exempt_blueprints}
    for rule in app.url_map.iter_rules():
        if {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()) and not rule.arguments:
            blueprint = rule.endpoint.partition(".")[0]
            answer = app.test_client().post(rule.rule)
            if blueprint not in machine:
                assert answer.status_code in (303, 400), (rule.rule, answer.status_code)


@pytest.mark.parametrize(("issuer", "name", "secure"), [("https://idp.example.vn", "__Host-hopnhat_page", True), ("http://127.0.0.1:8000", "hopnhat_page", False)])  # fmt: skip
def test_the_page_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts(database_url: str, issuer: str, name: str, secure: bool) -> None:
    app = create_app(settings_for(database_url, issuer=issuer))
    with app.app_context():
        browser = browser_of(app, Role.AUDITOR)
    headers = " ".join(browser.get(TRAIL).headers.getlist("Set-Cookie"))
    if headers:
        assert name in headers
        assert "HttpOnly" in headers
        assert "SameSite=Lax" in headers
        assert ("Secure" in headers) is secure
        assert "Path=/" in headers
        assert "Domain" not in headers
    close(app)


def test_a_token_outlives_the_rotation_of_the_sealing_key(database_url: str) -> None:
    old, new = (f"{number}:{base64.b64encode(os.urandom(32)).decode()}" for number in (1, 2))
    before, after = (create_app(settings_for(database_url, sealing_keys=keys)) for keys in (old, f"{new},{old}"))
    assert before.secret_key == after.config["SECRET_KEY_FALLBACKS"][0]
    assert before.secret_key != after.secret_key
    for app in (before, after):
        close(app)


def test_the_signing_key_is_not_the_sealing_key(app: Flask) -> None:
    sealing = base64.b64decode(app.extensions["hopnhat.settings"].sealing_keys.get_secret_value().partition(":")[2])
    assert sealing.hex() not in str(app.secret_key)
