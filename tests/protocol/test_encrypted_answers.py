"""Rules of what only one client may read: encrypted and signed ID tokens, userinfo and introspection answers (Core §5.3.2, §10.2)."""

import json
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from clients.registry import find_client
from idp import outbox
from idp.database import in_transaction
from idp.oidc import backchannel_logout, encryption, signing_keys
from idp.oidc.encryption import NoEncryptionKey
from tests.support.installation import ISSUER
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party

RSA = RSAKey.generate_key(2048, {"kid": "rsa-enc", "use": "enc"})
EC = ECKey.generate_key("P-256", {"kid": "ec-enc", "use": "enc"})
OKP = OKPKey.generate_key("X25519", {"kid": "okp-enc"})
SIGNING = ECKey.generate_key("P-256", {"kid": "ec-sig", "use": "sig"})
ALL_KEYS = {"keys": [key.as_dict(private=False) for key in (SIGNING, RSA, EC)]}
WAYS = [("RSA-OAEP-256", enc) for enc in encryption.ENCRYPTIONS] + [(alg, "A256GCM") for alg in encryption.ALGORITHMS[1:]]


def decrypted(text: str) -> tuple[dict[str, Any], str]:
    found = jwe.decrypt_compact(text, KeySet([RSA, EC, OKP]), algorithms=[*encryption.ALGORITHMS, *encryption.ENCRYPTIONS])
    assert found.plaintext is not None
    return dict(found.headers()), found.plaintext.decode()


def claims_in(text: str, alg: str = "RS256") -> dict[str, Any]:
    return dict(jwt.decode(text, signing_keys.verification_keys(), algorithms=[alg]).claims)


def party_with(**given: Any) -> RelyingParty:
    return register_party(jwks=given.pop("jwks", ALL_KEYS), **given)


@pytest.mark.parametrize(("alg", "enc"), WAYS)
def test_an_id_token_is_signed_then_encrypted_to_the_clients_key(
    app: Flask, browser: FlaskClient, session_id: uuid.UUID, alg: str, enc: str
) -> None:
    """oidcc-idtoken-rs256 with encryption"""
    party = party_with(id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc)
    told = party.tokens(browser)
    header, inside = decrypted(told["id_token"])
    assert (header["alg"], header["enc"], header["cty"]) == (alg, enc, "JWT")
    assert header["kid"] == ("rsa-enc" if alg.startswith("RSA") else "ec-enc")
    claims = claims_in(inside)
    assert (claims["aud"], claims["nonce"], claims["sid"]) == (party.client_id, "n-1", str(session_id))
    assert browser.get("/end_session", query_string={"id_token_hint": inside}).status_code == 200


def test_without_enc_it_is_the_default_of_the_specification(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = party_with(id_token_encrypted_response_alg="ECDH-ES")
    assert decrypted(party.tokens(browser)["id_token"])[0]["enc"] == "A128CBC-HS256"


def test_an_x25519_key_can_be_encrypted_to(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = party_with(jwks={"keys": [OKP.as_dict(private=False)]}, id_token_encrypted_response_alg="ECDH-ES+A128KW")
    assert decrypted(party.tokens(browser)["id_token"])[0]["kid"] == "okp-enc"


def test_a_refreshed_id_token_is_encrypted_too(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = party_with(id_token_encrypted_response_alg="RSA-OAEP-256")
    told = party.tokens(browser, scope="openid offline_access")
    fresh = party.refresh(browser, told["refresh_token"]).get_json()
    assert claims_in(decrypted(fresh["id_token"])[1])["aud"] == party.client_id


def test_a_client_without_a_fitting_key_is_told_so(browser: FlaskClient, session_id: uuid.UUID) -> None:
    only_for_signatures = {"keys": [SIGNING.as_dict(private=False)]}
    party = party_with(jwks=only_for_signatures, id_token_encrypted_response_alg="RSA-OAEP-256", userinfo_encrypted_response_alg="ECDH-ES")
    response = party.redeem(browser, party.code(browser))
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
    assert "no key" in response.get_json()["error_description"]


def test_userinfo_without_a_fitting_key_is_refused_and_not_told_openly(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = party_with(jwks={"keys": [SIGNING.as_dict(private=False)]}, userinfo_encrypted_response_alg="RSA-OAEP-256")
    response = party.userinfo(browser, party.tokens(browser)["access_token"])
    assert response.status_code == 400
    assert response.text == ""
    assert "no key" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_userinfo_is_signed_for_the_client_that_wants_it(browser: FlaskClient, session_id: uuid.UUID, alg: str) -> None:
    """oidcc-userinfo-rs256"""
    party = register_party(userinfo_signed_response_alg=alg)
    response = party.userinfo(browser, party.tokens(browser, scope="openid profile")["access_token"])
    assert response.headers["Content-Type"] == "application/jwt"
    claims = claims_in(response.text, alg)
    assert (claims["iss"], claims["aud"], claims["name"]) == (ISSUER, party.client_id, "Vàng Mí Sính")


def test_userinfo_is_encrypted_as_it_is_or_signed_before(browser: FlaskClient, session_id: uuid.UUID) -> None:
    plain = party_with(userinfo_encrypted_response_alg="ECDH-ES+A256KW", userinfo_encrypted_response_enc="A256CBC-HS512")
    response = plain.userinfo(browser, plain.tokens(browser)["access_token"])
    header, inside = decrypted(response.text)
    assert (response.headers["Content-Type"], "cty" in header) == ("application/jwt", False)
    assert set(json.loads(inside)) == {"sub"}
    nested = party_with(userinfo_encrypted_response_alg="RSA-OAEP-256", userinfo_signed_response_alg="PS256")
    header, inside = decrypted(nested.userinfo(browser, nested.tokens(browser)["access_token"]).text)
    assert header["cty"] == "JWT"
    assert claims_in(inside, "PS256")["aud"] == nested.client_id


def test_signed_userinfo_is_no_hint_of_a_sign_in(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_party(userinfo_signed_response_alg="RS256")
    told = party.userinfo(browser, party.tokens(browser)["access_token"]).text
    assert party.answer(party.authorize(browser, prompt="none", id_token_hint=told))["error"] == "invalid_request"


def test_nothing_is_ever_encrypted_to_a_key_for_signatures(app: Flask) -> None:
    party = party_with(jwks={"keys": [SIGNING.as_dict(private=False)]})
    client = registered(party)
    with pytest.raises(NoEncryptionKey):
        encryption.encrypt(client, "x", "ECDH-ES", None)


def registered(party: RelyingParty) -> Any:
    return find_client(party.client_id)


def test_discovery_says_what_can_be_encrypted_and_signed(browser: FlaskClient) -> None:
    told = browser.get("/.well-known/openid-configuration").get_json()
    for kind in ("id_token", "userinfo"):
        assert told[f"{kind}_encryption_alg_values_supported"] == list(encryption.ALGORITHMS)
        assert told[f"{kind}_encryption_enc_values_supported"] == list(encryption.ENCRYPTIONS)
        assert set(told[f"{kind}_signing_alg_values_supported"]) == {"RS256", "PS256", "ES256", "EdDSA", "Ed25519"}
    assert "RSA1_5" not in json.dumps(told)
    assert "none" not in told["userinfo_signing_alg_values_supported"]


def test_a_logout_token_is_encrypted_as_the_id_tokens_are(app: Flask) -> None:
    """Back-Channel Logout 1.0 §2.6: a client that negotiated encryption rejects one that is not."""
    party = party_with(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")
    header, inside = decrypted(backchannel_logout.logout_token(registered(party), {"sub": "s", "sid": "x"}))
    assert (header["enc"], claims_in(inside)["sid"]) == ("A128GCM", "x")


def test_a_client_whose_key_is_missing_at_the_moment_is_told_of_a_logout_later(app: Flask) -> None:
    only_for_signatures = {"keys": [SIGNING.as_dict(private=False)]}
    party = party_with(
        jwks=only_for_signatures, id_token_encrypted_response_alg="ECDH-ES", backchannel_logout_uri="https://rp.test/backchannel"
    )
    person = add_person()
    in_transaction(lambda c: backchannel_logout.tell_client(c, party.key, person, "s", session_id="x"))
    outbox.deliver_due(backchannel_logout.DELIVERERS)
    (row,) = in_transaction(lambda c: backchannel_logout.deliveries(c, client=party.key))
    assert row.failed_at is None
    assert "no key" in row.last_error
