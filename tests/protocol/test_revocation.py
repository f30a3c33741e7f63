"""Rules of POST /revoke: RFC 7009."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from tests.support import trail
from tests.support.relying_party import RelyingParty, register_party

OFFLINE = "openid email offline_access"


@pytest.fixture
def told(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> dict[str, Any]:
    """A token response with a refresh token."""
    return party.tokens(browser, scope=OFFLINE)


def give_back(browser: FlaskClient, party: RelyingParty, token: str, **more: str) -> TestResponse:
    return browser.post("/revoke", data={"token": token, **more}, headers=party.headers())


def dead(browser: FlaskClient, party: RelyingParty, tokens: dict[str, Any]) -> bool:
    userinfo, refresh = party.userinfo(browser, tokens["access_token"]), party.refresh(browser, tokens["refresh_token"])
    return userinfo.status_code == 401 and refresh.get_json().get("error") == "invalid_grant"


@pytest.mark.parametrize("name", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "access_token"}, {"token_type_hint": "x"}])
def test_any_token_ends_the_whole_authorization_whatever_the_hint_says(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], name: str, hint: dict[str, str]
) -> None:
    """TOK-009."""
    response = give_back(browser, party, told[name], **hint)
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert dead(browser, party, told)
    revoked = trail.events("authorization.revoked")
    assert [(event.actor, event.detail["reason"]) for event in revoked] == [(f"client:{party.client_id}", "revoked_by_client")]


def test_other_authorizations_of_the_person_live_on(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    other = party.tokens(browser, scope=OFFLINE)
    give_back(browser, party, told["refresh_token"])
    assert party.userinfo(browser, other["access_token"]).status_code == 200
    assert party.refresh(browser, other["refresh_token"]).status_code == 200


def test_a_token_that_is_unknown_or_dead_is_as_dead_as_the_client_wants_it(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any]
) -> None:
    """RFC 7009 §2.2."""
    for token in ("x", "é", "A" * 9000, "a.b.c", told["id_token"]):
        assert give_back(browser, party, token).status_code == 200
    assert not dead(browser, party, told)
    assert give_back(browser, party, told["access_token"]).status_code == 200
    assert give_back(browser, party, told["access_token"]).status_code == 200


def test_a_token_of_another_client_is_refused_and_lives_on(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    """RFC 7009 §2.1."""
    other = register_party(client_name="Một cửa")
    for token in (told["access_token"], told["refresh_token"]):
        response = give_back(browser, other, token)
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_grant")
    assert party.userinfo(browser, told["access_token"]).status_code == 200


def test_a_refresh_token_that_was_replaced_and_an_access_token_that_has_expired_still_name_the_chain(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    for name in ("refresh_token", "access_token"):
        first = party.tokens(browser, scope=OFFLINE)
        time.advance(minutes=11)
        second = party.refresh(browser, first["refresh_token"]).get_json()
        give_back(browser, party, first[name])
        assert dead(browser, party, second)


def test_the_client_must_prove_itself_and_name_a_token(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    response = browser.post("/revoke", data={"token": told["refresh_token"], "client_id": party.client_id})
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert browser.post("/revoke", headers=party.headers(), data={"a": "b"}).get_json()["error"] == "invalid_request"
    body = f"token={told['refresh_token']}&token=x"
    twice = browser.post("/revoke", headers=party.headers(), data=body, content_type="application/x-www-form-urlencoded")
    assert twice.get_json()["error"] == "invalid_request"
    assert browser.get("/revoke", headers=party.headers()).status_code == 405
    assert party.refresh(browser, told["refresh_token"]).status_code == 200


def test_a_public_client_gives_back_by_name_and_its_own_pages_may_read_the_answer(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 7009 §2.3."""
    party = register_party(token_endpoint_auth_method="none")
    tokens = party.tokens(browser, scope=OFFLINE)
    form = {"token": tokens["refresh_token"], "client_id": party.client_id}
    for origin, may in (("https://evil.test", False), ("https://rp.test", True)):
        response = browser.post("/revoke", data=form, headers={"Origin": origin})
        assert response.status_code == 200
        assert (response.headers.get("Access-Control-Allow-Origin") == origin) is may
    assert dead(browser, party, tokens)
