"""Rules that only a real browser can show: our iframe answers, our signed-out page visits applications, the device pages stand."""

import re
import threading
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from idp.app import create_app
from idp.oidc.grants.device_code import GRANT_TYPE
from tests.support.application_pages import ApplicationPages, application_pages, asking_page
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.services import free_port, wait_until


@pytest.fixture
def provider(sqlite_databases: Databases) -> Iterator[Flask]:
    """A provider that is really served."""
    port = free_port()
    app = create_app(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}"))
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with app.app_context():
        yield app
    server.shutdown()
    server.server_close()
    close(app)


@pytest.fixture
def pages() -> Iterator[ApplicationPages]:
    """An application."""
    with application_pages() as served:
        yield served


def let_in(app: Flask, page: Page) -> uuid.UUID:
    client = app.test_client()
    session_id = sign_in(client, add_person())
    cookie = client.get_cookie("hopnhat_session")
    assert cookie is not None
    page.context.add_cookies([{"name": "hopnhat_session", "value": cookie.value, "url": issuer_of(app)}])
    return session_id


def issuer_of(app: Flask) -> str:
    return str(app.extensions["hopnhat.settings"].issuer)


def authorize(app: Flask, page: Page, party: RelyingParty, **more: str) -> dict[str, str]:
    query: dict[str, str | float | bool] = {**party.request(**more)}
    url = page.request.get(f"{issuer_of(app)}/authorize", params=query, max_redirects=0).headers["location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def asked(page: Page, text: str) -> str:
    page.evaluate("text => { answers = []; ask(text); }", text)
    page.wait_for_function("answers.length > 0")
    return str(page.evaluate("answers[0]"))


def test_the_iframe_says_unchanged_until_the_person_signs_out(provider: Flask, chrome: Browser, pages: ApplicationPages) -> None:
    """oidcc-session-management-rp-initiated-logout"""
    issuer = issuer_of(provider)
    party = register_party(redirect_uris=(pages.url("/cb"),))
    pages.page = asking_page(issuer)
    with person_at(chrome) as page:
        let_in(provider, page)
        told = authorize(provider, page, party)
        page.goto(pages.url())
        wait_until(lambda: len(page.frames) == 2 and page.frames[1].url.endswith("/check_session"))
        page.wait_for_load_state("load")
        assert asked(page, f"{party.client_id} {told['session_state']}") == "unchanged"
        assert asked(page, f"another {told['session_state']}") == "changed"
        assert asked(page, "nonsense") == "error"
        assert asked(page, f"{party.client_id} without-salt") == "error"
        page.context.clear_cookies()
        assert asked(page, f"{party.client_id} {told['session_state']}") == "changed"
        nobody = authorize(provider, page, party, prompt="none")
        assert nobody["error"] == "login_required"
        assert asked(page, f"{party.client_id} {nobody['session_state']}") == "unchanged"


def test_a_foreign_origin_a_wrong_client_and_a_malformed_message_learn_nothing(
    provider: Flask, chrome: Browser, pages: ApplicationPages
) -> None:
    """SES-009: "error" or "changed", the same whether somebody is signed in or not."""
    party = register_party(redirect_uris=(pages.url("/cb"),))
    pages.page = asking_page(issuer_of(provider))
    with person_at(chrome) as page:
        let_in(provider, page)
        state = authorize(provider, page, party)["session_state"]
        pages.host = "localhost"
        answers = []
        for signed_in in (True, False):
            page.goto(pages.url())
            wait_until(lambda: len(page.frames) == 2 and page.frames[1].url.endswith("/check_session"))
            page.wait_for_load_state("load")
            messages = [
                f"{party.client_id} {state}",
                f"another {state}",
                "",
                " ",
                f"{party.client_id} x.",
                f"a b {state}",
                "\0",
                "x" * 9000,
            ]
            answers.append([asked(page, message) for message in messages])
            answers[-1].append(
                str(page.evaluate("new Promise(told => { answers = []; ask({client: 1}); setTimeout(() => told(answers[0]), 200) })"))
            )
            if signed_in:
                page.context.clear_cookies()
    assert answers[0] == answers[1]
    assert answers[0] == ["changed", "changed", *["error"] * 7]


def test_signing_out_loads_the_page_of_each_application_and_then_goes_on(provider: Flask, chrome: Browser, pages: ApplicationPages) -> None:
    """oidcc-frontchannel-rp-initiated-logout; without JavaScript as well"""
    party = register_party(
        redirect_uris=(pages.url("/cb"),), frontchannel_logout_uri=pages.url("/front"), post_logout_redirect_uris=(pages.url("/after"),)
    )
    with person_at(chrome, javascript=False) as page:
        session_id = let_in(provider, page)
        code = authorize(provider, page, party)["code"]
        hint = party.redeem(provider.test_client(), code).get_json()["id_token"]
        page.goto(f"{issuer_of(provider)}/end_session?id_token_hint={hint}&post_logout_redirect_uri={pages.url('/after')}&state=s")
        assert page.locator("#continue").get_attribute("href") == pages.url("/after?state=s")
        page.wait_for_url(pages.url("/after?state=s"))
    visited = [path for path in pages.asked if path.startswith("/front")]
    assert len(visited) == 1
    assert parse_qs(urlsplit(visited[0]).query)["sid"] == [str(session_id)]


@pytest.mark.parametrize(("language", "narrow"), [("vi", False), ("vi", True), ("en", True)])
def test_the_pages_of_a_device_are_accessible_and_never_scrolled_sideways(
    provider: Flask, chrome: Browser, language: str, narrow: bool
) -> None:
    party = register_party(
        client_name="Màn hình phòng họp tầng 2", token_endpoint_auth_method="none", grant_types=("authorization_code", GRANT_TYPE)
    )
    begun = (
        provider.test_client()
        .post("/device_authorization", data={"client_id": party.client_id, "scope": "openid profile staff"})
        .get_json()
    )
    with person_at(chrome, language=language, narrow=narrow) as page:
        let_in(provider, page)
        seen = []

        def look(name: str) -> None:
            assert page.get_attribute("html", "lang") == language
            seen.append((name, accessibility_faults(page), overflow_pixels(page)))

        page.goto(f"{issuer_of(provider)}/device")
        page.fill("#user_code", "bbbb bbbb")
        page.click("#continue")
        look("wrong")
        page.goto(begun["verification_uri_complete"])
        look("code")
        page.click("#continue")
        look("question")
        assert re.search(begun["user_code"], page.inner_text("main"))
        page.click("#continue")
        look("done")
    assert seen == [(name, [], 0) for name in ("wrong", "code", "question", "done")]


@pytest.mark.parametrize("narrow", [False, True])
def test_the_consent_page_leads_on_without_javascript_and_is_for_everybody(
    provider: Flask, chrome: Browser, pages: ApplicationPages, narrow: bool
) -> None:
    party = register_party(
        client_name="Sổ tay hộ nghèo", redirect_uris=(pages.url("/cb"),), require_consent=True, contacts=("hotro@sotay.test",),
        policy_uri="https://sotay.test/quy-dinh-xu-ly-du-lieu", tos_uri="https://sotay.test/dieu-khoan",
    )  # fmt: skip
    query = urlencode(party.request(scope="openid profile email phone staff offline_access"))
    with person_at(chrome, javascript=False, narrow=narrow) as page:
        let_in(provider, page)
        page.goto(f"{issuer_of(provider)}/authorize?{query}")
        assert "Sổ tay hộ nghèo" in page.inner_text("h1")
        page.click("#continue")
        page.wait_for_url(pages.url("/cb") + "*")
        assert "code=" in page.url
    with person_at(chrome, narrow=narrow) as page:
        let_in(provider, page)
        page.goto(f"{issuer_of(provider)}/authorize?{query}&prompt=consent")
        assert accessibility_faults(page) == []
        assert overflow_pixels(page) == 0
        page.click("#cancel")
        page.wait_for_url(pages.url("/cb") + "*")
        assert "error=access_denied" in page.url
        page.goto(f"{issuer_of(provider)}/account/applications")
        assert accessibility_faults(page) == []
        assert overflow_pixels(page) == 0
