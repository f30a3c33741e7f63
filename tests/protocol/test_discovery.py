"""Rules of discovery and keys: OpenID Connect Discovery 1.0, RFC 8414, RFC 7517."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.database import db, in_transaction
from idp.oidc import key_rotation, signing_keys
from tests.support.installation import ISSUER
from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in

DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    "headers", [{}, {"Host": "evil.test"}, {"X-Forwarded-Host": "evil.test"}, {"Forwarded": "host=evil.test;proto=http"}]
)
def test_the_metadata_names_one_issuer_whatever_host_was_asked(browser: FlaskClient, path: str, headers: dict[str, str]) -> None:
    """DIS-003."""
    told = browser.get(path, headers=headers).get_json()
    assert told["issuer"] == ISSUER
    assert all(value.startswith(ISSUER) for name, value in told.items() if name.endswith(("_endpoint", "_uri")))
    assert "evil" not in json.dumps(told)


def test_one_issuer_is_named_everywhere_in_the_same_characters(browser: FlaskClient) -> None:
    """DIS-001: discovery, the answer to an authorization request, the ID token, a signed answer of userinfo."""
    party = register_party(userinfo_signed_response_alg="RS256")
    sign_in(browser, add_person())
    answer = party.answer(party.authorize(browser))
    told = party.redeem(browser, answer["code"]).get_json()
    signed = party.userinfo(browser, told["access_token"]).text
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    issuers = {jwt.decode(text, keys, algorithms=["RS256"]).claims["iss"] for text in (told["id_token"], signed)}
    assert issuers | {answer["iss"]} | {browser.get(path).get_json()["issuer"] for path in DOCUMENTS} == {ISSUER}


def test_the_metadata_promises_only_what_is_done(browser: FlaskClient) -> None:
    told = browser.get(DOCUMENTS[0]).get_json()
    assert told["response_types_supported"] == ["code"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["request_parameter_supported"] is told["request_uri_parameter_supported"] is True
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["backchannel_logout_session_supported"] is True
    assert "none" not in told["id_token_signing_alg_values_supported"]


@pytest.mark.parametrize("path", [*DOCUMENTS, "/jwks"])
def test_metadata_and_keys_may_be_kept_and_read_by_scripts(browser: FlaskClient, path: str) -> None:
    first = browser.get(path)
    assert "public" in first.headers["Cache-Control"]
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert browser.post(path).status_code == 405


def test_the_keys_hold_one_of_each_algorithm_and_nothing_private(browser: FlaskClient) -> None:
    keys = browser.get("/jwks").get_json()["keys"]
    assert [(key["kty"], key["use"]) for key in keys] == [
        ("RSA", "sig"), ("RSA", "sig"), ("EC", "sig"), ("OKP", "sig"), ("RSA", "enc"), ("EC", "enc"),
    ]  # fmt: skip
    assert all(key["kid"] for key in keys)
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & {name for key in keys for name in key}
    assert len(keys[0]["n"]) >= 342  # 2048 bits


def test_a_new_key_is_published_an_hour_before_it_signs_and_the_old_one_until_its_last_token_died(
    app: Flask, browser: FlaskClient, time: clock.ManualClock
) -> None:
    old = signing_keys.require_signing_key("RS256").kid
    new = in_transaction(lambda c: key_rotation.rotate(c, "RS256", actor="cli:test"))

    def published() -> list[str]:
        return [key["kid"] for key in browser.get("/jwks").get_json()["keys"] if key.get("alg") == "RS256"]

    assert set(published()) == {old, new}
    assert signing_keys.require_signing_key("RS256").kid == old
    before = signing_keys.sign("RS256", "JWT", {"sub": "x"})
    time.advance(hours=1)
    assert signing_keys.require_signing_key("RS256").kid == new
    time.advance(seconds=600)
    jwt.decode(before, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["RS256"])
    time.advance(seconds=200)
    assert published() == [new]
    jwt.decode(before, signing_keys.verification_keys(), algorithms=["RS256"])  # as a hint it is still known


def test_a_key_is_published_longer_before_use_than_anybody_may_cache_the_set(browser: FlaskClient) -> None:
    seconds = int(browser.get("/jwks").headers["Cache-Control"].partition("max-age=")[2])
    assert timedelta(seconds=seconds) < key_rotation.PUBLISHED_BEFORE_USE


def test_a_private_key_is_sealed_and_forgotten_when_nobody_needs_it(app: Flask, time: clock.ManualClock) -> None:
    kid = signing_keys.require_signing_key("RS256").kid
    with db.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT sealed_private_key FROM signing_key").one()
    assert b"PRIVATE KEY" not in bytes(row[0])
    in_transaction(lambda c: key_rotation.retire(c, kid, actor="cli:test"))
    assert signing_keys.require_signing_key("RS256").kid != kid
    time.advance(days=31)
    assert in_transaction(key_rotation.remove_dead) == 1


def test_discovery_and_keys_go_on_without_the_database(app: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    kids = [key["kid"] for key in browser.get("/jwks").get_json()["keys"]]
    assert browser.get(DOCUMENTS[0]).status_code == 200
    in_transaction(lambda c: c.exec_driver_sql("ALTER TABLE signing_key RENAME TO signing_key_away"))
    monkeypatch.setattr(signing_keys, "FRESH_SECONDS", 0.0)
    assert [key["kid"] for key in browser.get("/jwks").get_json()["keys"]] == kids
    assert browser.get(DOCUMENTS[0]).status_code == 200
