"""Whatever a client signs, pushing it and opening it breaks nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.installation import Databases, close, settings_for
from tests.support.keyed_party import KeyedParty, register_keyed
from tests.support.people import add_person
from tests.support.relying_party import sign_in
from wsgi import build

NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "acr_values", "claims", "login_hint", "id_token_hint", "ui_locales", "resource", "dpop_jkt", "iss", "aud", "exp",
    "nbf", "iat", "jti", "sub", "request", "request_uri", "registration", "display",
)  # fmt: skip
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30))
some_json = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4), max_leaves=8
)
changes = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), some_json, max_size=6)
wishes = st.dictionaries(
    st.sampled_from(["id_token", "userinfo", "x"]),
    st.dictionaries(st.sampled_from(["acr", "sub", "name", "y"]), some_json, max_size=3),
    max_size=3,
)


@pytest.fixture(scope="module")
def installation(postgresql_databases: Databases) -> Iterator[Flask]:
    """On PostgreSQL, which is the stricter one about text."""
    application = build(settings_for(postgresql_databases.fresh()))
    application.config.update(PROPAGATE_EXCEPTIONS=False)
    with application.app_context():
        yield application
    close(application)


@pytest.fixture(scope="module")
def party(installation: Flask) -> KeyedParty:
    return register_keyed()


@pytest.fixture(scope="module")
def client(installation: Flask) -> FlaskClient:
    browser = installation.test_client()
    sign_in(browser, add_person())
    return browser


@settings(max_examples=150)
@given(changes=changes)
def test_any_claims_in_a_request_object(client: FlaskClient, party: KeyedParty, changes: dict[str, Any]) -> None:
    text = party.request_object(**changes)
    pushed = client.post("/par", data={"request": text, **party.assertion()})
    assert pushed.status_code in (201, 400), pushed.text
    assert client.get("/authorize", query_string={"client_id": party.client_id, "request": text}).status_code < 500
    if pushed.status_code == 201:
        assert party.open(client, pushed.get_json()["request_uri"]).status_code in (200, 303, 400)


@settings(max_examples=100)
@given(wish=wishes)
def test_any_claims_parameter(client: FlaskClient, party: KeyedParty, wish: dict[str, Any]) -> None:
    assert (
        client.get("/authorize", query_string={"client_id": party.client_id, "request": party.request_object(claims=wish)}).status_code
        < 500
    )
