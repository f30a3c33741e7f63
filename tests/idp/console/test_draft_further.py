"""Rules of the wizard beyond its answers: what is said where it is typed, a picture, the way to SAML, taking one's own draft back."""

import io
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from clients.draft_models import DraftState
from clients.drafts import require_draft
from clients.logos import find_logo
from clients.registry import find_client
from idp.database import reader
from idp.roles.models import Role
from tests.idp.console.test_draft_pages import ABOUT, ADDRESSES, DATA, begin, decide
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_unit
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from tests.support.trail import kinds
from wsgi import build

REAL = {**ABOUT, "environment": "production", "client_id": "mot-cua"}
LOOPBACK = {"redirect_uris": "http://127.0.0.1:8080/cb"}


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    add_unit("Sở Y tế", code="H27.5")
    return browser_of(app, Role.IT_ADMIN)


def fill_in(browser: FlaskClient, draft: str, **pages: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"about": REAL, "kind": {"kind": "server"}, "addresses": ADDRESSES, "data": DATA}
    for page, form in {**usual, **pages}.items():
        assert send_form(browser, f"{draft}/{page}", form).status_code == 303, page


@pytest.mark.parametrize("typed", ["hungnd", "an@", "<b>an</b>@x.vn"])
def test_a_contact_nobody_can_be_reached_by_is_said_where_it_is_typed(browser: FlaskClient, typed: str) -> None:
    refused = send_form(browser, f"{begin(browser)}/about", {**ABOUT, "contact_2": typed})
    assert refused.status_code == 400
    assert 'href="#contact_2"' in words_of(refused)
    assert "không ghi tên đăng nhập" in words_of(refused)


@pytest.mark.parametrize(
    ("kind", "is_fine"),
    [
        ({"kind": "server"}, False),
        ({"kind": "browser", "application_type": "web"}, False),
        ({"kind": "browser", "application_type": "native"}, True),
    ],
)
def test_an_address_of_one_s_own_machine_is_for_tests_or_for_what_is_installed_there(
    browser: FlaskClient, kind: dict[str, str], is_fine: bool
) -> None:
    """RFC 8252 §7.3."""
    draft = begin(browser)
    for environment, fine in (("test", True), ("production", is_fine)):
        assert send_form(browser, f"{draft}/about", {**ABOUT, "environment": environment}).status_code == 303
        assert send_form(browser, f"{draft}/kind", kind).status_code == 303
        sent = send_form(browser, f"{draft}/addresses", LOOPBACK)
        assert sent.status_code == (303 if fine else 400)
    assert is_fine or "không dùng chính thức được" in words_of(sent)


def test_what_is_in_production_gets_no_such_address_afterwards(app: Flask, browser: FlaskClient) -> None:
    draft = begin(browser)
    fill_in(browser, draft)
    decide(browser, draft, "submit")
    decide(browser_of(app, Role.IT_ADMIN), draft, "approve")
    form = {
        "client_name": "Một cửa",
        "redirect_uris": "https://mot-cua.test/cb\nhttp://localhost/cb",
        "scope": ["openid"],
        "require_pkce": "1",
    }
    refused = send_form(browser, "/console/clients/mot-cua/change", form)
    assert refused.status_code == 400
    assert "không dùng chính thức được" in words_of(refused)


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (600, 300), "red").save(written, "PNG")
    return written.getvalue()


def put_logo(browser: FlaskClient, draft: str, raw: bytes, **more: str) -> Any:
    form = {**REAL, **more, "csrf_token": csrf_token(browser, f"{draft}/about"), "logo": (io.BytesIO(raw), "logo.png")}
    return browser.post(f"{draft}/about", data=form, content_type="multipart/form-data")


def test_a_logo_put_into_the_wizard_is_written_anew_and_the_application_has_it(app: Flask, browser: FlaskClient) -> None:
    draft = begin(browser)
    refused = put_logo(browser, draft, b"<svg onload=alert(1)>")
    assert refused.status_code == 400
    assert 'href="#logo"' in words_of(refused)
    assert put_logo(browser, draft, picture()).status_code == 303
    assert "Đã có ảnh" in words_of(browser.get(f"{draft}/about"))
    fill_in(browser, draft)  # a page sent again without a file keeps it
    decide(browser, draft, "submit")
    decide(browser_of(app, Role.IT_ADMIN), draft, "approve")
    client = find_client("mot-cua")
    assert client is not None
    kept = find_logo(client)
    assert kept is not None
    assert Image.open(io.BytesIO(kept)).size == (256, 256)


def test_a_logo_that_was_put_by_mistake_goes(browser: FlaskClient) -> None:
    draft = begin(browser)
    put_logo(browser, draft, picture())
    assert send_form(browser, f"{draft}/about", {**REAL, "logo_remove": "1"}).status_code == 303
    assert "Đã có ảnh" not in words_of(browser.get(f"{draft}/about"))


def test_who_sent_it_in_takes_it_back_and_nobody_else_does(app: Flask, browser: FlaskClient) -> None:
    draft = begin(browser)
    fill_in(browser, draft)
    decide(browser, draft, "submit")
    page = words_of(browser.get(f"{draft}/check"))
    assert "Rút lại để sửa" in page
    assert "Trả lại để sửa" not in page
    other = browser_of(app, Role.IT_ADMIN)
    assert "Trả lại để sửa" in words_of(other.get(f"{draft}/check"))
    assert send_form(other, f"{draft}/recall", {}, page=f"{draft}/check").status_code == 403
    assert send_form(browser, f"{draft}/recall", {}, page=f"{draft}/check").status_code == 303
    assert require_draft(reader(), uuid.UUID(draft.rsplit("/", 1)[1])).state == DraftState.OPEN
    assert kinds("client_draft.recalled") == ["client_draft.recalled"]
    decide(browser, draft, "submit")
    assert "Trả lại để sửa" in words_of(other.get(f"{draft}/check"))


def test_what_speaks_saml_is_told_how_saml_is_turned_on(browser: FlaskClient) -> None:
    refused = send_form(browser, f"{begin(browser)}/kind", {"kind": "saml"})
    assert refused.status_code == 400
    assert "HOPNHAT_SAML=on" in words_of(refused)


def test_what_speaks_saml_is_led_to_its_own_page_where_saml_is_on(sqlite_databases: Databases) -> None:
    with sqlite_databases.lent() as url:
        app = build(settings_for(url, saml=True))
        with app.app_context():
            browser = browser_of(app, Role.IT_ADMIN)
            draft = begin(browser)
            send_form(browser, f"{draft}/about", ABOUT)
            sent = send_form(browser, f"{draft}/kind", {"kind": "saml"})
            assert sent.headers["Location"].startswith("/console/saml?client_name=")
            page = words_of(browser.get(sent.headers["Location"]))
            assert ABOUT["client_name"] in page
            assert 'href="/console/drafts"' in page
        close(app)
