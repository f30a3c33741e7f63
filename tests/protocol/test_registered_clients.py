"""Clients that registered themselves, from the first request to the last: the dynamic plan of the conformance suite in one file."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt

from clients.metadata import ClientMetadata
from clients.registration import register
from idp.database import in_transaction
from idp.oidc import signing_keys
from tests.protocol.test_consent import agree, decide, page_of
from tests.protocol.test_registration import registered
from tests.protocol.test_registration_management import manage
from tests.support.assertions import JWKS, assertion
from tests.support.keyed_party import error_page
from tests.support.relying_party import RelyingParty


def party_of(told: dict[str, Any], redirect_uri: str | None = None) -> RelyingParty:
    return RelyingParty(
        told["client_id"], told.get("client_secret"), uuid.uuid4(), redirect_uri or told["redirect_uris"][0], told["token_endpoint_auth_method"]
    )  # fmt: skip


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_the_person_is_asked_and_the_client_served(browser: FlaskClient, session_id: uuid.UUID, alg: str) -> None:
    """`oidcc-server`, `oidcc-idtoken-rs256`, `oidcc-userinfo-rs256`, `oidcc-refresh-token` with dynamic registration."""
    told = registered(browser, id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg, application_type="web")
    party = party_of(told)
    page = page_of(browser, party.authorize(browser, scope="openid email offline_access"))
    assert "Tra cứu hồ sơ" in page.text
    code = party.answer(decide(browser, page))["code"]
    tokens = party.redeem(browser, code).get_json()
    id_token = jwt.decode(tokens["id_token"], signing_keys.verification_keys(), algorithms=[alg if alg != "EdDSA" else "EdDSA"])
    assert id_token.claims["aud"] == party.client_id
    userinfo = party.userinfo(browser, tokens["access_token"])
    assert userinfo.mimetype == "application/jwt"
    fresh = party.refresh(browser, tokens["refresh_token"])
    assert fresh.status_code == 200
    assert party.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_redirect_uri_counts_with_its_query_and_no_other(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """`oidcc-redirect-uri-query-OK`, `oidcc-redirect-uri-query-mismatch`, `oidcc-redirect-uri-query-added`,
    `oidcc-ensure-redirect-uri-in-authorization-request`."""
    told = registered(browser, redirect_uris=["https://rp.test/cb?foo=bar", "https://rp.test/plain"])
    party = party_of(told)
    answer = decide(browser, page_of(browser, party.authorize(browser)))
    assert answer.location.startswith("https://rp.test/cb?foo=bar&")
    for wrong in ("https://rp.test/cb?foo=baz", "https://rp.test/cb", "https://rp.test/plain?foo=bar", None):
        assert error_page(party.authorize(browser, redirect_uri=wrong)), wrong


def test_a_client_that_ends_its_registration_ends_its_tokens(browser: FlaskClient, session_id: uuid.UUID) -> None:
    told = registered(browser)
    party = party_of(told)
    tokens = party.redeem(browser, agree(browser, party, scope="openid offline_access")).get_json()
    assert party.userinfo(browser, tokens["access_token"]).status_code == 200
    assert manage(browser, told, "DELETE").status_code == 204
    assert party.userinfo(browser, tokens["access_token"]).status_code == 401
    assert party.refresh(browser, tokens["refresh_token"]).status_code == 401
    assert error_page(party.authorize(browser))


def test_a_client_with_a_key_is_served_by_assertion(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """`oidcc-ensure-client-assertion-with-iss-aud-succeeds`."""
    told = registered(browser, token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    party = party_of(told)
    form = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": assertion(party, "PS256"),
    }  # fmt: skip
    assert party.redeem(browser, agree(browser, party), **form).status_code == 200


@pytest.mark.parametrize("written", ["http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", "http://[::1]/cb"])
def test_a_native_application_comes_back_to_any_port_of_loopback(browser: FlaskClient, session_id: uuid.UUID, written: str) -> None:
    """RFC 8252 §7.3; an application on a server does not."""
    told = registered(browser, application_type="native", token_endpoint_auth_method="none", redirect_uris=[written, "com.example.app:/cb"])
    uri = written.replace(":5000", "").replace("/cb", ":53121/cb").replace("http:/:53121/cb", "http://")
    party = party_of(told, uri)
    assert party.redeem(browser, agree(browser, party)).status_code == 200
    own = party_of(told, "com.example.app:/cb")
    assert own.authorize(browser).location.startswith("com.example.app:/cb?code=")
    for wrong in (
        uri.replace("/cb", "/other"),
        uri.replace("http:", "https:"),
        uri.replace("53121", "53121@evil.test"),
        uri.replace("53121", "99999"),
        uri.replace("53121", "0"),
        "http://evil.test:53121/cb",
    ):
        assert error_page(party_of(told, wrong).authorize(browser)), wrong
    web = ClientMetadata("Ứng dụng web", (written,), token_endpoint_auth_method="none")
    made = in_transaction(lambda c: register(c, web, actor="cli:test"))
    assert error_page(RelyingParty(made.client_id, None, made.key, uri, "none").authorize(browser))
