"""Rules of encrypted request objects: RFC 9101 §6.1, OpenID Connect Core §6.1, OpenID Connect Registration §2."""

import json
import subprocess
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from clients.metadata import ClientMetadata
from clients.metadata_rules import checked
from clients.refusals import InvalidMetadata
from idp import clock
from idp.database import in_transaction
from idp.oidc import key_rotation, signing_keys
from idp.oidc.encryption import ALGORITHMS, ENCRYPTIONS
from idp.oidc.key_material import ENCRYPTING
from tests.protocol.test_strict_relying_parties import NODE
from tests.support.installation import ISSUER
from tests.support.keyed_party import KeyedParty, error_page, register_keyed

_ALL = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCRYPTIONS, "RSA-OAEP", "DEF"], strict_check_header=False)


@pytest.fixture
def party(app: Flask) -> KeyedParty:
    """A client with a key and no profile."""
    return register_keyed()


def published(browser: FlaskClient) -> dict[str, Key]:
    """The keys that the JWKS says are to be encrypted to, by their type."""
    keys = KeySet.import_key_set(browser.get("/jwks").get_json()).keys
    return {key.key_type: key for key in keys if key.get("use") == "enc"}


def encrypted(text: str, key: Key, alg: str, enc: str = "A128GCM", **header: Any) -> str:
    """A compact JWE; None in the header leaves a member out."""
    whole = {"alg": alg, "enc": enc, "cty": "JWT", "kid": key.kid, **header}
    return jwe.encrypt_compact({name: value for name, value in whole.items() if value is not None}, text, key, registry=_ALL)


def by_value(browser: FlaskClient, party: KeyedParty, request_object: str) -> Any:
    return browser.get("/authorize", query_string={"client_id": party.client_id, "request": request_object})


def to_us(browser: FlaskClient, text: str, alg: str = "RSA-OAEP-256", **more: Any) -> str:
    return encrypted(text, published(browser)["RSA" if alg.startswith("RSA") else "EC"], alg, **more)


def test_a_signed_request_object_may_be_encrypted_to_a_key_of_the_published_set_in_every_way_that_discovery_names(
    browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID
) -> None:
    told = browser.get("/.well-known/openid-configuration").get_json()
    ways = [(alg, "A128GCM") for alg in told["request_object_encryption_alg_values_supported"]]
    ways += [("ECDH-ES", enc) for enc in told["request_object_encryption_enc_values_supported"]]
    assert len(ways) == len(ALGORITHMS) + len(ENCRYPTIONS)
    for alg, enc in ways:
        assert "code" in party.answer(by_value(browser, party, to_us(browser, party.request_object(), alg, enc=enc)))


def test_what_another_library_encrypts_is_read_in_every_way_that_discovery_names(
    browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID, node_programs: Path
) -> None:
    """jose (npm) signs and encrypts, from the published set and the names in discovery alone."""
    told = browser.get("/.well-known/openid-configuration").get_json()
    algs, encs = (told[f"request_object_encryption_{kind}_values_supported"] for kind in ("alg", "enc"))
    now = int(clock.now().timestamp())
    given = {
        "jwks": browser.get("/jwks").get_json(), "ways": [(alg, enc) for alg in algs for enc in encs], "signing_alg": party.alg,
        "signing_key": party.signing_key.as_dict(private=True),
        "claims": {**party.request(), "iss": party.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300},
    }  # fmt: skip
    done = subprocess.run([NODE, "encrypting.mjs", json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sealed = json.loads(done.stdout)
    assert len(sealed) == len(algs) * len(encs)
    for one in sealed:
        assert "code" in party.answer(by_value(browser, party, one)), one[:80]


def test_it_may_be_pushed_and_need_not_name_its_key(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    sealed = to_us(browser, party.request_object(), kid=None, cty=None)
    pushed = party.push(browser, {"request": sealed})
    assert pushed.status_code == 201, pushed.text
    assert "code" in party.answer(party.open(browser, pushed.get_json()["request_uri"]))


def test_being_encrypted_stands_for_no_signature(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    """RFC 9101 §10.2: everybody can encrypt to us."""
    claims = {**party.request(), "iss": party.client_id}
    other = register_keyed()
    for inside in (json.dumps(claims), "", "a.b", other.request_object(client_id=party.client_id, iss=party.client_id)):
        assert error_page(by_value(browser, party, to_us(browser, inside or "x")))


def test_what_is_inside_counts_by_the_same_rules_as_without_encryption(
    browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID
) -> None:
    """RFC 9101 §6.3: opened, it is a request object like any other."""
    now = int(clock.now().timestamp())
    wrong: list[dict[str, Any]] = [
        {"iss": "another"},
        {"aud": "https://elsewhere.test"},
        {"exp": now - 1},
        {"client_id": "another"},
        {"sub": party.client_id},
    ]
    for changed in (*wrong, {"request_uri": "https://rp.test/object"}):
        told = party.answer(by_value(browser, party, to_us(browser, party.request_object(**changed))))
        assert told["error"] == "invalid_request_object", changed


def test_what_is_not_for_us_or_changed_on_the_way_is_refused(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    signed, (rsa, ec) = party.request_object(), (published(browser)["RSA"], published(browser)["EC"])
    stranger = RSAKey.generate_key(2048, {"kid": str(rsa.kid)})
    whole = to_us(browser, signed)
    header, key, vector, text, tag = whole.split(".")
    wrong = (
        encrypted(signed, stranger, "RSA-OAEP-256"),
        encrypted(signed, ECKey.generate_key("P-256", {"kid": str(ec.kid)}), "ECDH-ES"),
        encrypted(signed, rsa, "RSA-OAEP-256", kid="unknown"),
        encrypted(signed, rsa, "RSA-OAEP-256", kid=ec.kid),
        encrypted(signed, RSAKey.import_key({**rsa.as_dict(), "alg": "RSA-OAEP"}), "RSA-OAEP"),
        encrypted(signed, rsa, "RSA-OAEP-256", zip="DEF"),
        encrypted(signed, rsa, "RSA-OAEP-256", cty="text/plain"),
        encrypted(whole, rsa, "RSA-OAEP-256"),
        ".".join((header, key, vector, text[:-2] + ("AA" if text[-2:] != "AA" else "BB"), tag)),
        ".".join((header, "", vector, text, tag)),
        ".".join(("e30", key, vector, text, tag)),
        "....",
        "a.b.c.d.e",
    )
    for sealed in wrong:
        assert error_page(by_value(browser, party, sealed)), sealed[:60]


def test_a_key_that_signs_opens_nothing_and_one_that_opens_signs_nothing(browser: FlaskClient, party: KeyedParty) -> None:
    keys = browser.get("/jwks").get_json()["keys"]
    signing = next(key for key in keys if key["kty"] == "RSA" and key["use"] == "sig")
    as_if = RSAKey.import_key({**signing, "use": "enc", "alg": "RSA-OAEP-256"})
    assert error_page(by_value(browser, party, encrypted(party.request_object(), as_if, "RSA-OAEP-256")))
    assert not {key.kid for key in signing_keys.verification_keys().keys} & {key.kid for key in published(browser).values()}


def test_after_a_change_of_keys_the_old_one_leaves_the_set_and_is_read_for_as_long_as_it_is_kept(
    app: Flask, browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    before = published(browser)["RSA"]
    made = in_transaction(lambda connection: key_rotation.rotate(connection, "RSA-OAEP-256", actor="cli:test"))
    time.advance(seconds=3599)
    both = {key["kid"] for key in browser.get("/jwks").get_json()["keys"] if key.get("alg") == "RSA-OAEP-256"}
    assert both == {before.kid, made}
    time.advance(seconds=1)
    assert published(browser)["RSA"].kid == made
    assert "code" in party.answer(by_value(browser, party, encrypted(party.request_object(), before, "RSA-OAEP-256")))
    time.advance(seconds=int(timedelta(days=31).total_seconds()))
    in_transaction(key_rotation.remove_dead)
    signing_keys.keys(anew=True)
    assert error_page(by_value(browser, party, encrypted(party.request_object(), before, "RSA-OAEP-256")))


def test_one_of_each_kind_is_made_before_anybody_asks_and_replaced_by_the_worker(app: Flask, time: clock.ManualClock) -> None:
    in_transaction(key_rotation.create_missing)
    assert {loaded.alg for loaded in signing_keys.keys(anew=True)} >= set(ENCRYPTING)
    time.advance(days=91)
    made = in_transaction(key_rotation.rotate_due)
    assert {loaded.alg for loaded in signing_keys.keys(anew=True) if loaded.kid in made} >= set(ENCRYPTING)


def test_a_client_may_say_how_it_encrypts(app: Flask) -> None:
    wanted = {"client_name": "Một cửa", "redirect_uris": ("https://rp.test/cb",), "request_object_encryption_alg": "ECDH-ES"}
    assert checked(ClientMetadata(**wanted)).request_object_encryption_enc == "A128CBC-HS256"  # type: ignore[arg-type]
    for wrong in (
        {"request_object_encryption_alg": "RSA1_5"}, {"request_object_encryption_enc": "A128"},
        {"request_object_encryption_alg": None, "request_object_encryption_enc": "A128GCM"},
    ):  # fmt: skip
        with pytest.raises(InvalidMetadata):
            checked(ClientMetadata(**{**wanted, **wrong}))  # type: ignore[arg-type]
