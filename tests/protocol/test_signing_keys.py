"""Rules of signing keys: one algorithm each, published before use, replaced in time, withdrawn when somebody else has them."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp import clock
from idp.app import create_app
from idp.database import in_transaction
from idp.doctor import examine
from idp.oidc import key_rotation, signing_keys
from idp.oidc.cli import keys as keys_commands
from idp.oidc.id_token import HintUnusable, read_hint
from idp.oidc.key_material import KINDS, SIGNING_NAMES
from tests.support.installation import close, settings_for
from tests.support.relying_party import register_party, sign_in
from tests.support.trail import kinds


def published(browser: FlaskClient) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = browser.get("/jwks").get_json()["keys"]
    return keys


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


@pytest.mark.parametrize("alg", SIGNING_NAMES)
def test_an_id_token_is_signed_as_its_client_wants_by_a_key_of_the_published_set(
    app: Flask, browser: FlaskClient, person_id: Any, alg: str
) -> None:
    """oidcc-idtoken-rs256, oidcc-idtoken-signature"""
    party = register_party(id_token_signed_response_alg=alg)
    sign_in(browser, person_id)
    token = party.tokens(browser)["id_token"]
    keys = KeySet.import_key_set({"keys": published(browser)})
    decoded = jwt.decode(token, keys, algorithms=[alg])
    assert decoded.header["alg"] == alg
    assert read_hint(token).client_id == party.client_id


def test_an_rsa_key_is_for_one_algorithm_and_an_edwards_key_for_both_of_its_names(browser: FlaskClient) -> None:
    keys = published(browser)
    assert [key.get("alg") for key in keys] == ["RS256", "PS256", "ES256", None, "RSA-OAEP-256", None]
    assert (keys[3]["kty"], keys[3]["crv"]) == ("OKP", "Ed25519")
    assert len({key["kid"] for key in keys}) == 6


def test_all_first_keys_are_made_before_anybody_asks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    in_transaction(key_rotation.create_missing)
    in_transaction(key_rotation.create_missing)

    def not_now(*_: object) -> bytes:
        raise AssertionError("a request made a key")

    monkeypatch.setattr(key_rotation, "generate", not_now)
    assert len(signing_keys.published_jwks()["keys"]) == len(KINDS)


def test_a_rotation_under_load_fails_no_verification(postgresql_url: str, time: clock.ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOK-023, oidcc-server-rotate-keys: a client that keeps the JWKS as long as it may and
    never asks again before finds every key, although another process signs than the one that rotates and answers."""
    monkeypatch.setattr(signing_keys, "FRESH_SECONDS", 0.0)
    rotating, signing = create_app(settings_for(postgresql_url)), create_app(settings_for(postgresql_url))
    with rotating.app_context():
        in_transaction(key_rotation.create_missing)
    signed: list[str] = []
    stop = threading.Event()

    def keep_signing() -> None:
        with signing.app_context():
            while not stop.is_set():
                signed.append(signing_keys.sign("ES256", "JWT", {"sub": "x"}))

    threads = [threading.Thread(target=keep_signing) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen: set[str] = set()
    with rotating.app_context():
        for step in range(40):
            if step % 2 == 0:  # ten minutes: as long as Cache-Control allows
                keys = KeySet.import_key_set(rotating.test_client().get("/jwks").get_json())
            if step in (2, 16, 18):  # right after the client has fetched
                in_transaction(lambda c: key_rotation.rotate(c, "ES256", actor="cli:test"))
            done = len(signed)
            while len(signed) < done + 8:
                pass
            for token in signed[done:]:
                jwt.decode(token, keys, algorithms=["ES256"])
                seen.add(kid_of(token))
            time.advance(minutes=5)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    close(rotating)
    close(signing)


def test_the_worker_rotates_what_is_older_than_the_setting_says(app: Flask, time: clock.ManualClock) -> None:
    in_transaction(key_rotation.create_missing)
    time.advance(days=89)
    assert in_transaction(key_rotation.rotate_due) == []
    time.advance(days=1)
    assert len(in_transaction(key_rotation.rotate_due)) == len(KINDS)
    assert in_transaction(key_rotation.rotate_due) == []
    before = signing_keys.require_signing_key("RS256").kid
    time.advance(hours=1)
    assert signing_keys.require_signing_key("RS256").kid != before


def test_a_rotation_can_be_left_to_the_operator(database_url: str, time: clock.ManualClock) -> None:
    app = create_app(settings_for(database_url, signing_key_days=0))
    with app.app_context():
        in_transaction(key_rotation.create_missing)
        time.advance(days=1000)
        assert in_transaction(key_rotation.rotate_due) == []
    close(app)


def test_a_retired_key_stays_published_until_its_last_token_died_and_its_successor_signs_at_once(
    app: Flask, browser: FlaskClient, time: clock.ManualClock
) -> None:
    token = signing_keys.sign("RS256", "JWT", {"sub": "x"})
    assert in_transaction(lambda c: key_rotation.retire(c, kid_of(token), actor="cli:test"))
    assert not in_transaction(lambda c: key_rotation.retire(c, kid_of(token), actor="cli:test"))
    assert signing_keys.require_signing_key("RS256").kid != kid_of(token)
    time.advance(seconds=600)
    assert kid_of(token) in [key["kid"] for key in published(browser)]
    time.advance(seconds=121)
    assert kid_of(token) not in [key["kid"] for key in published(browser)]


def test_a_key_already_published_takes_over_from_one_that_is_retired_in_a_hurry(app: Flask, time: clock.ManualClock) -> None:
    first = signing_keys.require_signing_key("RS256").kid
    following = in_transaction(lambda c: key_rotation.rotate(c, "RS256", actor="cli:test"))
    time.advance(minutes=5)
    assert in_transaction(lambda c: key_rotation.retire(c, first, actor="cli:test"))
    assert signing_keys.require_signing_key("RS256").kid == following


@pytest.mark.parametrize("deed", [key_rotation.retire, key_rotation.withdraw])
def test_when_the_next_key_goes_before_it_signs_the_present_one_stays(app: Flask, time: clock.ManualClock, deed: Any) -> None:
    present = signing_keys.require_signing_key("RS256").kid
    following = in_transaction(lambda c: key_rotation.rotate(c, "RS256", actor="cli:test"))
    assert in_transaction(lambda c: deed(c, following, actor="cli:test"))
    time.advance(hours=2)
    assert signing_keys.require_signing_key("RS256").kid == present


def test_a_withdrawn_key_leaves_the_set_at_once_and_vouches_for_nothing_any_more(app: Flask, browser: FlaskClient, person_id: Any) -> None:
    party = register_party()
    sign_in(browser, person_id)
    token = party.tokens(browser)["id_token"]
    assert in_transaction(lambda c: key_rotation.withdraw(c, kid_of(token), actor="cli:test"))
    assert not in_transaction(lambda c: key_rotation.withdraw(c, kid_of(token), actor="cli:test"))
    keys = published(browser)
    assert kid_of(token) not in [key["kid"] for key in keys]
    assert [key.get("alg") for key in keys].count("RS256") == 1
    with pytest.raises(HintUnusable):
        read_hint(token)
    with pytest.raises(JoseError):
        jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"])
    assert kinds("signing_key.withdrawn") == ["signing_key.withdrawn"]


def test_an_operator_withdraws_a_compromised_key_and_is_told_what_that_means(app: Flask) -> None:
    kid = signing_keys.require_signing_key("ES256").kid
    run = CliRunner()
    asked = run.invoke(keys_commands, ["retire", kid, "--compromised"], input="n\n")
    assert asked.exit_code == 1
    assert signing_keys.require_signing_key("ES256").kid == kid
    done = run.invoke(keys_commands, ["retire", kid, "--compromised", "--yes"])
    assert done.exit_code == 0
    assert "10 minutes" in done.output
    assert signing_keys.require_signing_key("ES256").kid != kid


def test_doctor_notices_a_missing_an_overdue_and_an_unreadable_key(database_url: str, time: clock.ManualClock) -> None:
    app = create_app(settings_for(database_url))
    with app.app_context():
        assert "db upgrade" in dict(examine())["signing keys"]
        in_transaction(key_rotation.create_missing)
        assert dict(examine())["signing keys"] == ""
        time.advance(days=93)
        assert "keys rotate --alg RS256" in dict(examine())["signing keys"]
    close(app)
    other = create_app(settings_for(database_url, sealing_keys="9:" + "A" * 43 + "="))
    with other.app_context():
        assert "HOPNHAT_SEALING_KEYS" in dict(examine())["signing keys"]
    close(other)


def test_a_key_is_published_longer_before_use_than_anybody_may_keep_the_set(browser: FlaskClient) -> None:
    """TOK-023."""
    seconds = int(browser.get("/jwks").headers["Cache-Control"].partition("max-age=")[2])
    assert timedelta(seconds=seconds) + timedelta(seconds=60) < key_rotation.PUBLISHED_BEFORE_USE
