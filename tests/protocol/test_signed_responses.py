"""Rules of signed responses: JARM."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe, jwt
from joserfc.jwk import KeySet, RSAKey

from idp import clock
from tests.protocol.test_message_signing import pushed_object
from tests.support.keyed_party import KeyedParty, error_page, new_key, parameters_of, register_keyed


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


def read_response(browser: FlaskClient, party: KeyedParty, response: Any, alg: str) -> dict[str, Any]:
    told = parameters_of(response)
    assert told.keys() == {"response"}
    token = jwt.decode(told["response"], KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=[alg])
    assert token.claims.pop("aud") == party.client_id
    return token.claims


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_response_may_be_signed(browser: FlaskClient, session_id: uuid.UUID, time: clock.ManualClock, mode: str, alg: str) -> None:
    """JARM §2.1, §2.3."""
    party = register_keyed(authorization_signed_response_alg=alg)
    told = read_response(browser, party, party.authorize(browser, response_mode=mode), alg)
    assert told.pop("exp") == int(time.instant.timestamp()) + 300
    assert told.keys() == {"code", "state", "iss", "session_state"}
    told = read_response(browser, party, party.authorize(browser, response_mode=mode, prompt="bogus"), alg)
    assert told["error"] == "invalid_request"


def test_a_signed_response_may_be_posted(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    """JARM §2.3.3."""
    response = party.authorize(browser, response_mode="form_post.jwt")
    assert response.status_code == 200
    assert 'name="response"' in response.text
    assert 'name="code"' not in response.text


def test_a_signed_response_may_be_encrypted(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """JARM §2.2."""
    key = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"})
    own = new_key("ES256")
    party = register_keyed(
        jwks={"keys": [own.as_dict(private=False), key.as_dict(private=False)]},
        authorization_signed_response_alg="ES256",
        authorization_encrypted_response_alg="RSA-OAEP-256",
        authorization_encrypted_response_enc="A256GCM",
    )
    sealed = parameters_of(party.authorize(browser, response_mode="jwt"))["response"]
    inside = jwe.decrypt_compact(sealed, key, algorithms=["RSA-OAEP-256", "A256GCM"])
    assert inside.headers()["cty"] == "JWT"
    assert inside.plaintext is not None
    token = jwt.decode(inside.plaintext, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["ES256"])
    assert "code" in token.claims


def test_the_profile_s_response_is_signed_as_the_profile_wants(browser: FlaskClient, signing: KeyedParty, session_id: uuid.UUID) -> None:
    """fapi2-message-signing happy flow."""
    reference = pushed_object(browser, signing).get_json()["request_uri"]
    told = read_response(browser, signing, signing.open(browser, reference), "PS256")
    assert "code" in told


def test_a_response_that_cannot_be_encrypted_is_a_page(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """The client has lost its key: there is nobody to tell, and nothing breaks, whatever the answer would be."""
    party = register_keyed(
        jwks=None, jwks_uri="https://keys.rp.test/jwks", authorization_signed_response_alg="ES256",
        authorization_encrypted_response_alg="RSA-OAEP-256", authorization_encrypted_response_enc="A256GCM",
    )  # fmt: skip
    for more in ({}, {"prompt": "bogus"}):
        assert error_page(party.authorize(browser, response_mode="jwt", **more))
