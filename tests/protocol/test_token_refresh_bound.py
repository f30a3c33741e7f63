"""Rules of refreshing without rotation: FAPI 2.0 Security Profile §5.3.2.1 no. 9, 10; RFC 9449 §5."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp import access, clock
from idp.database import in_transaction
from tests.support.bound_party import BoundParty, Headers, register_bound
from tests.support.keyed_party import new_key
from tests.support.relying_party import ALL_SCOPES

SCOPE = "openid email offline_access"


@pytest.fixture
def fapi(app: Flask, time: clock.ManualClock, session_id: uuid.UUID) -> BoundParty:
    """A client on the profile fapi2."""
    return register_bound()


@pytest.fixture
def told(browser: FlaskClient, fapi: BoundParty) -> dict[str, Any]:
    """Its tokens."""
    return fapi.tokens(browser, scope=SCOPE)


def refresh(browser: FlaskClient, party: BoundParty, token: str, headers: Headers | None = None, **more: str | None) -> TestResponse:
    return party.post(browser, {"grant_type": "refresh_token", "refresh_token": token, **more}, headers)


def test_the_refresh_token_of_the_profile_stays_and_gives_tokens_to_any_key_of_its_client(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    """fapi2-security-profile-final-refresh-token."""
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    first = jwt.decode(told["id_token"], keys, algorithms=["ES256"]).claims
    time.advance(seconds=1)
    for key in (fapi.dpop_key, new_key("ES256")):
        fresh = refresh(browser, fapi, told["refresh_token"], fapi.proof("POST", "/token", key=key), scope=SCOPE).get_json()
        assert (fresh["token_type"], fresh["refresh_token"]) == ("DPoP", told["refresh_token"])
        assert fresh["access_token"] != told["access_token"]
        assert browser.get("/userinfo", headers=fapi.shown(fresh["access_token"], key=key)).status_code == 200
        second = jwt.decode(fresh["id_token"], keys, algorithms=["ES256"]).claims
        same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
        assert {name: first[name] for name in same} == {name: second[name] for name in same}


def test_without_proof_of_a_key_or_of_the_client_nothing_is_refreshed_and_nothing_lost(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]
) -> None:
    """fapi2-security-profile-final-refresh-token (the refusals in it)."""
    assert refresh(browser, fapi, told["refresh_token"], {}).get_json()["error"] == "invalid_dpop_proof"
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    for more in ({}, {"client_id": fapi.client_id}):
        response = browser.post("/token", data={**form, **more}, headers=fapi.proof("POST", "/token"))
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert refresh(browser, fapi, told["refresh_token"]).status_code == 200


def test_another_client_cannot_use_it_and_the_authorization_ends(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    """TOK-003: it leaked, so it ends."""
    assert refresh(browser, register_bound(), told["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert refresh(browser, fapi, told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_it_dies_after_thirty_days_however_it_was_used(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    """TOK-005."""
    for _ in range(71):  # every 10 hours, up to 29 days 14 hours
        time.advance(hours=10)
        assert refresh(browser, fapi, told["refresh_token"]).status_code == 200
    time.advance(hours=10, seconds=1)
    assert refresh(browser, fapi, told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_it_dies_unused_for_twelve_hours(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], time: clock.ManualClock) -> None:
    time.advance(hours=11)
    assert refresh(browser, fapi, told["refresh_token"]).status_code == 200
    time.advance(hours=12, seconds=1)
    assert refresh(browser, fapi, told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_it_dies_with_the_person_s_access(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], person_id: uuid.UUID) -> None:
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
    assert refresh(browser, fapi, told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_code_ends_after_a_minute_and_its_reuse_ends_what_it_gave(
    browser: FlaskClient, fapi: BoundParty, time: clock.ManualClock
) -> None:
    """fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code,
    -attempt-reuse-authorization-code-after-one-second."""
    late, code = fapi.code(browser), fapi.code(browser, scope=SCOPE)
    told = fapi.redeem(browser, code).get_json()
    time.advance(seconds=1)
    assert fapi.redeem(browser, code).get_json()["error"] == "invalid_grant"
    assert fapi.userinfo(browser, told["access_token"]).status_code == 401
    assert refresh(browser, fapi, told["refresh_token"]).get_json()["error"] == "invalid_grant"
    time.advance(seconds=60)
    assert fapi.redeem(browser, late).get_json()["error"] == "invalid_grant"


def test_a_code_is_of_one_client_and_of_one_verifier(browser: FlaskClient, fapi: BoundParty) -> None:
    """fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client, -ensure-pkce-code-verifier-required,
    -incorrect-pkce-code-verifier-rejected, -ensure-client-id-in-token-endpoint; COD-003."""
    other = register_bound()
    other.verifier = fapi.verifier
    assert other.redeem(browser, fapi.code(browser)).get_json()["error"] == "invalid_grant"
    for verifier in (None, "x" * 43, fapi.verifier[:-1] + ("-" if fapi.verifier.endswith("_") else "_")):
        assert fapi.redeem(browser, fapi.code(browser), code_verifier=verifier).get_json()["error"] == "invalid_grant"
    named = fapi.redeem(browser, fapi.code(browser), client_id=other.client_id)
    assert named.get_json()["error"] in ("invalid_client", "invalid_request")


def test_a_client_outside_the_profile_rotates_its_bound_refresh_tokens(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_bound(profile="", scope=ALL_SCOPES)
    told = party.tokens(browser, scope=SCOPE)
    fresh = refresh(browser, party, told["refresh_token"]).get_json()
    assert fresh["refresh_token"] != told["refresh_token"]
    assert refresh(browser, party, told["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert refresh(browser, party, fresh["refresh_token"]).get_json()["error"] == "invalid_grant"
