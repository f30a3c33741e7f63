"""Rules of the parameter resource in authorization requests (RFC 8707 §2)."""

import uuid
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients import resources
from clients.resources import Resource
from idp.database import in_transaction
from idp.oidc.authorization_code import open_code
from idp.oidc.parameters import MalformedRequest, parse, written
from tests.support.keyed_party import register_keyed
from tests.support.relying_party import RelyingParty, register_party

DOCUMENTS, TAXES = "https://api.hagiang.test/van-ban", "https://api.hagiang.test/thue"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A client that may ask for two resources."""
    for identifier, scopes in ((DOCUMENTS, ("documents:read",)), (TAXES, ("taxes:read",))):
        wanted = Resource(identifier, identifier, scopes, "jwt", None)
        in_transaction(lambda c, wanted=wanted: resources.add(c, wanted, actor="cli:test"))  # type: ignore[misc]
    return register_party(resources=(DOCUMENTS, TAXES), scope="openid profile documents:read taxes:read")


def test_one_or_several_may_be_named_and_stand_in_the_code(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    for asked in ([DOCUMENTS], [DOCUMENTS, TAXES]):
        query = urlencode({**party.request(scope="openid documents:read"), "resource": asked}, doseq=True)
        granted = open_code(party.answer(browser.get(f"/authorize?{query}"))["code"])
        assert list(granted.resource) == asked
        assert granted.scope == "openid documents:read"


def test_they_may_be_a_list_in_a_request_object(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    keyed = register_keyed(resources=(DOCUMENTS, TAXES))
    query = {"client_id": keyed.client_id, "request": keyed.request_object(resource=[DOCUMENTS, TAXES])}
    granted = open_code(keyed.answer(browser.get("/authorize", query_string=query))["code"])
    assert granted.resource == (DOCUMENTS, TAXES)


@pytest.mark.parametrize("resource", ["https://unknown.test/", TAXES + "#x", "not a URI", "https://api.hagiang.test/", DOCUMENTS.upper()])
def test_no_other_is_taken(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, resource: str) -> None:
    response = party.authorize(browser, resource=resource)
    assert response.status_code == 400 if " " in resource else party.answer(response)["error"] == "invalid_target"


def test_one_that_the_client_is_not_registered_for_is_not_taken(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    other = register_party(resources=(DOCUMENTS,), scope="openid")
    assert other.answer(other.authorize(browser, resource=TAXES))["error"] == "invalid_target"


def test_several_survive_the_way_from_a_posted_request_to_the_browser_s_own(app: Flask, browser: FlaskClient, party: RelyingParty) -> None:
    posted = urlencode({**party.request(), "resource": [DOCUMENTS, TAXES]}, doseq=True)
    answer = browser.post("/authorize", data=posted, content_type="application/x-www-form-urlencoded")
    assert browser.get(answer.location).location.startswith("/sign-in?")


def test_what_is_read_can_be_written_and_read_again() -> None:
    read = parse(b"resource=https://a.test/&state=%C3%A9%26&resource=https://b.test/?x=1", 1000)
    assert read == {"resource": "https://a.test/ https://b.test/?x=1", "state": "é&"}
    assert parse(written(read).encode(), 1000) == read
    for raw in (b"resource=a&resource=b&state=1&state=2", b"resource=a%20b", b"resource=a+b&resource=c"):
        with pytest.raises(MalformedRequest):
            parse(raw, 1000)


def test_without_openid_it_is_a_request_of_oauth_alone(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """RFC 6749: an access token for an API, no ID token, nothing at /userinfo (the plain_oauth variants of FAPI 2.0)."""
    told = party.tokens(browser, scope="documents:read", resource=DOCUMENTS)
    assert "id_token" not in told
    assert told["scope"] == "documents:read"
    assert party.userinfo(browser, told["access_token"]).status_code in (401, 403)
    for scope in ("profile", "profile offline_access", "unknown", None):
        assert party.answer(party.authorize(browser, scope=scope))["error"] == "invalid_scope"
