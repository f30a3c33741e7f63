"""Rules of tokens, proofs, assertions and requests that are made to hurt: too large, ambiguous, signed by a key of the wrong kind."""

import base64
import hmac
import json
import time as wall
import tracemalloc
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from idp.database import db, reader
from idp.oidc import signing_keys
from tests.support.bound_party import BoundParty, register_bound
from tests.support.keyed_party import ASSERTION_TYPE, sign
from tests.support.relying_party import RelyingParty, register_party

MIB = 1024 * 1024
Way = Callable[[FlaskClient, BoundParty, str], TestResponse]
# Every place that takes a JWT.
WAYS: dict[str, Way] = {
    "assertion": lambda browser, _, jwt: browser.post("/token", data={"client_assertion_type": ASSERTION_TYPE, "client_assertion": jwt}),
    "request at par": lambda browser, party, jwt: browser.post("/par", data={"request": jwt, **party.assertion()}),
    "request": lambda browser, party, jwt: browser.get("/authorize", query_string={"client_id": party.client_id, "request": jwt}),
    "proof": lambda browser, party, jwt: party.post(browser, {"grant_type": "refresh_token"}, {"DPoP": jwt}),
    "hint": lambda browser, _, jwt: browser.get("/authorize", query_string={**register_party().request(), "id_token_hint": jwt}),
    "hint at sign-out": lambda browser, _, jwt: browser.get("/end_session", query_string={"id_token_hint": jwt}),
    "introspected": lambda browser, party, jwt: browser.post("/introspect", data={"token": jwt, **party.assertion()}),
    "given back": lambda browser, party, jwt: browser.post("/revoke", data={"token": jwt, **party.assertion()}),
    "shown": lambda browser, _, jwt: browser.get("/userinfo", headers={"Authorization": f"Bearer {jwt}"}),
    "shown in a form": lambda browser, _, jwt: browser.post("/userinfo", data={"access_token": jwt}),
}


@pytest.fixture
def fapi(app: Flask) -> BoundParty:
    """A client whose tokens are bound by DPoP."""
    return register_bound()


def encoded(text: str | bytes) -> str:
    return base64.urlsafe_b64encode(text.encode() if isinstance(text, str) else text).rstrip(b"=").decode()


def harmless(response: TestResponse) -> bool:
    """Refused, or answered as if nothing had been sent: never believed, never an error of ours."""
    if response.status_code == 303:
        return "error=invalid_request" in response.headers["Location"]
    return response.status_code in (400, 401, 413) or (response.status_code == 200 and b"access_token" not in response.data)


# A body may be as long as its sender likes; an address of more than a few KiB no server takes.
HUGE = [(way, MIB) for way in WAYS] + [(way, 50 * MIB) for way in ("assertion", "request at par", "introspected", "shown in a form")]


@pytest.mark.parametrize(("way", "size"), HUGE)
def test_a_huge_jwt_is_refused_at_once_and_costs_no_memory(browser: FlaskClient, fapi: BoundParty, way: str, size: int) -> None:
    """JOS-001."""
    WAYS[way](browser, fapi, "x")  # keys are made, modules are warm
    for jwt in (f"{'A' * size}.e30.AA", f"{encoded(json.dumps({'alg': 'ES256'}))}.e30.{'A' * size}")[: 2 if size == MIB else 1]:
        tracemalloc.start()
        begun = wall.process_time()
        response = WAYS[way](browser, fapi, jwt)
        spent, (_, peak) = wall.process_time() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert harmless(response)
        assert spent < 1 + 4 * size / (50 * MIB)  # with what the test's own client needs to send so much
        assert peak < 6 * size + 50 * MIB


@pytest.mark.parametrize("way", WAYS)
def test_a_jwt_that_two_readers_could_read_differently_is_refused(browser: FlaskClient, fapi: BoundParty, way: str) -> None:
    """JOS-005."""
    header = encoded(json.dumps({"alg": "ES256", "typ": "dpop+jwt"}))
    for claims in (
        '{"sub":"a","sub":"b"}',
        '{"iat":NaN}',
        '{"exp":1' + "0" * 400 + "}",
        "[" * 3000 + "]" * 3000,
        '{"a":' * 900 + "1" + "}" * 900,
        "[]",
        "1",
    ):
        assert harmless(WAYS[way](browser, fapi, f"{header}.{encoded(claims)}.AA"))
    for broken in (
        "..",
        ".",
        "a.b.c.d.e",
        "é.é.é",
        "e30.e30.",
        "=.=.=",
        "e30.e30.AA",
        "null.null.null",
        f"{encoded('null')}.e30.AA",
        f"{encoded('[]')}.e30.AA",
    ):
        assert harmless(WAYS[way](browser, fapi, broken))


@pytest.mark.parametrize("way", ["introspected", "given back", "shown", "hint", "hint at sign-out"])
def test_our_own_tokens_cannot_be_made_with_our_public_keys(
    browser: FlaskClient, fapi: BoundParty, way: str, session_id: uuid.UUID
) -> None:
    """RFC 8725 §2.1: algorithm confusion, none, and a key that the token brings along."""
    party: RelyingParty = register_party(access_token_format="jwt")
    tokens = party.tokens(browser)
    genuine = tokens["access_token"] if way in ("introspected", "given back", "shown") else tokens["id_token"]
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in genuine.split(".")[:2])
    pem = signing_keys.require_signing_key(header["alg"]).key.as_pem(private=False)
    confused = f"{encoded(json.dumps({**header, 'alg': 'HS256'}))}.{genuine.split('.')[1]}"
    forged = [
        f"{confused}.{encoded(hmac.digest(pem, confused.encode(), 'sha256'))}",
        sign("ES256", fapi.signing_key, claims, kid=header["kid"], typ=header["typ"]),
        sign("ES256", fapi.signing_key, claims, kid=None, typ=header["typ"], jwk=fapi.signing_key.as_dict(private=False)),
        sign("ES256", fapi.signing_key, claims, kid="../../etc/passwd", typ=header["typ"], jku="https://rp.test/keys"),
        f"{encoded(json.dumps({**header, 'alg': 'none'}))}.{genuine.split('.')[1]}.",
        genuine[:-6] + ("AAAAAA" if genuine[-6:] != "AAAAAA" else "BBBBBB"),
    ]
    for jwt in forged:
        response = WAYS[way](browser, fapi, jwt)
        assert harmless(response)
        if way == "introspected":
            assert response.get_json() == {"active": False}
    assert party.userinfo(browser, tokens["access_token"]).status_code == 200


def test_a_flood_of_requests_from_nobody_leaves_nothing_behind(app: Flask, browser: FlaskClient, party: RelyingParty) -> None:
    """DOS-001: who is not signed in travels with the request, sealed; no row is written for them but those that explain a refusal, of
    which one address gets twenty a minute."""

    def rows() -> dict[str, int]:
        counted: dict[str, int] = {}
        for table in db.metadata.sorted_tables:
            counted[table.name] = reader().execute(select(func.count()).select_from(table)).scalar_one()
        return counted

    party.authorize(browser)
    before = rows()
    for number in range(200):
        assert app.test_client().get("/authorize", query_string=party.request(state=f"s{number}")).status_code == 303
    for _ in range(60):
        browser.post("/token", data={"client_id": "nobody"})
        browser.get("/userinfo", headers={"Authorization": "DPoP x", "DPoP": "x"})
    after = rows()
    assert after.pop("failed_request") == before.pop("failed_request") + 20
    assert after == before


@pytest.mark.parametrize("hint", ["<script>alert(1)</script>", "*)(uid=*))(|(uid=*", "x" * 4000, "é" * 300, "\u202e"])
def test_a_login_hint_is_shown_as_text_and_never_looked_up(browser: FlaskClient, party: RelyingParty, hint: str) -> None:
    """DOS-005."""
    response = party.authorize(browser, login_hint=hint)
    page = browser.get(response.headers["Location"])
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.text
    assert len(page.data) < 60_000
