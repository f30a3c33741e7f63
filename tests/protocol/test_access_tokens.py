"""Rules of access tokens: whom they are for (RFC 8707), how they are written (RFC 9068), step-up (RFC 9470)."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from clients.registration import change
from idp import clock
from idp.database import in_transaction
from idp.oidc import bearer, signing_keys
from idp.sessions import assurance, browser_sessions
from tests.support.bound_party import API, OTHER_API, add_resource, register_bound
from tests.support.installation import ISSUER
from tests.support.keyed_party import thumbprint
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in

SCOPE = "openid profile dossiers people offline_access"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A client that may ask for two APIs, of which one wants JWTs."""
    add_resource(scopes=("dossiers",), form="jwt")
    add_resource(OTHER_API, ("people",))
    return register_party(scope=f"{ALL_SCOPES} dossiers people", resources=(API, OTHER_API))


def claims_of(browser: FlaskClient, token: str, alg: str = "RS256") -> dict[str, Any]:
    read = jwt.decode(token, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=[alg])
    assert read.header["typ"] == "at+jwt"
    return read.claims


def introspected(browser: FlaskClient, party: RelyingParty, token: str) -> dict[str, Any]:
    facts: dict[str, Any] = browser.post("/introspect", data={"token": token}, headers=party.headers()).get_json()
    return facts


# --- RFC 9068 ------------------------------------------------------------------------------------------------------------


def test_a_resource_that_wants_jwts_gets_them_with_all_that_it_needs(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """TOK-015, RFC 9068 §2.2."""
    sign_in(browser, person_id, assurance.AAL2)
    now = int(time.instant.timestamp())
    first, second = (claims_of(browser, party.tokens(browser, scope=SCOPE, resource=API)["access_token"]) for _ in range(2))
    assert first["jti"] != second["jti"]
    assert {name: first[name] for name in first if name not in ("jti", "sub")} == {
        "iss": ISSUER, "aud": API, "client_id": party.client_id, "iat": now, "exp": now + 600, "scope": "dossiers", "auth_time": now,
        "acr": assurance.AAL2, "amr": ["pwd", "otp", "mfa"],
    }  # fmt: skip
    assert first["sub"] == party.userinfo(browser, party.tokens(browser)["access_token"]).get_json()["sub"]


def test_a_client_may_want_jwts_for_everything(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_party(access_token_format="jwt", id_token_signed_response_alg="ES256")
    token = party.tokens(browser, scope="openid profile")["access_token"]
    claims = claims_of(browser, token, "ES256")
    assert (claims["aud"], claims["scope"]) == (ISSUER, "openid profile")
    assert party.userinfo(browser, token).get_json()["name"] == "Vàng Mí Sính"
    assert introspected(browser, party, token)["scope"] == "openid profile"


def test_a_jwt_for_two_resources_names_both(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """TOK-015: a resource that is left out would refuse it, one too many would take what is not for it."""
    add_resource(scopes=("dossiers",))
    add_resource(OTHER_API, ("people",))
    party = register_party(scope=f"{ALL_SCOPES} dossiers people", resources=(API, OTHER_API), access_token_format="jwt")
    asked: dict[str, Any] = {**party.request(scope=SCOPE), "resource": [API, OTHER_API]}
    code = party.answer(browser.get("/authorize", query_string=asked))["code"]
    assert claims_of(browser, party.redeem(browser, code).get_json()["access_token"])["aud"] == [API, OTHER_API]


def test_a_jwt_dies_with_its_authorization_where_it_is_shown_to_us(
    browser: FlaskClient, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    party = register_party(access_token_format="jwt")
    first, second, third = (party.tokens(browser)["access_token"] for _ in range(3))
    browser.post("/revoke", data={"token": first}, headers=party.headers())
    assert party.userinfo(browser, first).status_code == 401
    assert introspected(browser, party, first) == {"active": False}
    assert party.userinfo(browser, second).status_code == 200
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    assert party.userinfo(browser, second).status_code == 401
    time.advance(minutes=10)
    assert party.userinfo(browser, third).status_code == 401


def test_an_access_token_is_no_id_token_and_the_reverse(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 9068 §4, RFC 8725 §3.11: both are signed by the same keys."""
    party = register_party(access_token_format="jwt")
    tokens = party.tokens(browser)
    assert party.answer(party.authorize(browser, id_token_hint=tokens["access_token"], prompt="none"))["error"] == "invalid_request"
    assert party.userinfo(browser, tokens["id_token"]).status_code == 401
    assert introspected(browser, party, tokens["id_token"]) == {"active": False}
    claims: dict[str, Any] = jwt.decode(tokens["access_token"], signing_keys.verification_keys(), algorithms=["RS256"]).claims
    for typ, changed in (("JWT", {}), ("logout+jwt", {}), ("at+jwt", {"iss": "https://evil.test"}), ("at+jwt", {"jti": "x"})):
        assert party.userinfo(browser, signing_keys.sign("RS256", typ, {**claims, **changed})).status_code == 401
    assert party.userinfo(browser, signing_keys.sign("RS256", "at+jwt", claims)).status_code == 200


def test_a_subject_of_the_client_s_own_is_the_same_wherever_the_client_is_told_it(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """OpenID Connect Core §8.1: ID token, userinfo, JWT and introspection name one person by one name."""
    party, public = register_party(access_token_format="jwt", subject_type="pairwise"), register_party()
    tokens = party.tokens(browser)
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    told = {
        jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims["sub"],
        claims_of(browser, tokens["access_token"])["sub"],
        party.userinfo(browser, tokens["access_token"]).get_json()["sub"],
        introspected(browser, party, tokens["access_token"])["sub"],
    }
    assert len(told) == 1
    assert public.userinfo(browser, public.tokens(browser)["access_token"]).get_json()["sub"] not in told


def test_a_bound_jwt_names_its_key(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """RFC 9449 §6.1."""
    bound = register_bound(scope=f"{ALL_SCOPES} dossiers", resources=(API,))
    claims = claims_of(browser, bound.tokens(browser, scope="openid dossiers", resource=API)["access_token"], "ES256")
    assert claims["cnf"] == {"jkt": thumbprint(bound.dpop_key)}


# --- RFC 8707 ------------------------------------------------------------------------------------------------------------


def test_a_token_is_for_the_resources_that_were_granted_and_carries_their_scopes(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    asked: dict[str, Any] = {**party.request(scope=SCOPE), "resource": [API, OTHER_API]}
    code = party.answer(browser.get("/authorize", query_string=asked))["code"]
    tokens = party.redeem(browser, code).get_json()
    facts = introspected(browser, party, tokens["access_token"])
    assert (facts["aud"], set(facts["scope"].split())) == ([API, OTHER_API], {"dossiers", "people"})
    assert "id_token" in tokens
    assert party.userinfo(browser, tokens["access_token"]).status_code == 401  # not for us
    for name, scope in ((API, "dossiers"), (OTHER_API, "people")):
        tokens = party.refresh(browser, tokens["refresh_token"], resource=name).get_json()
        facts = introspected(browser, party, tokens["access_token"])
        assert (facts["aud"], facts["scope"], tokens["scope"]) == ([name], scope, scope)
    ours = party.refresh(browser, tokens["refresh_token"], resource=ISSUER).get_json()
    assert party.userinfo(browser, ours["access_token"]).get_json()["name"] == "Vàng Mí Sính"


def test_the_code_may_be_redeemed_for_fewer_resources_never_for_others(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    code = party.code(browser, scope=SCOPE, resource=API)
    for wider in (OTHER_API, "https://nowhere.test", "no-address"):
        assert party.redeem(browser, code, resource=wider).get_json()["error"] == "invalid_target"
    tokens = party.redeem(browser, code, resource=API).get_json()
    assert party.refresh(browser, tokens["refresh_token"], resource=OTHER_API).get_json()["error"] == "invalid_target"
    plain = party.code(browser, scope=SCOPE)
    assert party.redeem(browser, plain, resource=API).get_json()["error"] == "invalid_target"


def test_a_resource_that_the_client_is_not_registered_for_is_refused_where_it_is_asked_for(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    other = register_party(scope=f"{ALL_SCOPES} dossiers", resources=(API,))
    for resource in (OTHER_API, f"{API}#part", "/relative", "https://nowhere.test"):
        assert other.answer(other.authorize(browser, resource=resource))["error"] == "invalid_target"


# --- step-up (RFC 9470) ----------------------------------------------------------------------------------------------------


def test_a_client_of_which_more_is_asked_since_is_sent_to_prove_it(browser: FlaskClient, person_id: uuid.UUID) -> None:
    """RFC 9470 §3: the token is not dead, the authentication behind it is too weak."""
    sign_in(browser, person_id)
    party = register_party()
    tokens = party.tokens(browser, scope="openid offline_access")
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", minimum_acr=assurance.AAL2))
    refused = party.userinfo(browser, tokens["access_token"])
    assert refused.status_code == 401
    assert 'error="insufficient_user_authentication"' in refused.headers["WWW-Authenticate"]
    assert f'acr_values="{assurance.AAL2}"' in refused.headers["WWW-Authenticate"]
    assert party.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    sign_in(browser, person_id, assurance.AAL2)
    stronger = party.tokens(browser, scope="openid offline_access")
    assert party.userinfo(browser, stronger["access_token"]).status_code == 200
    assert party.refresh(browser, stronger["refresh_token"]).status_code == 200


def test_a_resource_of_ours_can_ask_for_a_stronger_or_fresher_authentication(app: Flask) -> None:
    """RFC 9470 §3."""
    with app.test_request_context("/userinfo", headers={"Authorization": "Bearer x"}):
        answer = bearer.answer_refused(bearer.stronger_authentication_needed(assurance.AAL2, 300), "/userinfo")
    said = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in said
    assert f'acr_values="{assurance.AAL2}"' in said
    assert 'max_age="300"' in said
