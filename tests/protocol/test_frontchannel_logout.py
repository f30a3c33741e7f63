"""Rules of Front-Channel Logout 1.0: the browser that signs out visits each application of the session."""

import re
import uuid
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clients.registration import disable
from idp.database import in_transaction
from tests.support.installation import ISSUER
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import send_form

AFTER = "https://rp.test/signed-out?a=1"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """An application that wants to be visited."""
    return frontchannel_party()


def frontchannel_party(**given: Any) -> RelyingParty:
    wanted: dict[str, Any] = {"frontchannel_logout_uri": "https://rp.test/front?x=1", "frontchannel_logout_session_required": True}
    return register_party(post_logout_redirect_uris=(AFTER,), **{**wanted, **given})


def frames(page: TestResponse) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe src="([^"]*)"', page.text)]


def test_discovery_says_so(browser: FlaskClient) -> None:
    """oidcc-frontchannel-logout-discovery-endpoint-verification"""
    told = browser.get("/.well-known/openid-configuration").get_json()
    assert told["frontchannel_logout_supported"] is told["frontchannel_logout_session_supported"] is True


def test_signing_out_visits_the_application_and_then_leads_on(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """oidcc-frontchannel-rp-initiated-logout"""
    hint = party.tokens(browser)["id_token"]
    page = browser.get("/end_session", query_string={"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "s&1"})
    assert page.status_code == 200
    assert "Đã đăng xuất" in page.text
    (frame,) = frames(page)
    assert frame.startswith("https://rp.test/front?x=1&")
    assert parse_qs(urlsplit(frame).query) == {"x": ["1"], "iss": [ISSUER], "sid": [str(session_id)]}
    onward = f"{AFTER}&state=s%261"
    assert f'content="2;url={onward.replace("&", "&amp;")}"' in page.text
    assert f'id="continue" href="{onward.replace("&", "&amp;")}"' in page.text
    assert "frame-src https://rp.test;" in page.headers["Content-Security-Policy"] + ";"
    assert 'sandbox="allow-scripts allow-same-origin allow-forms"' in page.text  # it cannot lead the person's page elsewhere
    assert "<script" not in page.text
    assert browser.get_cookie("hopnhat_session") is None
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"


def test_a_page_that_leads_nowhere_stays(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    page = browser.get("/end_session", query_string={"id_token_hint": party.tokens(browser)["id_token"]})
    assert len(frames(page)) == 1
    assert "refresh" not in page.text


def test_only_applications_of_this_session_that_want_it_are_visited(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    elsewhere, plain, gone = frontchannel_party(), register_party(), frontchannel_party(client_name="Đã ngừng")
    other = frontchannel_party(redirect_uris=("https://b.test/cb",), frontchannel_logout_uri="https://b.test/front")
    for one in (party, plain, gone):
        one.tokens(browser)
    other.redirect_uri = "https://b.test/cb"
    hint = other.tokens(browser)["id_token"]
    in_transaction(lambda c: disable(c, gone.client_id, actor="cli:test"))
    page = browser.get("/end_session", query_string={"id_token_hint": hint})
    assert sorted(urlsplit(frame).netloc for frame in frames(page)) == ["b.test", "rp.test"]
    assert "frame-src https://b.test https://rp.test" in page.headers["Content-Security-Policy"]
    assert elsewhere.client_id not in page.text


def test_the_answer_to_our_own_question_visits_too(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    party.tokens(browser)
    page = browser.get("/end_session")
    fields = dict(re.findall(r'name="(csrf_token|way_out)" value="([^"]*)"', page.text))
    assert len(frames(browser.post("/end_session/confirm", data=fields))) == 1


def test_without_such_an_application_nothing_changes(browser: FlaskClient, session_id: uuid.UUID) -> None:
    plain = register_party(post_logout_redirect_uris=(AFTER,))
    hint = plain.tokens(browser)["id_token"]
    response = browser.get("/end_session", query_string={"id_token_hint": hint, "post_logout_redirect_uri": AFTER})
    assert (response.status_code, response.location) == (303, AFTER)


def test_ending_ones_own_session_on_the_account_page_visits_them_too(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    party.tokens(browser)
    left = send_form(browser, f"/account/sessions/{session_id}/end", {}, page="/account/sessions")
    assert left.location.startswith("/end_session/done?session=")
    page = browser.get(left.location)
    assert parse_qs(urlsplit(frames(page)[0]).query)["sid"] == [str(session_id)]
    assert "frame-src https://rp.test" in page.headers["Content-Security-Policy"]
    assert frames(browser.get("/end_session/done?session=x")) == []
