"""Rules of signing out: OpenID Connect RP-Initiated Logout 1.0."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from werkzeug.test import TestResponse

from idp import clock
from idp.database import in_transaction
from idp.oidc import signing_keys
from idp.oidc.key_material import generate, import_key
from idp.sessions import browser_sessions
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in

AFTER = "https://rp.test/signed-out"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A client with a place to land after signing out."""
    return register_party(post_logout_redirect_uris=(AFTER, "https://rp.test/out?a=1"))


@pytest.fixture
def hint(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> str:
    """An ID token of the session in the browser."""
    sign_in(browser, person_id)
    token: str = party.tokens(browser)["id_token"]
    return token


def is_signed_in(browser: FlaskClient, party: RelyingParty) -> bool:
    return "code" in party.answer(party.authorize(browser, prompt="none"))


def end(browser: FlaskClient, **query: str) -> TestResponse:
    return browser.get("/end_session", query_string=query)


def asks(response: TestResponse) -> bool:
    """Whether the answer is our own question, with both ways on."""
    return response.status_code == 200 and 'id="continue"' in response.text and "Ở lại" in response.text


def says_signed_out(response: TestResponse) -> bool:
    return response.status_code == 200 and "Đã đăng xuất" in response.text and 'id="continue"' not in response.text


def confirm(browser: FlaskClient, page: TestResponse) -> TestResponse:
    fields = dict(re.findall(r'name="(csrf_token|way_out)" value="([^"]*)"', page.text))
    return browser.post("/end_session/confirm", data=fields)


@pytest.mark.parametrize("by_post", [False, True])
def test_a_hint_of_this_session_signs_out_at_once_and_leads_back_with_state(
    browser: FlaskClient, party: RelyingParty, hint: str, by_post: bool
) -> None:
    """oidcc-rp-initiated-logout; oidcc-backchannel-rp-initiated-logout"""
    wanted = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "a b&c"}
    response = browser.post("/end_session", data=wanted) if by_post else end(browser, **wanted)
    assert (response.status_code, response.headers["Location"]) == (303, f"{AFTER}?state=a+b%26c")
    assert browser.get_cookie("hopnhat_session") is None
    assert not is_signed_in(browser, party)


def test_a_replayed_cookie_is_worth_nothing_afterwards(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    """SES-003"""
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    end(browser, id_token_hint=hint)
    browser.set_cookie("hopnhat_session", cookie.value)
    assert not is_signed_in(browser, party)


def test_an_expired_hint_of_ours_is_still_a_hint(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """oidcc-rp-initiated-logout-no-state; SES-005"""
    sign_in(browser, person_id)
    hint = party.tokens(browser)["id_token"]
    time.advance(minutes=50)
    assert end(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER).headers["Location"] == AFTER


def test_without_an_address_our_own_page_says_from_where(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri"""
    response = end(browser, id_token_hint=hint, state="s")
    assert says_signed_out(response)
    assert "Quản lý văn bản" in response.text
    assert not is_signed_in(browser, party)


def test_a_query_in_the_registered_address_stays(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    wanted = {"id_token_hint": hint, "post_logout_redirect_uri": "https://rp.test/out?a=1", "state": "s"}
    assert end(browser, **wanted).headers["Location"] == "https://rp.test/out?a=1&state=s"


@pytest.mark.parametrize(
    "uri", ["https://evil.test/", AFTER + "/", AFTER + "?x=1", "https://rp.test/cb", "javascript:alert(1)", "//evil.test"]
)
@pytest.mark.parametrize("with_hint", [True, False])
def test_an_address_that_is_not_registered_is_never_gone_to(
    browser: FlaskClient, party: RelyingParty, hint: str, uri: str, with_hint: bool
) -> None:
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri; RED-023"""
    """RED-023."""
    named = {"id_token_hint": hint} if with_hint else {"client_id": party.client_id}
    page = end(browser, post_logout_redirect_uri=uri, state="s", **named)
    assert asks(page)
    assert uri not in page.text
    assert is_signed_in(browser, party)
    assert says_signed_out(confirm(browser, page))
    assert not is_signed_in(browser, party)


def test_without_a_hint_the_person_is_asked_and_may_stay(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    """oidcc-rp-initiated-logout-no-params, -only-state, -no-id-token-hint"""
    for wanted in ({}, {"state": "s"}, {"client_id": party.client_id, "post_logout_redirect_uri": AFTER}):
        page = end(browser, **wanted)
        assert asks(page)
        assert "Quản lý văn bản" in page.text
        assert is_signed_in(browser, party)
    response = confirm(browser, page)
    assert (response.status_code, response.headers["Location"]) == (303, AFTER)
    assert "form-action 'self' https://rp.test" in page.headers["Content-Security-Policy"]


def test_an_address_without_any_client_is_not_gone_to(browser: FlaskClient, hint: str) -> None:
    page = end(browser, post_logout_redirect_uri=AFTER)
    assert asks(page)
    assert says_signed_out(confirm(browser, page))


def bad_hints(party: RelyingParty, hint: str, other_session: str) -> list[str]:
    head, body, signature = hint.split(".")
    claims: dict[str, Any] = jwt.decode(hint, signing_keys.verification_keys(), algorithms=["RS256"]).claims
    stranger = import_key("RS256", generate("RS256"), signing_keys.require_signing_key("RS256").kid)
    return [
        "x",
        f"{head}.{body[:-3]}AAA.{signature}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        jwt.encode({"alg": "RS256", "kid": signing_keys.require_signing_key("RS256").kid}, claims, stranger),
        signing_keys.sign("RS256", "JWT", {**claims, "aud": "another-client"}),
        signing_keys.sign("RS256", "JWT", {**claims, "sid": other_session}),
    ]


def test_a_bad_hint_or_one_of_another_session_only_asks_and_leads_nowhere(
    app: Flask, browser: FlaskClient, party: RelyingParty, hint: str
) -> None:
    """oidcc-rp-initiated-logout-bad-id-token-hint, -modified-id-token-hint; SES-005"""
    elsewhere = app.test_client()
    other = sign_in(elsewhere, add_person("other"))
    for bad in bad_hints(party, hint, str(other)):
        page = end(browser, id_token_hint=bad, client_id=party.client_id, post_logout_redirect_uri=AFTER)
        assert asks(page), bad[:40]
        assert is_signed_in(browser, party)
        assert is_signed_in(elsewhere, party)


def test_a_hint_of_another_client_than_the_one_named_only_asks(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    other = register_party(post_logout_redirect_uris=(AFTER,))
    page = end(browser, id_token_hint=hint, client_id=other.client_id, post_logout_redirect_uri=AFTER)
    assert asks(page)
    assert says_signed_out(confirm(browser, page))


def test_the_answer_to_the_question_needs_its_token(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    page = end(browser)
    fields = dict(re.findall(r'name="(csrf_token|way_out)" value="([^"]*)"', page.text))
    assert browser.post("/end_session/confirm", data={"way_out": fields["way_out"]}).status_code == 400
    assert browser.post("/end_session/confirm", data={**fields, "way_out": "x"}).status_code == 400
    assert browser.get("/end_session/confirm").status_code == 405
    assert is_signed_in(browser, party)


def test_a_post_of_another_site_comes_without_our_cookie_and_is_asked_again_by_get(
    app: Flask, browser: FlaskClient, party: RelyingParty, hint: str
) -> None:
    stranger = app.test_client()
    response = stranger.post("/end_session", data={"id_token_hint": hint, "post_logout_redirect_uri": AFTER})
    assert response.status_code == 303
    assert browser.get(response.headers["Location"]).headers["Location"] == AFTER
    assert not is_signed_in(browser, party)


def test_nobody_signed_in_is_told_so_or_led_back(app: Flask, browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    stranger = app.test_client()
    assert says_signed_out(end(stranger))
    assert end(stranger, id_token_hint=hint, post_logout_redirect_uri=AFTER).headers["Location"] == AFTER
    assert says_signed_out(end(stranger, client_id=party.client_id, post_logout_redirect_uri=AFTER))
    assert is_signed_in(browser, party)  # somebody who only has the ID token ends nothing


@pytest.mark.parametrize("query", ["state=%ff", "a=1&a=2", "state=%00", "x=" + "y" * 9000])
def test_what_cannot_be_read_is_refused_with_a_page(browser: FlaskClient, hint: str, query: str) -> None:
    response = browser.get(f"/end_session?{query}")
    assert response.status_code == 400
    assert "text/html" in response.headers["Content-Type"]


def test_a_session_that_has_gone_idle_is_ended_too(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    hint = party.tokens(browser)["id_token"]
    time.advance(hours=2)
    assert end(browser, id_token_hint=hint).status_code == 200
    assert in_transaction(lambda c: browser_sessions.end_all(c, person_id, reason="x", actor="cli:test")) == 0


def test_discovery_names_the_endpoint(browser: FlaskClient) -> None:
    """oidcc-rp-initiated-logout-discovery-endpoint-verification"""
    assert browser.get("/.well-known/openid-configuration").get_json()["end_session_endpoint"] == "http://127.0.0.1:8000/end_session"


def test_the_question_says_why_nothing_leads_back(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri, -bad-id-token-hint,
    -modified-id-token-hint, -no-id-token-hint: each wants a page that says what is wrong with the request."""
    for wanted, flaw in (
        ({"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.test/"}, "post_logout_redirect_uri"),
        ({"id_token_hint": hint, "post_logout_redirect_uri": f"{AFTER}?foo=bar"}, "post_logout_redirect_uri"),
        ({"id_token_hint": hint[:-8] + "AAAAAAAA", "post_logout_redirect_uri": AFTER}, "id_token_hint không đúng"),
        ({"post_logout_redirect_uri": AFTER}, "thiếu id_token_hint"),
    ):
        page = end(browser, **wanted)
        assert asks(page)
        assert flaw in page.text
    for fine in ({"id_token_hint": hint, "post_logout_redirect_uri": AFTER}, {"client_id": party.client_id}, {}):
        assert "nên sẽ không trở về" not in end(browser, **fine).text
    gone = end(browser, id_token_hint=hint, post_logout_redirect_uri="https://evil.test/")
    assert says_signed_out(gone)
    assert "post_logout_redirect_uri" in gone.text
