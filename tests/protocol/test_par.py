"""Rules of POST /par: RFC 9126, and what FAPI 2.0 asks of it."""

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.oidc import pushed_authorization_endpoint, pushed_requests, upkeep
from idp.oidc.authorization_code import open_code
from idp.oidc.models import PushedRequest
from tests.protocol.test_authorize_sign_in import claims, flow_of, resume
from tests.support.keyed_party import KeyedParty, error_page, register_keyed
from tests.support.relying_party import register_party, sign_in


@pytest.fixture
def fapi(app: Flask) -> KeyedParty:
    """A client on the profile fapi2."""
    return register_keyed(profile="fapi2", dpop_bound_access_tokens=True)


def kept_requests() -> int:
    return reader().execute(select(func.count()).select_from(table_of(PushedRequest))).scalar_one()


def test_a_pushed_request_is_opened_by_its_reference_alone(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """fapi2-security-profile-final-happy-flow, -par-without-duplicate-parameters."""
    response = fapi.push(browser)
    told = response.get_json()
    assert response.status_code == 201
    assert told["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert told["expires_in"] == 60
    assert response.headers["Cache-Control"] == "no-store"
    answer = fapi.answer(fapi.open(browser, told["request_uri"]))
    assert answer["state"] == "s-1"
    assert answer["iss"]
    assert "code" in answer


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_any_client_may_push_and_proves_itself_as_at_the_token_endpoint(browser: FlaskClient, session_id: uuid.UUID, method: str) -> None:
    """RFC 9126 §2; Authlib's and openid-client's way with a secret."""
    party = register_party(token_endpoint_auth_method=method)
    more = {"client_secret": party.secret or ""} if method == "client_secret_post" else {}
    pushed = browser.post("/par", data={**party.request(), **more}, headers=party.headers())
    assert pushed.status_code == 201, pushed.text
    query = {"client_id": party.client_id, "request_uri": pushed.get_json()["request_uri"]}
    assert "code" in party.answer(browser.get("/authorize", query_string=query))


def test_who_does_not_prove_itself_pushes_nothing(browser: FlaskClient) -> None:
    """PAR-001."""
    party = register_party()
    stranger = replace(party, secret="wrong")
    for headers in ({}, stranger.headers(), {"Authorization": "Bearer x"}):
        response = browser.post("/par", data=party.request(), headers=headers)
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
        assert "WWW-Authenticate" in response.headers
    assert kept_requests() == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"aud": "https://other.test"},
        {"sub": None},
        {"aud": "http://127.0.0.1:8000/par"},
        {"aud": "http://127.0.0.1:8000/token"},
        {"aud": ["http://127.0.0.1:8000"]},
    ],
)
def test_an_assertion_must_be_for_us_and_now(browser: FlaskClient, fapi: KeyedParty, claims: dict[str, object]) -> None:
    """-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails, -with-wrong-aud-fails, -with-no-sub-fails,
    -par-test-array-as-audience-fails, -par-test-par-endpoint-url-as-audience-fails, -par-test-token-endpoint-url-as-audience-fails."""
    assert fapi.push(browser, assertion=claims).get_json()["error"] == "invalid_client"


def test_an_assertion_may_be_a_few_seconds_early_and_no_more(browser: FlaskClient, fapi: KeyedParty, time: clock.ManualClock) -> None:
    """-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted,
    -par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails."""
    now = int(time.instant.timestamp())
    assert fapi.push(browser, assertion={"nbf": now + 8, "iat": now + 8}).status_code == 201
    assert fapi.push(browser, assertion={"nbf": now + 61, "iat": now + 61, "exp": now + 200}).get_json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://rp.test/other"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request_uri": "https://rp.test/object"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"resource": "https://unknown.test/"}, "invalid_target"),
        ({"state": "s" * 2001}, "invalid_request"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request_is_said_when_it_is_pushed(
    browser: FlaskClient, fapi: KeyedParty, change: dict[str, str | None], error: str
) -> None:
    """-ensure-redirect-uri-in-authorization-request, -plain-fapi-tolerate-unregistered-redirect-uri, -ensure-response-type-token-fails,
    -ensure-response-type-code-idtoken-fails, -par-ensure-pkce-required, -par-plain-pkce-rejected,
    -par-authorization-request-containing-request_uri-form-param."""
    response = fapi.push(browser, **change)
    assert (response.status_code, response.get_json()["error"]) == (400, error)
    assert kept_requests() == 0


def test_only_a_form_is_taken_and_only_by_post(browser: FlaskClient, fapi: KeyedParty) -> None:
    """-par-attempt-invalid-http-method."""
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert browser.open("/par", method=method, data=fapi.request()).status_code == 405
    assert browser.post("/par", json=fapi.request()).get_json()["error"] == "invalid_request"
    assert (
        browser.post("/par", data="state=a&state=b", content_type="application/x-www-form-urlencoded").get_json()["error"]
        == "invalid_request"
    )


@pytest.mark.parametrize("nonce", [None, "n" * 64, "n" * 384])
def test_a_nonce_of_any_reasonable_length_or_none_is_in_the_id_token(
    browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID, nonce: str | None
) -> None:
    """-ensure-authorization-request-without-nonce-success, -ensure-authorization-request-with-64-char-nonce-success,
    -ensure-authorization-request-with-long-nonce, -ensure-authorization-request-with-long-state, -ensure-other-scope-order-succeeds."""
    reference = fapi.pushed(browser, nonce=nonce, state="s" * 1000, scope="profile openid", headers=fapi.proof("POST", "/par"))
    told = fapi.answer(fapi.open(browser, reference))
    assert told["state"] == "s" * 1000
    tokens = tokens_of(browser, fapi, told["code"], fapi.dpop_key).get_json()
    assert claims(tokens["id_token"]).get("nonce") == nonce
    assert tokens["token_type"] == "DPoP"
    assert set(tokens["scope"].split()) == {"openid", "profile"}


def test_without_state_none_comes_back(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """-ensure-authorization-request-without-state-success."""
    assert "state" not in fapi.answer(fapi.open(browser, fapi.pushed(browser, state=None)))


# --- opening it ------------------------------------------------------------------------------------------------------


def test_a_reference_is_opened_any_number_of_times_before_the_answer_and_is_dead_after(
    browser: FlaskClient, fapi: KeyedParty, person_id: uuid.UUID
) -> None:
    """PAR-005. -par-ensure-reused-request-uri-prior-to-auth-completion-succeeds, -par-attempt-reuse-request_uri."""
    reference = fapi.pushed(browser)
    first = flow_of(fapi.open(browser, reference))
    second = flow_of(fapi.open(browser, reference))
    sign_in(browser, person_id)
    assert "code" in fapi.answer(resume(browser, second))
    assert error_page(fapi.open(browser, reference))
    assert error_page(resume(browser, first))
    told = fapi.answer(fapi.open(browser, reference, redirect_uri=fapi.redirect_uri, state="outer"))
    assert (told["error"], told["state"]) == ("invalid_request_uri", "outer")


def test_a_refusal_is_an_answer_too(browser: FlaskClient, fapi: KeyedParty, person_id: uuid.UUID) -> None:
    """-user-rejects-authentication."""
    reference = fapi.pushed(browser)
    told = fapi.answer(browser.get("/authorize/cancel", query_string={"flow": flow_of(fapi.open(browser, reference))}))
    assert told["error"] == "access_denied"
    assert told["state"] == "s-1"
    sign_in(browser, person_id)
    assert error_page(fapi.open(browser, reference))


def test_a_reference_is_opened_within_a_minute_then_signing_in_may_take_longer(
    browser: FlaskClient, fapi: KeyedParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """-par-attempt-to-use-expired-request_uri."""
    reference = fapi.pushed(browser)
    time.advance(seconds=59)
    flow = flow_of(fapi.open(browser, reference))
    time.advance(seconds=1)
    assert error_page(fapi.open(browser, reference))
    time.advance(minutes=5)
    sign_in(browser, person_id)
    assert "code" in fapi.answer(resume(browser, flow))


def test_a_reference_is_good_for_its_client_only(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """PAR-003. -par-attempt-to-use-request_uri-for-different-client."""
    other = register_keyed(profile="fapi2", dpop_bound_access_tokens=True)
    assert error_page(other.open(browser, fapi.pushed(browser)))
    told = other.answer(other.open(browser, fapi.pushed(browser), redirect_uri=other.redirect_uri))
    assert told["error"] == "invalid_request_uri"
    assert "code" not in told
    assert error_page(fapi.open(browser, pushed_requests.URN + "invented"))


def test_nothing_beside_the_reference_counts(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """PAR-009. -ensure-different-state-inside-and-outside-request-object, -ensure-different-nonce-inside-and-outside-request-object,
    -state-only-outside-request-object-not-used."""
    beside = {
        "scope": "openid profile email",
        "redirect_uri": "https://evil.test/",
        "state": "outer",
        "nonce": "outer",
        "response_mode": "form_post",
    }
    told = fapi.answer(fapi.open(browser, fapi.pushed(browser, scope="openid"), **beside))
    granted = open_code(told["code"])
    assert (told["state"], granted.scope, granted.nonce, granted.redirect_uri) == ("s-1", "openid", "n-1", fapi.redirect_uri)
    assert "state" not in fapi.answer(fapi.open(browser, fapi.pushed(browser, state=None), **beside))


def test_who_must_push_gets_no_sign_in_page_otherwise(browser: FlaskClient, fapi: KeyedParty) -> None:
    """PAR-007. -ensure-unsigned-authorization-request-without-using-par-fails."""
    for party in (fapi, register_keyed(require_pushed_authorization_requests=True)):
        assert party.answer(party.authorize(browser))["error"] == "invalid_request"
        told = party.answer(browser.get("/authorize", query_string={**party.request(), "request": party.request_object()}))
        assert told["error"] == "invalid_request"


def redeemed(browser: FlaskClient, party: KeyedParty, code: str, key: object) -> int:
    """The status of redeeming a code with a proof by this key."""
    return tokens_of(browser, party, code, key).status_code


def tokens_of(browser: FlaskClient, party: KeyedParty, code: str, key: object) -> TestResponse:
    """Redeem a code with a proof by this key."""
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": party.redirect_uri, "code_verifier": party.verifier,
        **party.assertion(),
    }  # fmt: skip
    return browser.post("/token", data=form, headers=party.proof("POST", "/token", key=key))  # type: ignore[arg-type]


def test_old_ones_are_forgotten_a_day_later(browser: FlaskClient, fapi: KeyedParty, time: clock.ManualClock) -> None:
    fapi.pushed(browser)
    time.advance(hours=24)
    in_transaction(upkeep.forget_dead)
    assert kept_requests() == 1
    time.advance(minutes=2)
    in_transaction(upkeep.forget_dead)
    assert kept_requests() == 0


def test_who_proves_nothing_cannot_fill_the_database(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9126 §2.3."""
    monkeypatch.setattr(pushed_authorization_endpoint, "FOR_PUBLIC_CLIENTS", (RateLimitItemPerMinute(3),))
    party, proving = register_party(token_endpoint_auth_method="none"), register_party()
    answers = [browser.post("/par", data=party.request()).status_code for _ in range(5)]
    assert answers == [201, 201, 201, 429, 429]
    assert browser.post("/par", data=proving.request(), headers=proving.headers()).status_code == 201
