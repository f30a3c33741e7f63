"""Rules of client assertions: RFC 7523 §2.2 and §3, OpenID Connect Core §9, FAPI 2.0 Security Profile §5.3.2.1."""

import json
import time as real_time
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import select

from clients import registration
from clients.models import ClientSecret
from idp import clock
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from tests.protocol.test_races import at_once
from tests.support.assertions import JWKS, KEYS, TYPE, assertion, claims_of, encoded, is_known, show, signed_by_hmac
from tests.support.installation import ISSUER, close, settings_for
from tests.support.keyed_party import sign_text
from tests.support.relying_party import RelyingParty, register_party


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A client that signs with its own key, by whichever algorithm."""
    return register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)


@pytest.fixture
def fapi(app: Flask) -> RelyingParty:
    """A client of the FAPI 2.0 profile."""
    return register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS, profile="fapi2")


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_a_client_is_known_by_its_signature(browser: FlaskClient, party: RelyingParty, alg: str) -> None:
    assert is_known(show(browser, assertion(party, alg)))
    assert is_known(show(browser, assertion(party, alg), client_id=party.client_id))
    assert is_known(show(browser, assertion(party, alg, header={"kid": None})))
    assert is_known(show(browser, assertion(party, alg, header={"typ": "client-authentication+jwt"})))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_client_may_sign_with_its_secret(browser: FlaskClient, app: Flask, alg: str) -> None:
    party = register_party(token_endpoint_auth_method="client_secret_jwt")
    assert is_known(show(browser, assertion(party, alg)))
    assert not is_known(show(browser, assertion(party, alg, key=OctKey.import_key("another secret of the same length, as it is"))))
    assert not is_known(show(browser, assertion(party, "RS256")))


def test_only_of_a_client_that_signs_with_it_is_the_secret_kept_and_then_sealed(app: Flask, browser: FlaskClient) -> None:
    plain, signing = register_party(), register_party(token_endpoint_auth_method="client_secret_jwt")
    table = table_of(ClientSecret)
    kept = {row.client_id: row.sealed for row in reader().execute(select(table))}
    assert kept[plain.key] is None
    assert kept[signing.key] is not None
    assert signing.secret is not None
    assert signing.secret.encode() not in bytes(kept[signing.key])
    old = signing.secret
    signing.secret = in_transaction(lambda c: registration.rotate_secret(c, signing.client_id, actor="cli:test"))
    assert is_known(show(browser, assertion(signing, "HS256")))
    assert is_known(show(browser, assertion(signing, "HS256", key=OctKey.import_key(old))))  # for the time of transition
    in_transaction(lambda c: registration.change(c, signing.client_id, actor="cli:test", token_endpoint_auth_method="client_secret_basic"))
    assert {row.sealed for row in reader().execute(select(table))} == {None}


def test_a_change_to_signing_with_the_secret_needs_another_secret(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", token_endpoint_auth_method="client_secret_jwt"))
    assert not is_known(show(browser, assertion(party, "HS256")))
    party.secret = in_transaction(lambda c: registration.give_missing_secret(c, party.client_id, actor="cli:test"))
    assert is_known(show(browser, assertion(party, "HS256")))
    assert in_transaction(lambda c: registration.give_missing_secret(c, party.client_id, actor="cli:test")) is None


def test_a_client_that_changes_to_a_key_of_its_own_has_no_secret_left(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    changes: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
    in_transaction(lambda c: registration.change(c, party.client_id, actor="cli:test", **changes))
    assert is_known(show(browser, assertion(party)))
    assert party.refresh(browser, "x").get_json()["error"] == "invalid_client"


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": None}, {"sub": None}, {"iss": "somebody"}, {"sub": "somebody"}, {"iss": ["x"]}, {"sub": 5}, {"aud": None}, {"aud": []},
    {"aud": "https://other.test"}, {"aud": [ISSUER, "https://other.test"]}, {"aud": ISSUER + "/"}, {"aud": {"a": 1}}, {"exp": None},
    {"exp": "soon"}, {"exp": True}, {"exp": 10**400}, {"exp": 0}, {"jti": None}, {"jti": ""}, {"jti": 5}, {"jti": "x" * 256},
    {"nbf": "x"}, {"iat": [1]},
]  # fmt: skip


def test_an_assertion_that_says_something_else_is_refused(browser: FlaskClient, party: RelyingParty) -> None:
    """`fapi2-…-ensure-client-assertion-with-wrong-aud-fails`, `fapi2-…-ensure-client-assertion-with-no-sub-fails`."""
    for claims in BAD_CLAIMS:
        assert not is_known(show(browser, assertion(party, **claims))), claims


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/token", [ISSUER], [f"{ISSUER}/token", ISSUER]])
def test_an_ordinary_client_may_name_us_by_issuer_or_endpoint(browser: FlaskClient, party: RelyingParty, audience: object) -> None:
    """`oidcc-ensure-client-assertion-with-iss-aud-succeeds`."""
    assert is_known(show(browser, assertion(party, aud=audience)))


@pytest.mark.parametrize("audience", [[ISSUER], f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER, f"{ISSUER}/token"]])
def test_a_client_of_a_profile_names_the_issuer_alone(browser: FlaskClient, fapi: RelyingParty, audience: object) -> None:
    """`fapi2-…-par-test-array-as-audience-fails`, `…-par-test-par-endpoint-url-as-audience-fails`,
    `…-par-test-token-endpoint-url-as-audience-fails`."""
    for path in ("/token", "/par"):
        refused = show(browser, assertion(fapi, aud=audience), path)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
        assert show(browser, assertion(fapi), path).get_json()["error"] != "invalid_client"


def test_a_client_of_a_profile_does_not_sign_with_rs256(browser: FlaskClient, fapi: RelyingParty) -> None:
    """`fapi2-…-ensure-signed-client-assertion-with-RS256-fails`."""
    assert show(browser, assertion(fapi, "RS256")).get_json()["error"] == "invalid_client"
    for alg in ("PS256", "ES256", "EdDSA"):
        assert show(browser, assertion(fapi, alg)).get_json()["error"] != "invalid_client"


def test_without_an_assertion_the_client_is_not_known(browser: FlaskClient, fapi: RelyingParty) -> None:
    """`fapi2-…-ensure-client-assertion-in-token-endpoint`."""
    form = {"grant_type": "authorization_code", "code": "x"}
    for told in (form, {**form, "client_id": fapi.client_id}, {**form, "client_id": fapi.client_id, "client_assertion_type": TYPE}):
        refused = browser.post("/token", data=told)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")


def test_the_registered_algorithm_is_the_only_one(browser: FlaskClient, app: Flask) -> None:
    party = register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS, token_endpoint_auth_signing_alg="EdDSA")
    assert not is_known(show(browser, assertion(party, "ES256")))
    assert is_known(show(browser, assertion(party, "EdDSA")))
    assert is_known(show(browser, assertion(party, "Ed25519")))


def test_it_is_of_this_minute(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    """`fapi2-…-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails`,
    `…-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted`, `…-nbf-over-60-seconds-in-the-future-fails`."""
    now = int(clock.now().timestamp())
    refused: list[dict[str, Any]] = [
        {"exp": now - 300}, {"exp": now - 31}, {"exp": now + 331}, {"exp": now + 10 * 365 * 86400}, {"nbf": now + 61}, {"iat": now + 61},
    ]  # fmt: skip
    for claims in refused:
        assert not is_known(show(browser, assertion(party, **claims))), claims
    accepted: list[dict[str, Any]] = [
        {"exp": now + 300}, {"exp": now - 8}, {"nbf": now + 8}, {"iat": now + 8}, {"iat": None}, {"exp": now + 60.5},
    ]  # fmt: skip
    for claims in accepted:
        assert is_known(show(browser, assertion(party, **claims))), claims


def test_it_counts_once(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    """CLI-007."""
    written = assertion(party, exp=int(clock.now().timestamp()) + 300)
    assert is_known(show(browser, written))
    assert not is_known(show(browser, written))
    time.advance(minutes=5)
    assert not is_known(show(browser, written))
    another = register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    assert is_known(show(browser, assertion(another, jti="same")))
    assert is_known(show(browser, assertion(party, jti="same")))


def test_of_twenty_copies_at_once_one_is_accepted(postgresql_url: str) -> None:
    """CLI-007."""
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        party = register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
        written = assertion(party)
        known = at_once(application, lambda browser, _number: is_known(show(browser, written)))
    close(application)
    assert sorted(known) == [False] * 19 + [True]


def test_a_public_key_is_no_secret(browser: FlaskClient, party: RelyingParty) -> None:
    """CLI-001: the client's public key, in whatever form, signs nothing by HMAC."""
    for name, key in KEYS.items():
        public = key.public_key
        assert not isinstance(public, bytes)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        written = json.dumps(key.as_dict(private=False))
        for secret in (pem, der, written.encode(), pem.strip()):
            for kid in (None, key.kid):
                forged = signed_by_hmac(claims_of(party), secret, kid)
                assert not is_known(show(browser, forged)), name


def test_keys_named_in_the_header_are_not_looked_at(browser: FlaskClient, party: RelyingParty) -> None:
    """CLI-003."""
    attacker = ECKey.generate_key("P-256", {"kid": "ec"})
    public = attacker.as_dict(private=False)
    for header in (
        {"jwk": public},
        {"jku": "https://evil.test/jwks"},
        {"x5u": "https://evil.test/x"},
        {"kid": "../../etc/passwd"},
        {"kid": None},
    ):
        assert not is_known(show(browser, assertion(party, key=attacker, header=header))), header
        assert is_known(show(browser, assertion(party, header=header if header != {"kid": "../../etc/passwd"} else {})))


def test_extensions_and_other_kinds_of_jwt_are_refused(browser: FlaskClient, party: RelyingParty) -> None:
    """CLI-005."""
    right = assertion(party).split(".")
    kid = KEYS["ES256"].kid
    headers: list[dict[str, Any]] = [
        {"crit": ["b64"], "b64": False}, {"crit": ["unknown"]}, {"crit": []}, {"b64": False}, {"typ": "dpop+jwt"}, {"typ": "at+jwt"},
        {"typ": "oauth-authz-req+jwt"}, {"alg": "none"}, {"alg": "None"}, {"alg": "RS256"}, {"alg": "ES384"}, {"alg": None},
    ]  # fmt: skip
    for header in headers:
        told = json.dumps({"alg": "ES256", "kid": kid, **header})
        signed_so = sign_text(
            "ES256", KEYS["ES256"], json.dumps(claims_of(party)), **{k: v for k, v in header.items() if k not in ("alg", "crit", "b64")}
        )
        for written in (".".join([encoded(told), right[1], right[2]]), *([signed_so] if "typ" in header else [])):
            assert not is_known(show(browser, written)), header
    unsigned = encoded('{"alg":"none"}') + "." + right[1] + "."
    assert not is_known(show(browser, unsigned))


AMBIGUOUS = [
    '{"iss":"A","sub":"x","sub":"A"}', '{"iss":"A","sub":"A","exp":NaN}', '{"iss":"A","sub":"A","exp":1e999}',
    '{"iss":"A","sub":"A","exp":' + "1" * 5000 + "}", '{"iss":"A","sub":"A","x":' + "[" * 3000 + "]" * 3000 + "}", '["A"]', '"A"', "null", "",
    '{"iss":"A","sub":"A"}x', '{"iss":"A","sub":"A","x":' + '{"a":' * 9 + "1" + "}" * 9 + "}",
]  # fmt: skip


def test_what_two_readers_could_understand_differently_is_refused(browser: FlaskClient, party: RelyingParty) -> None:
    """JOS-005."""
    for text in AMBIGUOUS:
        written = sign_text("ES256", KEYS["ES256"], text.replace("A", party.client_id))
        assert not is_known(show(browser, written)), text[:60]
    twice = encoded('{"alg":"none","alg":"ES256"}') + "." + assertion(party).split(".", 1)[1]
    assert not is_known(show(browser, twice))


def test_what_is_too_large_or_no_jwt_is_refused_at_once(browser: FlaskClient, party: RelyingParty) -> None:
    """JOS-001: sizes are looked at before anything is decoded."""
    header, claims, signature = assertion(party).split(".")
    begun = real_time.monotonic()
    for written in (
        header + "." + claims + "." + "A" * 9000, "A" * 9000 + f".{claims}.{signature}", f"{header}.{claims}", f"{header}.{claims}.",
        f"{header}.{claims}.{signature}.x", f"{header}..{signature}", "a.b.c", "é.b.c", f"{header}.{claims}.{signature}=", f"{header}\n.{claims}.{signature}",
    ):  # fmt: skip
        assert not is_known(show(browser, written)), written[:50]
    huge = browser.post("/token", data={"grant_type": "x", "client_assertion_type": TYPE, "client_assertion": "A" * (1 << 20)})
    assert huge.status_code in (400, 413)
    assert real_time.monotonic() - begun < 2


def test_one_client_has_one_method(browser: FlaskClient, party: RelyingParty) -> None:
    """CLI-009, `fapi2-…-ensure-client-id-in-token-endpoint`."""
    basic, other = register_party(), register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion_type": TYPE}
    for told, headers in (
        ({**form, "client_assertion": assertion(party), "client_id": other.client_id}, {}),
        ({**form, "client_assertion": assertion(party), "client_secret": "x"}, {}),
        ({**form, "client_assertion": assertion(party)}, basic.headers()),
    ):
        refused = browser.post("/token", data=told, headers=headers)
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request")
    assert not is_known(show(browser, assertion(basic)))
    assert not is_known(show(browser, assertion(party), client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer"))
    assert not is_known(show(browser, assertion(RelyingParty("nobody", None, party.key, "", ""))))


def test_a_key_for_encryption_or_for_another_algorithm_does_not_vouch(browser: FlaskClient, app: Flask) -> None:
    for more in ({"use": "enc"}, {"alg": "RS256"}, {"key_ops": ["encrypt"]}):
        key = RSAKey.generate_key(2048, {"kid": "k"})
        jwks = {"keys": [{**key.as_dict(private=False), **more}]}
        party = register_party(token_endpoint_auth_method="private_key_jwt", jwks=jwks)
        assert not is_known(show(browser, assertion(party, "PS256", key=key))), more
