"""Rules of DPoP: RFC 9449 at the token endpoint, at /par and at userinfo; FAPI 2.0 Security Profile §5.3.2.1, §5.4."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp import clock, compact_jws
from idp.database import reader
from idp.spent_identifiers import digest_of, is_spent
from tests.support.bound_party import BoundParty, Headers, register_bound
from tests.support.installation import ISSUER
from tests.support.keyed_party import new_key, thumbprint
from tests.support.relying_party import RelyingParty, register_party

OFFLINE = "openid profile offline_access"


@pytest.fixture
def fapi(app: Flask, time: clock.ManualClock) -> BoundParty:
    """A client on the profile fapi2; the clock stands still."""
    return register_bound()


@pytest.fixture
def told(browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID) -> dict[str, Any]:
    """Its tokens."""
    return fapi.tokens(browser, scope=OFFLINE)


def refused(response: TestResponse, status: int = 400, error: str = "invalid_dpop_proof") -> bool:
    return (response.status_code, response.get_json()["error"]) == (status, error)


def challenge(response: TestResponse) -> str:
    assert response.status_code == 401
    assert response.data == b""
    return response.headers["WWW-Authenticate"]


# --- the whole way -----------------------------------------------------------------------------------------------------


def test_a_token_is_bound_to_the_key_that_proved_itself(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    """fapi2-security-profile-final-happy-flow, -ensure-dpop-auth-code-binding-success."""
    assert told["token_type"] == "DPoP"
    assert fapi.userinfo(browser, told["access_token"]).get_json()["name"] == "Vàng Mí Sính"


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
def test_the_name_of_the_scheme_is_read_in_any_case(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], scheme: str) -> None:
    """fapi2-security-profile-final-access-token-type-header-case-sensitivity."""
    assert browser.get("/userinfo", headers=fapi.shown(told["access_token"], scheme=scheme)).status_code == 200


def test_a_proof_that_says_from_when_and_until_when_is_held_to_it(
    browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """fapi2-security-profile-final-check-dpop-proof-nbf-exp."""
    now = int(time.instant.timestamp())
    good = fapi.proof("POST", "/token", nbf=now, exp=now + 300)
    tokens = fapi.post(browser, fapi.code_form(fapi.code(browser)), good).get_json()
    assert browser.get("/userinfo", headers=fapi.shown(tokens["access_token"], nbf=now, exp=now + 300)).status_code == 200
    for claims in ({"exp": now}, {"exp": now - 60}, {"nbf": now + 61}, {"exp": "soon"}, {"nbf": True}):
        assert "invalid_dpop_proof" in challenge(browser.get("/userinfo", headers=fapi.shown(tokens["access_token"], **claims)))
        assert refused(fapi.post(browser, fapi.code_form("x"), fapi.proof("POST", "/token", **claims)))


@pytest.mark.parametrize("seconds", [-10, 10])
def test_a_proof_ten_seconds_off_is_accepted_everywhere(
    browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID, time: clock.ManualClock, seconds: int
) -> None:
    """fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds, -after-succeeds."""
    made = int(time.instant.timestamp()) + seconds
    pushed = fapi.push(browser, headers=fapi.proof("POST", "/par", iat=made))
    code = fapi.answer(fapi.open(browser, pushed.get_json()["request_uri"]))["code"]
    tokens = fapi.post(browser, fapi.code_form(code), fapi.proof("POST", "/token", iat=made))
    assert tokens.status_code == 200
    assert browser.get("/userinfo", headers=fapi.shown(tokens.get_json()["access_token"], iat=made)).status_code == 200


@pytest.mark.parametrize("seconds", [-3600, -61, 31, 3600])
def test_an_old_proof_and_one_of_the_future_are_refused(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], time: clock.ManualClock, seconds: int
) -> None:
    """fapi2-security-profile-final-dpop-negative-tests (no. 11)."""
    made = int(time.instant.timestamp()) + seconds
    assert "invalid_dpop_proof" in challenge(browser.get("/userinfo", headers=fapi.shown(told["access_token"], iat=made)))
    assert refused(fapi.post(browser, fapi.code_form("x"), fapi.proof("POST", "/token", iat=made)))
    assert refused(fapi.push(browser, headers=fapi.proof("POST", "/par", iat=made)))


# --- a code bound to a key ----------------------------------------------------------------------------------------------


def test_a_proof_at_par_binds_the_code_to_its_key(browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID) -> None:
    """fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success, and
    -ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt."""
    for key, fits in ((fapi.dpop_key, True), (new_key("ES256"), False)):
        pushed = fapi.push(browser, headers=fapi.proof("POST", "/par"))
        code = fapi.answer(fapi.open(browser, pushed.get_json()["request_uri"]))["code"]
        answer = fapi.post(browser, fapi.code_form(code), fapi.proof("POST", "/token", key=key))
        assert answer.status_code == 200 if fits else refused(answer, error="invalid_grant")


def test_dpop_jkt_binds_the_code_to_the_key_it_names(browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID) -> None:
    """TOK-021, fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt."""
    code = fapi.code(browser, dpop_jkt=thumbprint(new_key("ES256")))
    assert refused(fapi.redeem(browser, code), error="invalid_grant")
    assert fapi.redeem(browser, fapi.code(browser, dpop_jkt=thumbprint(fapi.dpop_key))).status_code == 200


def test_a_proof_at_par_by_another_key_than_dpop_jkt_is_refused(browser: FlaskClient, fapi: BoundParty) -> None:
    """fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails."""
    assert refused(fapi.push(browser, dpop_jkt=thumbprint(new_key("ES256")), headers=fapi.proof("POST", "/par")))


def test_a_code_bound_to_a_key_is_worth_nothing_without_a_proof(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    code = party.code(browser, dpop_jkt=thumbprint(new_key("ES256")))
    assert refused(party.redeem(browser, code), error="invalid_grant")


# --- tokens are not given without a key where they must have one ---------------------------------------------------------


def test_a_client_of_the_profile_gets_no_token_without_proof_of_a_key(
    browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID
) -> None:
    """fapi2-security-profile-final-ensure-holder-of-key-required."""
    code = fapi.code(browser)
    assert refused(fapi.post(browser, fapi.code_form(code), {}))
    assert fapi.redeem(browser, code).status_code == 200  # what was missing is sent again: the code had not been looked at
    loose = register_bound(dpop_bound_access_tokens=False)
    assert refused(loose.post(browser, loose.code_form(loose.code(browser)), {}))


def test_a_client_that_registered_for_it_gets_no_unbound_token(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 9449 §5.2."""
    party = register_party(dpop_bound_access_tokens=True)
    assert refused(party.redeem(browser, party.code(browser)))


def test_any_client_may_bind_its_tokens(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party, bound = register_party(), register_bound(profile="")
    form = {name: str(value) for name, value in bound.code_form(party.code(browser)).items()}
    form |= {"code_verifier": party.verifier}
    tokens = browser.post("/token", data=form, headers={**party.headers(), **bound.proof("POST", "/token")}).get_json()
    assert tokens["token_type"] == "DPoP"
    assert browser.get("/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code == 401
    assert bound.userinfo(browser, tokens["access_token"]).status_code == 200


# --- a proof counts once ------------------------------------------------------------------------------------------------


def test_a_proof_counts_once_wherever_it_is_shown(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    """TOK-017, fapi2-security-profile-final-dpop-negative-tests (reuse of jti)."""
    shown = fapi.shown(told["access_token"])
    assert browser.get("/userinfo", headers=shown).status_code == 200
    assert "invalid_dpop_proof" in challenge(browser.get("/userinfo", headers=shown))
    proof = fapi.proof("POST", "/token")
    refresh: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert fapi.post(browser, refresh, proof).status_code == 200
    assert refused(fapi.post(browser, refresh, proof))
    pushed = fapi.proof("POST", "/par")
    assert fapi.push(browser, headers=pushed).status_code == 201
    assert refused(fapi.push(browser, headers=pushed))


def test_every_process_and_one_that_starts_later_knows_that_a_proof_was_used(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]
) -> None:
    """TOK-017 (RFC 9449 §11.1): what all of them ask is the database."""
    for method, path in (("GET", "/userinfo"), ("POST", "/token"), ("POST", "/par")):
        shown = fapi.shown(told["access_token"]) if path == "/userinfo" else fapi.proof(method, path)
        sent = fapi.code_form("no code") if path == "/token" else fapi.request()
        if path == "/userinfo":
            browser.get(path, headers=shown)
        else:
            browser.post(path, data={**sent, **fapi.assertion()}, headers=shown)
        names = ("dpop", thumbprint(fapi.dpop_key), compact_jws.read(shown["DPoP"]).claims["jti"])
        assert reader().execute(select(is_spent), {"spent": digest_of(*names)}).scalar_one(), path


def test_a_proof_of_a_refused_request_is_used_up_too(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    proof = fapi.proof("POST", "/token")
    assert refused(fapi.post(browser, fapi.code_form("no code"), proof), error="invalid_grant")
    assert refused(fapi.post(browser, {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}, proof))


def test_a_proof_of_a_client_that_did_not_prove_itself_is_not_remembered(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]
) -> None:
    proof = fapi.proof("POST", "/token")
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "client_id": fapi.client_id}
    assert browser.post("/token", data=form, headers=proof).get_json()["error"] == "invalid_client"
    assert fapi.post(browser, {**form}, proof).status_code == 200


# --- a bound token in wrong hands ----------------------------------------------------------------------------------------


def test_a_bound_token_is_worth_nothing_without_its_key(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    """TOK-019, fapi2-security-profile-final-dpop-negative-tests (no. 12, Bearer downgrade)."""
    token = told["access_token"]
    assert 'error="invalid_token"' in challenge(browser.get("/userinfo", headers=fapi.shown(token, key=new_key("ES256"))))
    assert 'error="invalid_token"' in challenge(browser.get("/userinfo", headers={"Authorization": f"Bearer {token}"}))
    assert 'error="invalid_token"' in challenge(browser.get("/userinfo", headers=fapi.shown(token, scheme="Bearer")))
    assert 'error="invalid_dpop_proof"' in challenge(browser.get("/userinfo", headers={"Authorization": f"DPoP {token}"}))
    assert 'error="invalid_token"' in challenge(browser.post("/userinfo", data={"access_token": token}))
    assert fapi.userinfo(browser, token).status_code == 200


def test_an_unbound_token_is_not_taken_for_a_bound_one(
    browser: FlaskClient, fapi: BoundParty, party: RelyingParty, session_id: uuid.UUID
) -> None:
    token = party.tokens(browser)["access_token"]
    assert 'error="invalid_token"' in challenge(browser.get("/userinfo", headers=fapi.shown(token)))


def test_the_challenge_names_the_algorithms(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any]) -> None:
    """RFC 9449 §7.1, RFC 9728 §5.1."""
    said = challenge(browser.get("/userinfo", headers={"Authorization": f"DPoP {told['access_token']}"}))
    assert 'algs="ES256 PS256 EdDSA Ed25519 RS256"' in said
    assert f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/userinfo"' in said
    without = browser.get("/userinfo").headers.getlist("WWW-Authenticate")
    assert [line.split()[0] for line in without] == ["Bearer", "DPoP"]
    assert not any("error" in line for line in without)


# --- public clients --------------------------------------------------------------------------------------------------------


def test_a_refresh_token_of_a_public_client_is_bound_to_its_key(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 9449 §5: whoever copied it cannot use it, and does not end it for its owner."""
    party, keys = register_party(token_endpoint_auth_method="none"), register_bound(profile="")

    def post(form: dict[str, Any], headers: Headers) -> TestResponse:
        return browser.post("/token", data={**form, "client_id": party.client_id}, headers=headers)

    code = {"grant_type": "authorization_code", "redirect_uri": party.redirect_uri, "code_verifier": party.verifier}
    tokens = post({**code, "code": party.code(browser, scope=OFFLINE)}, keys.proof("POST", "/token")).get_json()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refused(post(refresh, {}), error="invalid_grant")
    assert refused(post(refresh, keys.proof("POST", "/token", key=new_key("ES256"))), error="invalid_grant")
    again = post(refresh, keys.proof("POST", "/token"))
    assert (again.status_code, again.get_json()["token_type"]) == (200, "DPoP")


def test_a_script_may_send_a_proof_to_the_token_endpoint(browser: FlaskClient) -> None:
    answer = browser.options("/token", headers={"Origin": "https://rp.test", "Access-Control-Request-Headers": "dpop"})
    assert answer.headers["Access-Control-Allow-Headers"] == "DPoP"
    assert "Access-Control-Allow-Credentials" not in answer.headers
