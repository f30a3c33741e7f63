"""Rules of the profile of signed messages: FAPI 2.0 Message Signing §5.3."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import clock
from tests.protocol.test_request_object import INVALID
from tests.support.keyed_party import KeyedParty, parameters_of, register_keyed


@pytest.fixture
def party(app: Flask) -> KeyedParty:
    """A client with a key and no profile."""
    return register_keyed()


@pytest.fixture
def signing(app: Flask) -> KeyedParty:
    """A client on the profile fapi2_message_signing."""
    return register_keyed(
        "PS256",
        profile="fapi2_message_signing",
        dpop_bound_access_tokens=True,
        authorization_signed_response_alg="PS256",
        id_token_signed_response_alg="PS256",
    )


def pushed_object(browser: FlaskClient, party: KeyedParty, **more: Any) -> Any:
    return party.push(browser, {"request": party.request_object(**{"response_mode": "jwt", **more})})


def test_message_signing_wants_every_request_signed(browser: FlaskClient, signing: KeyedParty) -> None:
    """-ensure-unsigned-request-at-par-endpoint-fails."""
    assert signing.push(browser).get_json()["error"] == "invalid_request"
    assert pushed_object(browser, signing).status_code == 201


@pytest.mark.parametrize("change", [{"exp": None}, {"nbf": None}, {"aud": None}, {"iss": None}])
def test_message_signing_wants_the_object_to_say_for_whom_and_when(
    browser: FlaskClient, signing: KeyedParty, change: dict[str, Any]
) -> None:
    """-ensure-request-object-without-exp-fails, -without-nbf-fails."""
    assert pushed_object(browser, signing, **change).get_json()["error"] == INVALID


def test_message_signing_bounds_the_life_of_an_object(browser: FlaskClient, signing: KeyedParty, time: clock.ManualClock) -> None:
    """-ensure-request-object-with-exp-over-60-fails, -with-nbf-over-60-fails, -nbf-8-seconds-in-the-future-is-accepted."""
    now = int(time.instant.timestamp())
    assert pushed_object(browser, signing, nbf=now, exp=now + 3601).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now - 3601, exp=now - 2).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now - 3601, exp=now + 60).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now + 8).status_code == 201


def test_signed_requests_with_plain_responses_are_bounded_in_the_same_way(browser: FlaskClient, time: clock.ManualClock) -> None:
    """-ensure-request-object-without-exp-fails, -without-nbf-fails, -with-exp-over-60-fails with plain_response."""
    party = register_keyed("PS256", profile="fapi2", dpop_bound_access_tokens=True, require_signed_request_object=True)
    now = int(time.instant.timestamp())
    for change in ({"exp": None}, {"nbf": None}, {"aud": None}, {"iss": None}, {"nbf": now, "exp": now + 3601}):
        pushed = party.push(browser, {"request": party.request_object(**change)})
        assert pushed.get_json()["error"] == INVALID, change
    assert party.push(browser, {"request": party.request_object()}).status_code == 201


def test_message_signing_takes_no_rs256(browser: FlaskClient, signing: KeyedParty) -> None:
    """-ensure-signed-request-object-with-RS256-fails."""
    assert pushed_object(browser, signing, alg="RS256").get_json()["error"] == INVALID


def test_message_signing_wants_a_signed_response(browser: FlaskClient, signing: KeyedParty, session_id: uuid.UUID) -> None:
    for mode in (None, "query", "form_post"):
        assert pushed_object(browser, signing, response_mode=mode).get_json()["error"] == "invalid_request"
    # What it did wrong without pushing, it is told signed as well.
    told = parameters_of(signing.authorize(browser))
    assert told.keys() == {"response"}
