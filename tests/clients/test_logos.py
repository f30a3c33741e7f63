"""Rules of logos: fetched once by the worker through the guard, served from our own server, shown to whoever is asked (OIDC Registration §2)."""

import html
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from clients.logos import fetch_due
from clients.registration import change, disable
from idp import clock
from idp.app import create_app
from idp.database import in_transaction
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.listening_client import ListeningClient, listening_client
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        buffer = io.BytesIO()
        Image.new("RGB", (400, 400), "#1e2a55").save(buffer, "PNG")
        client.documents["/logo.png"] = buffer.getvalue()
        client.documents["/logo.svg"] = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
        yield client


@pytest.fixture
def reaching(database_url: str, listener: ListeningClient, time: clock.ManualClock) -> Iterator[Flask]:
    application = create_app(settings_for(database_url, outbound_allow=f"127.0.0.1:{listener.port}"))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def with_logo(listener: ListeningClient, path: str = "/logo.png", **more: Any) -> RelyingParty:
    return register_party(logo_uri=listener.url(path), client_uri="https://rp.test/", **more)


def test_it_is_fetched_once_and_served_from_here(reaching: Flask, listener: ListeningClient) -> None:
    browser, party = reaching.test_client(), with_logo(listener)
    path = f"/clients/{party.client_id}/logo"
    assert browser.get(path).status_code == 404
    assert [fetch_due(), fetch_due()] == [1, 0]
    assert listener.read == ["/logo.png"]
    shown = browser.get(path)
    assert (shown.status_code, shown.mimetype, shown.headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert Image.open(io.BytesIO(shown.data)).size == (256, 256)
    assert browser.get(path, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304


def test_people_see_it_where_they_are_asked_and_where_they_enter(reaching: Flask, listener: ListeningClient) -> None:
    browser, party = reaching.test_client(), with_logo(listener, require_consent=True)
    fetch_due()
    sign_in(browser, add_person())
    for page in (browser.get(party.authorize(browser).location), browser.get("/account")):
        assert f'src="/clients/{party.client_id}/logo"' in page.text
        assert 'alt="Biểu trưng của Quản lý văn bản"' in html.unescape(page.text)
        assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
        assert listener.url("") not in page.text


def test_what_cannot_be_shown_is_not_and_is_tried_again_a_day_later(
    reaching: Flask, listener: ListeningClient, time: clock.ManualClock
) -> None:
    browser = reaching.test_client()
    for path in ("/logo.svg", "/missing.png"):
        with_logo(listener, path)
    assert [fetch_due(), fetch_due()] == [2, 0]
    sign_in(browser, add_person())
    page = browser.get("/account")
    assert "<img" not in page.text
    assert "img-src data:" in page.headers["Content-Security-Policy"]
    time.advance(days=1, seconds=1)
    assert fetch_due() == 2


def test_another_address_is_fetched_anew_and_the_old_picture_is_shown_no_more(reaching: Flask, listener: ListeningClient) -> None:
    browser, party = reaching.test_client(), with_logo(listener)
    path = f"/clients/{party.client_id}/logo"
    fetch_due()
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", logo_uri=listener.url("/logo.svg")))
    assert browser.get(path).status_code == 404
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", logo_uri=None))
    assert [fetch_due(), fetch_due()] == [1, 0]
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", logo_uri=listener.url("/logo.png")))
    fetch_due()
    assert browser.get(path).status_code == 200
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    assert browser.get(path).status_code == 404


def test_a_stranger_has_none_which_could_look_like_somebody_else_s(reaching: Flask, listener: ListeningClient) -> None:
    party = register_party(logo_uri="https://rp.test/logo.png", public_addresses_only=True)
    assert fetch_due() == 0
    assert reaching.test_client().get(f"/clients/{party.client_id}/logo").status_code == 404


def test_an_unknown_client_has_none(reaching: Flask) -> None:
    for name in ("unknown", "x" * 300):
        assert reaching.test_client().get(f"/clients/{name}/logo").status_code == 404
