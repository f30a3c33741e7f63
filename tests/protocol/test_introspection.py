"""Rules of POST /introspect: RFC 7662, signed by RFC 9701, with what RFC 9470 wants told."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe, jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.test import TestResponse

from clients.registration import disable
from idp import access, clock
from idp.database import in_transaction
from idp.oidc.introspection_endpoint import SIGNED
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.sessions import assurance, browser_sessions
from tests.support.bound_party import API, OTHER_API, add_resource, register_bound
from tests.support.installation import ISSUER
from tests.support.keyed_party import thumbprint
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in

OFFLINE = "openid email offline_access"
INACTIVE = {"active": False}


def ask(browser: FlaskClient, party: RelyingParty, token: str, **headers: str) -> TestResponse:
    return browser.post("/introspect", data={"token": token}, headers={**party.headers(), **headers})


def told(browser: FlaskClient, party: RelyingParty, token: str) -> dict[str, Any]:
    response = ask(browser, party, token)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    facts: dict[str, Any] = response.get_json()
    return facts


def test_the_client_of_a_token_is_told_what_it_is_worth(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    session_id = sign_in(browser, person_id, assurance.AAL2)
    tokens = party.tokens(browser, scope=OFFLINE)
    now = int(time.instant.timestamp())
    facts = told(browser, party, tokens["access_token"])
    assert facts.pop("sub") == party.userinfo(browser, tokens["access_token"]).get_json()["sub"]
    assert facts == {
        "active": True, "iss": ISSUER, "aud": ISSUER, "client_id": party.client_id, "token_type": "Bearer", "exp": now + 600,
        "scope": OFFLINE, "acr": assurance.AAL2, "amr": ["pwd", "otp", "mfa"], "auth_time": now,
    }  # fmt: skip
    refresh = told(browser, party, tokens["refresh_token"])
    assert (refresh["active"], refresh["scope"], refresh["exp"]) == (True, OFFLINE, now + 12 * 3600)
    assert "token_type" not in refresh
    assert session_id


def test_what_no_longer_holds_is_inactive_and_nothing_more_is_said(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    tokens = party.tokens(browser, scope=OFFLINE)
    for token in ("x", "é", "A" * 9000, "a.b.c", tokens["id_token"]):
        assert told(browser, party, token) == INACTIVE
    fresh = party.refresh(browser, tokens["refresh_token"]).get_json()
    assert told(browser, party, tokens["refresh_token"]) == INACTIVE  # used
    time.advance(minutes=10)
    assert told(browser, party, fresh["access_token"]) == INACTIVE
    time.advance(hours=12)
    assert told(browser, party, fresh["refresh_token"]) == INACTIVE


def test_an_ended_session_and_a_withdrawn_person_end_tokens_at_once(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    """TOK-007, TOK-029."""
    ordinary, offline = party.tokens(browser), party.tokens(browser, scope=OFFLINE)
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    assert told(browser, party, ordinary["access_token"]) == INACTIVE
    assert told(browser, party, offline["access_token"])["active"] is True
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
    assert told(browser, party, offline["access_token"]) == told(browser, party, offline["refresh_token"]) == INACTIVE


def test_tokens_of_a_code_used_twice_are_inactive(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """COD-001, oidcc-codereuse-30seconds."""
    code = party.code(browser, scope=OFFLINE)
    tokens = party.redeem(browser, code).get_json()
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
    assert told(browser, party, tokens["access_token"]) == told(browser, party, tokens["refresh_token"]) == INACTIVE


def test_who_does_not_prove_itself_and_who_cannot_is_told_nothing(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """TOK-011."""
    token, public = party.tokens(browser)["access_token"], register_party(token_endpoint_auth_method="none")
    for form, headers in (
        ({"token": token}, {}),
        ({"token": token, "client_id": public.client_id}, {}),
        ({"token": token, "client_id": party.client_id}, {}),
        ({"token": token}, {"Authorization": f"Bearer {token}"}),
        ({"token": token}, {"Authorization": "Basic x"}),
    ):
        response = browser.post("/introspect", data=form, headers=headers)
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="introspect"'
    assert browser.post("/introspect", headers=party.headers(), data={"x": "y"}).get_json()["error"] == "invalid_request"
    assert browser.get(f"/introspect?token={token}", headers=party.headers()).status_code == 405


def test_a_token_is_told_to_its_client_and_to_who_serves_its_resource_and_to_nobody_else(
    browser: FlaskClient, session_id: uuid.UUID
) -> None:
    server, stranger = register_party(client_name="Hồ sơ"), register_party(client_name="Người ngoài")
    add_resource(client_id=server.client_id)
    add_resource(OTHER_API, ("people",), client_id=stranger.client_id)
    party = register_party(scope=f"{ALL_SCOPES} dossiers", resources=(API,))
    tokens = party.tokens(browser, scope="openid dossiers offline_access", resource=API)
    for asking in (server, party):
        facts = told(browser, asking, tokens["access_token"])
        assert (facts["active"], facts["aud"], facts["scope"], facts["client_id"]) == (True, [API], "dossiers", party.client_id)
    assert told(browser, stranger, tokens["access_token"]) == INACTIVE
    assert told(browser, server, tokens["refresh_token"]) == INACTIVE
    assert told(browser, server, party.tokens(browser)["access_token"]) == INACTIVE  # not for its resource


def test_the_key_of_a_bound_token_is_told(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 9449 §6.2."""
    party = register_bound()
    response = browser.post("/introspect", data={"token": party.tokens(browser)["access_token"], **party.assertion()})
    facts = response.get_json()
    assert (facts["token_type"], facts["cnf"]) == ("DPoP", {"jkt": thumbprint(party.dpop_key)})


def test_a_disabled_client_is_told_nothing_and_its_tokens_are_dead(browser: FlaskClient, session_id: uuid.UUID) -> None:
    server = register_party(client_name="Hồ sơ")
    add_resource(client_id=server.client_id)
    party = register_party(scope=f"{ALL_SCOPES} dossiers", resources=(API,))
    token = party.tokens(browser, scope="openid dossiers", resource=API)["access_token"]
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    assert ask(browser, party, token).status_code == 401
    assert told(browser, server, token) == INACTIVE


def test_who_becomes_an_administrator_loses_the_refresh_token_at_its_next_use(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    tokens = party.tokens(browser, scope=OFFLINE)
    in_transaction(lambda c: grant(c, person_id, Role.HR_OFFICER, actor="cli:test"))
    assert told(browser, party, tokens["refresh_token"]) == INACTIVE
    assert party.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert told(browser, party, tokens["access_token"]) == INACTIVE


# --- signed and encrypted answers (RFC 9701) ------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", [None, "ES256", "PS256", "EdDSA"])
def test_the_answer_is_a_jwt_for_whom_wants_one(
    browser: FlaskClient, session_id: uuid.UUID, time: clock.ManualClock, alg: str | None
) -> None:
    party = register_party(introspection_signed_response_alg=alg)
    token = party.tokens(browser)["access_token"]
    response = ask(browser, party, token, Accept=SIGNED)
    assert response.content_type == SIGNED
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    read = jwt.decode(response.text, keys, algorithms=[alg or "RS256"])
    assert read.header["typ"] == "token-introspection+jwt"
    plain = told(browser, party, token)
    assert read.claims == {
        "iss": ISSUER, "aud": party.client_id, "iat": int(time.instant.timestamp()), "token_introspection": plain,
    }  # fmt: skip
    dead = jwt.decode(ask(browser, party, "x", Accept=SIGNED).text, keys, algorithms=[alg or "RS256"])
    assert dead.claims["token_introspection"] == INACTIVE
    assert ask(browser, party, token, Accept="*/*").content_type == "application/json"


def test_a_signed_answer_passes_for_nothing_else(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """RFC 9701 §8.1, RFC 8725 §3.11."""
    signed = ask(browser, party, party.tokens(browser)["access_token"], Accept=SIGNED).text
    assert told(browser, party, signed) == INACTIVE
    assert party.userinfo(browser, signed).status_code == 401
    assert party.answer(party.authorize(browser, id_token_hint=signed, prompt="none"))["error"] == "invalid_request"


def test_the_answer_is_encrypted_to_whom_registered_for_it(app: Flask, browser: FlaskClient, session_id: uuid.UUID) -> None:
    key = RSAKey.generate_key(2048, {"kid": "e-1", "use": "enc"})
    party = register_party(
        introspection_encrypted_response_alg="RSA-OAEP-256", introspection_encrypted_response_enc="A256GCM",
        introspection_signed_response_alg="ES256", jwks={"keys": [key.as_dict(private=False)]},
    )  # fmt: skip
    sealed = ask(browser, party, party.tokens(browser)["access_token"], Accept=SIGNED).text
    opened = jwe.decrypt_compact(sealed, key, algorithms=["RSA-OAEP-256", "A256GCM"])
    assert opened.plaintext is not None
    inside = jwt.decode(opened.plaintext.decode(), KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["ES256"])
    assert inside.claims["token_introspection"]["active"] is True


# --- RFC 9728 ---------------------------------------------------------------------------------------------------------------


def test_userinfo_says_how_it_is_called(browser: FlaskClient) -> None:
    """RFC 9728 §3: found from the refusal."""
    response = browser.get("/.well-known/oauth-protected-resource/userinfo")
    facts = response.get_json()
    assert (facts["resource"], facts["authorization_servers"]) == (f"{ISSUER}/userinfo", [ISSUER])
    assert facts["tls_client_certificate_bound_access_tokens"] is False
    assert response.headers["Access-Control-Allow-Origin"] == "*"
