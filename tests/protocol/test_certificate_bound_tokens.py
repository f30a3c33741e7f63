"""Rules of tokens bound to a client certificate: RFC 8705 §3; FAPI 2.0 Security Profile with sender_constrain=mtls."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.oidc.client_certificate import thumbprint
from tests.support.bound_party import BoundParty, Headers, register_bound
from tests.support.certificates import Certified, certify
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.relying_party import RelyingParty, register_party

HEADER = "X-Client-Certificate"
MTLS = "https://mtls.test"


@pytest.fixture(scope="module")
def own() -> Certified:
    return certify("CN=mot-cua")


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """A provider behind a proxy that hands on certificates."""
    settings = settings_for(database_url, trusted_proxies=1, client_certificate_header=HEADER, mtls_url=MTLS)
    application = create_app(settings)
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def fapi(app: Flask) -> BoundParty:
    """A client on the profile fapi2 whose tokens are bound to its certificate."""
    return register_bound(dpop_bound_access_tokens=False, tls_client_certificate_bound_access_tokens=True)


def by(certificate: Certified | None) -> Headers:
    return {HEADER: certificate.header} if certificate else {}


@pytest.fixture
def told(browser: FlaskClient, fapi: BoundParty, own: Certified, session_id: uuid.UUID) -> dict[str, Any]:
    """Its tokens."""
    tokens: dict[str, Any] = fapi.post(browser, fapi.code_form(fapi.code(browser, scope="openid offline_access")), by(own)).get_json()
    return tokens


def userinfo(browser: FlaskClient, token: str, certificate: Certified | None, **headers: str) -> TestResponse:
    return browser.get("/userinfo", headers={"Authorization": f"Bearer {token}", **by(certificate), **headers})


def test_a_token_is_worth_something_with_its_certificate_only(
    browser: FlaskClient, fapi: BoundParty, own: Certified, told: dict[str, Any]
) -> None:
    """fapi2-security-profile-final-happy-flow (mtls); RFC 8705 §3."""
    assert told["token_type"] == "Bearer"
    assert userinfo(browser, told["access_token"], own).status_code == 200
    for other in (None, certify("CN=mot-cua")):
        response = userinfo(browser, told["access_token"], other)
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert userinfo(browser, told["access_token"], None, **{HEADER: "x"}).status_code == 401
    shown = browser.post("/introspect", data={"token": told["access_token"], **fapi.assertion()}).get_json()
    assert (shown["token_type"], shown["cnf"]) == ("Bearer", {"x5t#S256": thumbprint(own.certificate)})


def test_no_token_is_given_without_a_certificate(browser: FlaskClient, fapi: BoundParty, own: Certified, told: dict[str, Any]) -> None:
    """fapi2-security-profile-final-ensure-holder-of-key-required, -refresh-token (mtls)."""
    code = fapi.code(browser)
    assert fapi.post(browser, fapi.code_form(code), {}).get_json()["error"] == "invalid_request"
    assert fapi.post(browser, fapi.code_form(code), by(own)).status_code == 200
    refresh: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert fapi.post(browser, refresh, {}).get_json()["error"] == "invalid_request"
    fresh = fapi.post(browser, refresh, by(certify("CN=mot-cua"))).get_json()  # a renewed certificate
    assert userinfo(browser, fresh["access_token"], own).status_code == 401


def test_a_client_that_wants_both_gets_both(browser: FlaskClient, own: Certified, session_id: uuid.UUID) -> None:
    party = register_bound(tls_client_certificate_bound_access_tokens=True)
    told = party.post(browser, party.code_form(party.code(browser)), {**by(own), **party.proof("POST", "/token")}).get_json()
    token = told["access_token"]
    assert told["token_type"] == "DPoP"
    assert browser.get("/userinfo", headers={**by(own), **party.shown(token)}).status_code == 200
    assert browser.get("/userinfo", headers=party.shown(token)).status_code == 401
    assert userinfo(browser, token, own).status_code == 401


def test_a_certificate_is_no_matter_for_a_client_that_does_not_ask(browser: FlaskClient, own: Certified, session_id: uuid.UUID) -> None:
    party: RelyingParty = register_party()
    form: dict[str, str] = {
        "grant_type": "authorization_code", "code": party.code(browser), "redirect_uri": party.redirect_uri, "code_verifier": party.verifier,
    }  # fmt: skip
    token = browser.post("/token", data=form, headers={**party.headers(), **by(own)}).get_json()["access_token"]
    assert userinfo(browser, token, None).status_code == 200


def test_a_proof_may_name_the_address_for_certificates(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 8705 §5: the same endpoint under its other name."""
    party = register_bound()
    proof = party.proof("POST", "/token", htu=f"{MTLS}/token")
    assert party.post(browser, party.code_form(party.code(browser)), proof).status_code == 200


def test_a_header_from_nobody_in_front_is_no_certificate(database_url: str, own: Certified) -> None:
    application = create_app(settings_for(database_url, client_certificate_header=HEADER))
    with application.app_context():
        party = register_bound(
            grant_types=("client_credentials",), redirect_uris=(), scope="", dpop_bound_access_tokens=False,
            tls_client_certificate_bound_access_tokens=True,
        )  # fmt: skip
        response = party.post(application.test_client(), {"grant_type": "client_credentials"}, by(own))
    close(application)
    assert response.get_json()["error"] == "invalid_request"
