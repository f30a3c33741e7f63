"""Rules of third-party-initiated login (OpenID Connect Core §4): the person's own page leads to an application."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from clients import initial_access
from clients.models import Client
from clients.registration import disable
from idp.app import create_app
from idp.database import in_transaction, table_of
from tests.support.installation import ISSUER, FreshContextClient, close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in

PAGE = "/account/applications"
LOGIN = "https://rp.test/login?from=idp"


def links(browser: FlaskClient) -> list[str]:
    """Where the page leads outside."""
    found = re.findall(r'href="(https://[^"]*)"', browser.get(PAGE).text)
    return [unescape(link) for link in found]


@pytest.fixture
def at_home(app: Flask, browser: FlaskClient, person_id: Any) -> FlaskClient:
    """Somebody signed in."""
    sign_in(browser, person_id)
    return browser


def test_an_application_that_was_entered_can_be_entered_again_from_the_page(at_home: FlaskClient) -> None:
    """Core §4"""
    party = register_party(initiate_login_uri=LOGIN)
    party.tokens(at_home)
    (link,) = links(at_home)
    assert link.startswith("https://rp.test/login?from=idp&")
    # The issuer and nothing about the person: the application asks us.
    assert parse_qs(urlsplit(link).query) == {"from": ["idp"], "iss": [ISSUER]}
    assert "code" in party.answer(party.authorize(at_home))


def test_an_application_that_nobody_entered_yet_is_offered(at_home: FlaskClient) -> None:
    """Whoever registers an initiate_login_uri is led to."""
    register_party(initiate_login_uri=LOGIN, client_name="Lịch công tác")
    register_party(client_name="Không có địa chỉ")
    assert len(links(at_home)) == 1
    text = at_home.get(PAGE).text
    assert "Lịch công tác" in text
    assert "Không có địa chỉ" not in text


def test_a_disabled_application_is_not_led_to(at_home: FlaskClient) -> None:
    party = register_party(initiate_login_uri=LOGIN)
    party.tokens(at_home)
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    assert links(at_home) == []


@pytest.fixture(params=["open", "token"])
def registering(request: pytest.FixtureRequest, database_url: str) -> Iterator[tuple[str, Flask]]:
    """A provider at which everybody, or whoever holds a token, may register clients."""
    app = create_app(settings_for(database_url, registration=request.param))
    app.test_client_class = FreshContextClient
    with app.app_context():
        yield request.param, app
    close(app)


def test_a_stranger_puts_no_link_on_everybodys_page(registering: tuple[str, Flask]) -> None:
    how, app = registering
    party = register_party(initiate_login_uri=LOGIN)
    c = table_of(Client)
    by_itself = update(c).where(c.c.client_id == party.client_id).values(registration_digest=b"d" * 32)
    in_transaction(lambda connection: connection.execute(by_itself))
    browser = app.test_client()
    sign_in(browser, add_person())
    assert len(links(browser)) == (0 if how == "open" else 1)


def test_a_link_cannot_break_out_of_the_page(at_home: FlaskClient) -> None:
    register_party(initiate_login_uri="https://rp.test/login?a='%22&lt;", client_name='"><script>x</script>')
    text = at_home.get(PAGE).text
    assert "<script>x" not in text
    assert "javascript:" not in text


def register(browser: FlaskClient, **more: Any) -> TestResponse:
    token = in_transaction(lambda c: initial_access.issue(c, note="thử", days=1, uses=None, actor="cli:test"))[1]
    wanted = {"client_name": "Lịch công tác", "redirect_uris": ["https://rp.test/cb"], **more}
    return browser.post("/register", json=wanted, headers={"Authorization": f"Bearer {token}"})


def test_an_application_that_registers_itself_is_told_its_address_at_once_and_later(browser: FlaskClient) -> None:
    """oidcc-3rd_party-init-login"""
    response = register(browser, initiate_login_uri=LOGIN)
    told = response.get_json()
    assert (response.status_code, told["initiate_login_uri"]) == (201, LOGIN)
    entry = browser.get(
        urlsplit(told["registration_client_uri"]).path, headers={"Authorization": f"Bearer {told['registration_access_token']}"}
    )
    assert entry.content_type == "application/json"
    assert entry.get_json()["initiate_login_uri"] == LOGIN


def test_its_address_is_https(browser: FlaskClient) -> None:
    """oidcc-3rd_party-init-login-nohttps"""
    response = register(browser, initiate_login_uri="http://rp.test/login")
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
