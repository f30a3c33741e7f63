"""Rules of the page that tells an ID token apart: what an application must refuse, and that nothing is kept of it."""

import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import inspect, text

from clients.registry import find_even_disabled
from idp import clock
from idp.database import db
from idp.oidc import signing_keys
from idp.proof.token_check import BAD, GOOD, MIND, judge
from idp.roles.models import Role
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.signed_in import browser_of, send_form, words_of


@pytest.fixture
def token(app: Flask, browser: FlaskClient) -> tuple[RelyingParty, str]:
    """An application, and an ID token that it has just got."""
    assert app
    party = register_party()
    sign_in(browser, add_person())
    return party, party.tokens(browser)["id_token"]


def judged(party: RelyingParty, written: str, nonce: str = "") -> dict[str, str]:
    client = find_even_disabled(party.client_id)
    assert client is not None
    return {one.name: one.kind for one in judge(written, client, nonce).judged}


def signed(party: RelyingParty, typ: str = "JWT", **changes: Any) -> str:
    now = int(clock.now().timestamp())
    claims = {"iss": "http://127.0.0.1:8000", "aud": party.client_id, "sub": "s", "iat": now, "exp": now + 60, **changes}
    return signing_keys.sign("RS256", typ, {name: value for name, value in claims.items() if value is not None})


def test_a_token_of_ours_is_good_whatever_breaks_its_lines(token: tuple[RelyingParty, str]) -> None:
    party, written = token
    found = judged(party, "\n ".join([written[:50], written[50:]]), "n-1")
    assert set(found.values()) == {GOOD}
    assert {"alg", "kid", "signature", "iss", "aud", "exp", "iat", "nonce", "sub"} <= found.keys()


def test_each_thing_that_is_wrong_is_named(token: tuple[RelyingParty, str], time: clock.ManualClock) -> None:
    party, written = token
    now = int(time().timestamp())
    for changes, name in (
        ({"iss": "http://127.0.0.1:8000/"}, "iss"), ({"iss": None}, "iss"), ({"aud": "other"}, "aud"), ({"aud": []}, "aud"),
        ({"azp": "other"}, "azp"), ({"exp": now - 1}, "exp"), ({"exp": None}, "exp"), ({"iat": now + 3600}, "iat"), ({"iat": None}, "iat"),
        ({"sub": ""}, "sub"), ({"exp": 10**11}, ""), ({"aud": ["other", party.client_id]}, ""),
    ):  # fmt: skip
        wrong = {one for one, kind in judged(party, signed(party, **changes)).items() if kind == BAD}
        assert wrong == ({name} if name else set()), changes
    assert judged(party, signed(party))["nonce"] == MIND
    assert judged(party, written, "n-2")["nonce"] == BAD
    assert judged(party, signed(party, "logout+jwt"))["typ"] == BAD
    kept = signed(party)
    assert judged(party, kept)["exp"] == GOOD
    time.advance(seconds=61)
    assert judged(party, kept)["exp"] == BAD


def test_what_others_signed_or_changed_is_not_taken(token: tuple[RelyingParty, str]) -> None:
    party, written = token
    header, claims, signature = written.split(".")
    assert judged(party, f"{header}.{claims}.{'A' * len(signature)}")["signature"] == BAD
    kid = signing_keys.require_signing_key("RS256").kid
    forged = jwt.encode({"alg": "HS256", "kid": kid}, {"iss": "x"}, OctKey.import_key("k" * 32), algorithms=["HS256"])
    assert {judged(party, forged)[name] for name in ("alg", "signature")} == {BAD}
    foreign = jwt.encode({"alg": "RS256", "kid": "theirs"}, {"iss": "x"}, RSAKey.generate_key(2048))
    assert {judged(party, foreign)[name] for name in ("kid", "signature", "iss", "aud")} == {BAD}


def test_what_is_no_token_is_said_to_be_none(app: Flask) -> None:
    assert app
    party = register_party()
    for written in ("x", "a.b", "a.b.c", "a.b.c.d.e", "e30.e30.", "." * 9, "a" * 20_000, "é.é.é", "\0.\0.\0", "W10.W10.W10"):
        assert judged(party, written) == {"JWT": BAD}, written


def test_nothing_of_it_is_kept(app: Flask, token: tuple[RelyingParty, str], caplog: pytest.LogCaptureFixture) -> None:
    party, written = token
    admin, page = browser_of(app, Role.IT_ADMIN), f"/console/clients/{party.client_id}/token-check"
    with caplog.at_level(logging.DEBUG):
        shown = send_form(admin, page, {"id_token": written, "nonce": "n-1"})
    assert "Ứng dụng nhận được token này" in words_of(shown)
    assert written not in words_of(shown), "not even in the form again"
    assert written[-40:] not in caplog.text
    assert send_form(admin, page, {"id_token": ""}).status_code == 400
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                assert written[-40:] not in str(row), table
