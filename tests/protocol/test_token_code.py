"""Rules of redeeming a code: RFC 6749 §4.1.3 and §5, RFC 7636 §4.6, RFC 9700 §4.5, OpenID Connect Core §2 and §3.1.3."""

import base64
import hashlib
import json
import uuid

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.database import in_transaction, reader
from idp.oidc import authorizations
from idp.oidc.authorization_code import open_code
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.sessions import assurance, browser_sessions
from tests.support import trail
from tests.support.installation import ISSUER
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


def test_a_code_gives_an_access_token_and_a_signed_id_token(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """TOK-025, oidcc-server, oidcc-idtoken-signature."""
    session_id = sign_in(browser, add_person("second"))
    response = party.redeem(browser, party.code(browser, scope="openid email"))
    told = response.get_json()
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "openid email")
    assert response.headers["Cache-Control"] == "no-store"
    token = jwt.decode(told["id_token"], KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["RS256"])
    now = int(time.instant.timestamp())
    half = base64.urlsafe_b64encode(hashlib.sha256(told["access_token"].encode()).digest()[:16]).rstrip(b"=").decode()
    sub = token.claims.pop("sub")
    assert isinstance(sub, str)
    assert token.claims == {
        "iss": ISSUER, "aud": party.client_id, "iat": now, "exp": now + 600, "auth_time": now, "nonce": "n-1", "at_hash": half,
        "acr": assurance.AAL1, "amr": ["pwd"], "sid": str(session_id),
    }  # fmt: skip
    assert token.header["alg"] == "RS256"
    assert token.header["typ"] == "JWT"


def test_no_nonce_asked_no_nonce_told(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    told = party.tokens(browser, nonce=None)
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    assert "nonce" not in jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims


@pytest.mark.parametrize(("algorithm", "digest"), [("PS256", "sha256"), ("ES256", "sha256"), ("EdDSA", "sha512"), ("Ed25519", "sha512")])
def test_at_hash_is_made_by_the_hash_of_the_algorithm(browser: FlaskClient, session_id: uuid.UUID, algorithm: str, digest: str) -> None:
    """OpenID Connect Core §3.1.3.6; Ed25519 is made of SHA-512."""
    told = register_party(id_token_signed_response_alg=algorithm).tokens(browser)
    whole = hashlib.new(digest, told["access_token"].encode()).digest()
    claims = json.loads(base64.urlsafe_b64decode(told["id_token"].split(".")[1] + "=="))
    assert claims["at_hash"] == base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


def test_a_client_may_choose_es256(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_party(id_token_signed_response_alg="ES256")
    told = party.tokens(browser)
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    assert jwt.decode(told["id_token"], keys, algorithms=["ES256"]).header["alg"] == "ES256"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_each_way_of_authentication_redeems_a_code(browser: FlaskClient, session_id: uuid.UUID, method: str) -> None:
    party = register_party(token_endpoint_auth_method=method)
    assert (party.secret is None) == (method == "none")
    assert party.userinfo(browser, party.tokens(browser)["access_token"]).status_code == 200


@pytest.mark.parametrize("seconds", [0, 1, 30, 59, 3600])
def test_a_code_shown_again_revokes_what_it_gave(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock, seconds: int
) -> None:
    sign_in(browser, person_id)
    code = party.code(browser, scope="openid offline_access")
    told = party.redeem(browser, code).get_json()
    time.advance(seconds=seconds)
    again = party.redeem(browser, code)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_grant")
    assert party.userinfo(browser, told["access_token"]).status_code == 401
    assert party.refresh(browser, told["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert trail.kinds("code.replayed", "authorization.revoked") == ["authorization.revoked", "code.replayed"]


def test_a_code_lives_sixty_seconds(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    sign_in(browser, person_id)
    first, second = party.code(browser), party.code(browser)
    time.advance(seconds=59)
    assert party.redeem(browser, first).status_code == 200
    time.advance(seconds=1)
    assert party.redeem(browser, second).get_json()["error"] == "invalid_grant"


WRONG: list[dict[str, str | None]] = [
    {"code_verifier": None},
    {"code_verifier": "x" * 43},
    {"code_verifier": "x" * 42},
    {"code_verifier": "x" * 129},
    {"code_verifier": "é" * 50},
    {"redirect_uri": "https://rp.test/other"},
    {"redirect_uri": "https://rp.test/cb/"},
]


def test_a_wrong_verifier_or_address_burns_the_code(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """COD-009."""
    for wrong in WRONG:
        code = party.code(browser)
        assert party.redeem(browser, code, **wrong).get_json()["error"] == "invalid_grant"
        assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
        assert authorizations.exists(reader(), open_code(code).authorization_id)
    assert trail.kinds("authorization.refused") == ["authorization.refused"] * len(WRONG)


def test_a_verifier_wrong_by_one_character_and_the_challenge_itself_are_wrong(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    """COD-009."""
    last = "a" if party.verifier[-1] != "a" else "b"
    for verifier in (party.verifier[:-1] + last, party.challenge, party.verifier + "a"):
        assert party.redeem(browser, party.code(browser), code_verifier=verifier).get_json()["error"] == "invalid_grant"


def test_another_client_cannot_redeem_a_code_and_burns_it(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """COD-003."""
    other = register_party(client_name="Một cửa")
    other.verifier = party.verifier
    code = party.code(browser)
    assert other.redeem(browser, code).get_json()["error"] == "invalid_grant"
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
    refused = trail.events("authorization.refused")[0]
    assert refused.detail["reason"] == "other_client"


def test_a_verifier_for_a_code_without_challenge_shows_that_the_challenge_was_taken_away(
    browser: FlaskClient, session_id: uuid.UUID
) -> None:
    """COD-007 (RFC 9700 §4.8.2)."""
    party = register_party(require_pkce=False)
    code = party.code(browser, code_challenge=None, code_challenge_method=None)
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
    code = party.code(browser, code_challenge=None, code_challenge_method=None)
    assert party.redeem(browser, code, code_verifier=None).status_code == 200


def test_a_code_of_a_session_that_ended_gives_nothing(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    code = party.code(browser)
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"


def test_what_is_no_code_is_refused(browser: FlaskClient, party: RelyingParty) -> None:
    for code in ("x", "é", "AAAA", "=" * 9, "A" * 3000):
        response = party.redeem(browser, code)
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_grant")


def test_a_changed_code_is_no_code(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    code = party.code(browser)
    for position in (1, 5, 20, 60, len(code) - 2):
        changed = code[:position] + ("A" if code[position] != "A" else "B") + code[position + 1 :]
        assert party.redeem(browser, changed).get_json()["error"] == "invalid_grant"
    assert party.redeem(browser, code).status_code == 200


# --- scopes ----------------------------------------------------------------------------------------------------------


def test_only_scopes_of_the_client_are_granted_and_the_answer_says_which(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """COD-015."""
    party = register_party(scope="openid profile")
    told = party.tokens(browser, scope="hr:read openid admin profile email offline_access")
    assert told["scope"] == "openid profile"
    assert "refresh_token" not in told


def test_the_order_of_scopes_does_not_matter(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    assert set(party.tokens(browser, scope="email  openid openid")["scope"].split()) == {"email", "openid"}


def test_an_administrator_gets_no_refresh_token(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    in_transaction(lambda c: grant(c, person_id, Role.IT_ADMIN, actor="cli:test"))
    sign_in(browser, person_id, assurance.AAL2, administrator=True)
    told = party.tokens(browser, scope="openid offline_access")
    assert "refresh_token" not in told
    assert told["scope"] == "openid"


def test_granting_is_an_event(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    party.tokens(browser)
    granted = trail.events("authorization.granted")[0]
    assert (granted.person_id, granted.client_id, granted.actor) == (person_id, party.key, f"person:{person_id}")


# --- the form of the request -------------------------------------------------------------------------------------------


def test_a_parameter_given_twice_is_refused(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    body = f"grant_type=authorization_code&code={party.code(browser)}&code=x&redirect_uri=https://rp.test/cb"
    response = browser.post("/token", data=body, headers=party.headers(), content_type="application/x-www-form-urlencoded")
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_parameters_in_the_query_string_are_refused(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": party.redirect_uri, "code_verifier": party.verifier}
    code = party.code(browser)
    response = browser.post(f"/token?code={code}", data=form, headers=party.headers())
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
    assert party.redeem(browser, code).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_the_body_is_a_form(browser: FlaskClient, party: RelyingParty, content_type: str) -> None:
    response = browser.post("/token", data=b"{}", content_type=content_type, headers=party.headers())
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_what_cannot_be_read_is_refused(browser: FlaskClient, party: RelyingParty) -> None:
    for body in (b"a=%ff", b"a=%00", b"a=%c0%af", b"\xff=1", b"a=1&" * 100, b"a=" + b"x" * 20_000):
        response = browser.post("/token", data=body, content_type="application/x-www-form-urlencoded", headers=party.headers())
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


MISSING: list[tuple[dict[str, str | None], str]] = [
    ({}, "invalid_request"),
    ({"grant_type": "authorization_code"}, "invalid_request"),
    ({"grant_type": "authorization_code", "code": "x"}, "invalid_request"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "password", "username": "x", "password": "y"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ({"grant_type": "é"}, "unsupported_grant_type"),
    ({"grant_type": 'a"b\\c'}, "unsupported_grant_type"),
]


def test_what_is_missing_or_unknown_is_named(browser: FlaskClient, party: RelyingParty) -> None:
    for form, error in MISSING:
        response = party.post(browser, form)
        assert (response.status_code, response.get_json()["error"]) == (400, error)
        assert response.get_json()["error_description"].isascii()
        assert response.headers["Cache-Control"] == "no-store"


def test_other_methods_are_refused(browser: FlaskClient) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE"):
        response = browser.open("/token", method=method, headers={"Accept": "text/html"})
        assert (response.status_code, response.mimetype) == (405, "application/json")
        assert response.get_json()["error"] == "invalid_request"
        assert "POST" in response.headers["Allow"]
    assert browser.post("/account/applications", headers={"Accept": "*/*"}).mimetype == "text/html"  # a page stays one


def test_no_secret_is_kept_readable(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """ADM-011: tokens, codes and client secrets are found nowhere in the database but as digests."""
    code = party.code(browser, scope="openid offline_access")
    told = party.redeem(browser, code).get_json()
    party.redeem(browser, code)
    tables = in_transaction(
        lambda c: [
            repr(c.exec_driver_sql(f'SELECT * FROM "{table}"').all())
            for table in ("authorization", "refresh_token", "audit_event", "client", "client_secret", "outbox_message")
        ]
    )
    for secret in (code, told["access_token"], told["refresh_token"], told["id_token"], party.secret):
        assert not any(str(secret) in table for table in tables)
