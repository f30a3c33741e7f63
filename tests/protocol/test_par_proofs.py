"""Rules of DPoP at the pushed authorization endpoint: RFC 9449 §10.1."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import clock
from tests.protocol.test_par import redeemed
from tests.support.keyed_party import KeyedParty, new_key, register_keyed, thumbprint


@pytest.fixture
def fapi(app: Flask) -> KeyedParty:
    """A client on the profile fapi2."""
    return register_keyed(profile="fapi2", dpop_bound_access_tokens=True)


def test_a_proof_when_pushing_binds_the_code_to_its_key(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """-ensure-dpopproof-at-par-endpoint-binding-success, -ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt."""
    for key, expected in ((fapi.dpop_key, 200), (new_key("ES256"), 400)):
        reference = fapi.pushed(browser, headers=fapi.proof("POST", "/par"))
        code = fapi.answer(fapi.open(browser, reference))["code"]
        assert redeemed(browser, fapi, code, key) == expected


def test_dpop_jkt_alone_binds_the_code_to_that_key(browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID) -> None:
    """-ensure-dpop-auth-code-binding-success, -ensure-token-endpoint-fails-with-mismatched-dpop-jkt."""
    for key, expected in ((fapi.dpop_key, 200), (new_key("ES256"), 400)):
        reference = fapi.pushed(browser, dpop_jkt=thumbprint(fapi.dpop_key))
        code = fapi.answer(fapi.open(browser, reference))["code"]
        assert redeemed(browser, fapi, code, key) == expected


def test_a_proof_by_another_key_than_dpop_jkt_names_is_refused(browser: FlaskClient, fapi: KeyedParty) -> None:
    """-ensure-mismatched-dpop-jkt-fails."""
    response = fapi.push(browser, headers=fapi.proof("POST", "/par"), dpop_jkt=thumbprint(new_key("ES256")))
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_dpop_proof")
    matching = fapi.push(browser, headers=fapi.proof("POST", "/par"), dpop_jkt=thumbprint(fapi.dpop_key))
    assert matching.status_code == 201


def test_a_proof_counts_once_here_as_well_and_is_for_this_endpoint(browser: FlaskClient, fapi: KeyedParty) -> None:
    headers = fapi.proof("POST", "/par")
    assert fapi.push(browser, headers=headers).status_code == 201
    for wrong in (headers, fapi.proof("POST", "/token"), fapi.proof("GET", "/par"), {"DPoP": "x.y.z"}):
        assert fapi.push(browser, headers=wrong).get_json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("seconds", [-10, 10])
def test_the_clock_of_a_client_may_be_ten_seconds_off(
    browser: FlaskClient, fapi: KeyedParty, session_id: uuid.UUID, time: clock.ManualClock, seconds: int
) -> None:
    """-ensure-dpopproof-with-iat-10seconds-before-succeeds, -ensure-dpopproof-with-iat-10seconds-after-succeeds."""
    made = int(time.instant.timestamp()) + seconds
    reference = fapi.pushed(browser, headers=fapi.proof("POST", "/par", iat=made))
    code = fapi.answer(fapi.open(browser, reference))["code"]
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": fapi.redirect_uri, "code_verifier": fapi.verifier,
        **fapi.assertion(),
    }  # fmt: skip
    assert browser.post("/token", data=form, headers=fapi.proof("POST", "/token", iat=made)).status_code == 200
