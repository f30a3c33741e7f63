"""Rules of the headers that every answer carries."""

import base64
import hashlib
import re

import pytest
from flask import Blueprint, Flask, request

from idp.app import create_app
from idp.web.headers import LARGEST_REQUEST, forms_may_lead_anywhere, forms_may_lead_to, set_policy
from idp.web.viewer import anyone
from tests.support.installation import close, settings_for

PATHS = ("/", "/console", "/nowhere", "/healthz", "/static/console.css")


def _policy(header: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in header.split(";"))


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_framing_sniffing_and_telling_where_it_was(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = _policy(headers["Content-Security-Policy"])
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("address", ["/console/clients/%00", "/nowhere?x=%00", "/console/audit?event=%00", "/sign-in?flow=a%00", "/%00"])
def test_an_address_with_a_nul_in_it_is_refused(app: Flask, address: str) -> None:
    assert app.test_client().get(address).status_code == 400


def test_no_page_is_kept_by_a_browser_and_the_sheet_is_kept_until_it_changes(app: Flask) -> None:
    browser = app.test_client()
    assert browser.get("/nowhere").headers["Cache-Control"] == "no-store"
    sheet = browser.get("/static/console.css")
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in sheet.headers


def test_https_is_insisted_on_only_where_it_is_spoken(database_url: str) -> None:
    app = _application(database_url, issuer="https://dinhdanh.example.vn")
    answer = app.test_client().get("/nowhere")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    plain = _application(database_url)
    assert "Strict-Transport-Security" not in plain.test_client().get("/nowhere").headers
    for one in (app, plain):
        close(one)


def test_the_inlined_sheet_is_the_one_that_the_policy_allows(app: Flask) -> None:
    answer = app.test_client().get("/nowhere")
    style = re.search(r"<style>(.*?)</style>", answer.get_data(as_text=True), re.DOTALL)
    assert style
    wanted = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{wanted}'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in answer.get_data(as_text=True)


def _application(database_url: str, **given: object) -> Flask:
    app = create_app(settings_for(database_url, **given))
    blueprint = Blueprint("probe", __name__)

    @blueprint.get("/probe")
    @anyone
    def probe() -> str:
        match request.args.get("do"):
            case "anywhere":
                forms_may_lead_anywhere()
            case "client":
                forms_may_lead_to("https://client.example:8443/callback?x=1", "http://127.0.0.1:8199/cb", "app.example:/cb")
            case "script":
                set_policy(script_src="'sha256-x'")
        return " ".join((request.remote_addr or "", request.host, request.url))

    app.register_blueprint(blueprint)
    return app


def test_a_form_ends_on_this_server_unless_its_page_names_where_else(database_url: str) -> None:
    app = _application(database_url)
    browser = app.test_client()

    def policy_after(do: str) -> dict[str, str]:
        return _policy(browser.get(f"/probe?do={do}").headers["Content-Security-Policy"])

    assert policy_after("")["form-action"] == "'self'"
    assert policy_after("client")["form-action"] == "'self' app.example: http://127.0.0.1:8199 https://client.example:8443"
    assert "form-action" not in policy_after("anywhere")
    assert policy_after("script")["script-src"] == "'sha256-x'"
    assert policy_after("")["form-action"] == "'self'"
    close(app)


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"])
def test_no_header_changes_the_address_that_this_server_believes_to_have(database_url: str, name: str) -> None:
    app = _application(database_url, issuer="https://dinhdanh.example.vn", trusted_proxies=1)
    told = app.test_client().get("/probe", headers={name: "evil.example"}).get_data(as_text=True)
    assert "https://dinhdanh.example.vn/probe" in told
    assert "evil" not in told
    close(app)


def test_addresses_are_believed_only_from_as_many_proxies_as_are_set(database_url: str) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    for proxies, believed in ((0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")):
        app = _application(database_url, trusted_proxies=proxies)
        assert app.test_client().get("/probe", headers=forwarded).get_data(as_text=True).startswith(believed + " ")
        close(app)


def test_a_request_larger_than_any_form_is_refused(app: Flask) -> None:
    answer = app.test_client().post("/console/sync", data=b"x" * (LARGEST_REQUEST + 1), content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (404, 413)
    answer = app.test_client().post("/console/audit/export", data={"kind": "x" * (LARGEST_REQUEST + 1)})
    assert answer.status_code == 413
