"""Rules that only a real browser can show: a person's own pages and the ledger of leavings are for everybody, in both languages, on phones."""

import threading
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from idp import access, clock
from idp.app import create_app
from idp.database import in_transaction
from idp.login.known_accounts import KnownAccount, _keep
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.sessions.assurance import AAL2, AAL3
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party, sign_in
from tests.support.services import free_port

ACCOUNT = ("/account", "/account?q=zzz", "/account/sessions", "/account/history", "/account/not-me")
CONSOLE = ("/console", "/console/leavings")


@pytest.fixture(scope="module")
def provider(sqlite_databases: Databases) -> Iterator[Flask]:
    """A provider that is really served, where somebody has left and applications can be entered."""
    port = free_port()
    app = create_app(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}"))
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with app.app_context():
        people_and_applications(app)
        yield app
    server.shutdown()
    server.server_close()
    close(app)


def people_and_applications(app: Flask) -> None:
    register_party(client_name="Lịch họp", client_uri="https://lich.test/")
    register_party(client_name="Kho hồ sơ số hóa của tỉnh", client_uri="https://kho-ho-so-so-hoa.tinh.test/", minimum_acr=AAL2)
    register_party(client_name="Chữ ký số", client_uri="https://ky.test/", minimum_acr=AAL3)
    party = register_party(client_name="Một cửa điện tử", backchannel_logout_uri="https://rp.test/logout")
    for name in ("Lù Văn Hạ", "Sùng Thị Máy"):
        browser, person_id = app.test_client(), add_person(None, name, unit_id=None)
        sign_in(browser, person_id)
        party.tokens(browser)
        leave(person_id)
    misused = add_person("misused", "Giàng A Páo")
    in_transaction(lambda c: access.report_misuse(c, misused, actor=f"person:{misused}"))


def leave(person_id: uuid.UUID) -> None:
    reason = "locked_in_directory"
    in_transaction(lambda c: access.withdraw(c, person_id, reason=reason, actor="system:sync", read_at=clock.now()))


def let_in(app: Flask, page: Page, role: Role | None = None) -> uuid.UUID:
    person_id = add_person(f"p{uuid.uuid4().hex[:8]}", "Vàng Mí Sính", unit_id=add_unit(), notice_acknowledged_at=clock.now())
    if role:
        in_transaction(lambda c: grant(c, person_id, role, actor="cli:test"))
    client = app.test_client()
    sign_in(client, person_id, acr=AAL2)
    cookie = client.get_cookie("hopnhat_session")
    assert cookie is not None
    page.context.add_cookies([{"name": "hopnhat_session", "value": cookie.value, "url": issuer_of(app)}])
    return person_id


def issuer_of(app: Flask) -> str:
    return str(app.extensions["hopnhat.settings"].issuer)


def judge(page: Page, language: str) -> None:
    assert page.get_attribute("html", "lang") == language, page.url
    assert not accessibility_faults(page)
    assert overflow_pixels(page) == 0, page.url


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("narrow", [True, False])
def test_the_pages_are_for_everybody(provider: Flask, chrome: Browser, language: str, narrow: bool) -> None:
    with person_at(chrome, language=language, narrow=narrow) as page:
        let_in(provider, page)
        for path in ACCOUNT:
            page.goto(issuer_of(provider) + path)
            judge(page, language)
        page.click("#continue")
        judge(page, language)
    with person_at(chrome, language=language, narrow=narrow) as page:
        let_in(provider, page, Role.IT_ADMIN)
        for path in CONSOLE:
            page.goto(issuer_of(provider) + path)
            judge(page, language)
        page.click("main table a >> nth=0")
        judge(page, language)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_chooser_works_without_javascript_on_a_phone(provider: Flask, chrome: Browser, language: str) -> None:
    known = [KnownAccount("vmsinh", "Vàng Mí Sính", "UBND xã Lũng Cú"), KnownAccount("lvan", "Lý Văn An", None)]
    with provider.test_request_context("/"):
        response = provider.make_response("")
        _keep(response, known)
    sealed = response.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    with person_at(chrome, language=language, narrow=True, javascript=False) as page:
        page.context.add_cookies([{"name": "hopnhat_known", "value": sealed, "url": issuer_of(provider)}])
        page.goto(issuer_of(provider) + "/sign-in")
        page.click("text=Lý Văn An")
        assert page.input_value("[name=username]") == "lvan"
    with person_at(chrome, language=language, narrow=True) as page:
        page.context.add_cookies([{"name": "hopnhat_known", "value": sealed, "url": issuer_of(provider)}])
        page.goto(issuer_of(provider) + "/sign-in")
        judge(page, language)
