"""Rules of clients that registered themselves: whom they reach through us, and what an administrator took from them (RFC 7592 §2.2)."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.metadata import ClientMetadata
from clients.registration import change, register
from clients.registry import find_client
from idp.app import create_app
from idp.database import in_transaction
from idp.oidc.client_keys import keys_of
from tests.protocol.test_registration import initial_token, refused, registered, send
from tests.protocol.test_registration_management import manage
from tests.support.assertions import JWKS
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.listening_client import ListeningClient, listening_client

BY_KEY = {"client_name": "Tra cứu", "redirect_uris": ["https://rp.test/cb"], "token_endpoint_auth_method": "private_key_jwt"}


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        client.documents["/jwks"] = JWKS
        yield client


@pytest.fixture
def open_to_all(database_url: str, listener: ListeningClient) -> Iterator[Flask]:
    """A provider where everybody registers, and whose operator lets it reach one private host."""
    application = create_app(settings_for(database_url, registration="open", outbound_allow=f"127.0.0.1:{listener.port}"))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.mark.parametrize("name", ["jwks_uri", "backchannel_logout_uri", "logo_uri", "request_uris", "sector_identifier_uri"])
def test_a_private_host_that_the_operator_allows_is_not_for_a_stranger(open_to_all: Flask, listener: ListeningClient, name: str) -> None:
    browser, url = open_to_all.test_client(), listener.url("/jwks")
    wanted = {**BY_KEY, "jwks": JWKS, name: [url] if name == "request_uris" else url}
    if name == "jwks_uri":
        del wanted["jwks"]
    assert refused(send(browser, wanted, None), "invalid_client_metadata")
    assert listener.read == []


@pytest.mark.parametrize("name", ["jwks_uri", "backchannel_logout_uri", "request_uris"])
def test_a_public_name_of_a_private_host_is_refused_when_it_is_registered(
    open_to_all: Flask, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REG-003: what this server will ask or tell is looked up at once, and nobody is asked."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    url = "https://intern.rp.test/x"
    wanted = {**BY_KEY, "jwks": JWKS, name: [url] if name == "request_uris" else url}
    if name == "jwks_uri":
        del wanted["jwks"]
    assert refused(send(open_to_all.test_client(), wanted, None), "invalid_client_metadata")
    del found[1]
    assert send(open_to_all.test_client(), wanted, None).status_code == 201


def test_it_is_for_whom_an_administrator_gave_a_token_and_for_whom_one_registered(open_to_all: Flask, listener: ListeningClient) -> None:
    browser, wanted = open_to_all.test_client(), {**BY_KEY, "jwks_uri": listener.url("/jwks")}
    told = send(browser, wanted, initial_token())
    assert told.status_code == 201
    assert "public_addresses_only" not in told.get_json()
    own = in_transaction(lambda c: register(c, ClientMetadata(**{**wanted, "redirect_uris": ("https://rp.test/cb",)}), actor="cli:test"))  # type: ignore[arg-type]
    for client_id in (told.get_json()["client_id"], own.client_id):
        client = find_client(client_id)
        assert client is not None
        assert len(keys_of(client).keys) == len(JWKS["keys"])


def test_a_stranger_does_not_become_known_by_changing_its_entry(open_to_all: Flask, listener: ListeningClient) -> None:
    browser = open_to_all.test_client()
    told = send(browser, {**BY_KEY, "jwks": JWKS, "public_addresses_only": False}, None).get_json()
    update = {**BY_KEY, "client_id": told["client_id"], "jwks_uri": listener.url("/jwks"), "public_addresses_only": False}
    assert refused(manage(browser, told, "PUT", update), "invalid_client_metadata")
    in_transaction(lambda c: change(c, told["client_id"], actor="cli:test", public_addresses_only=False))
    assert manage(browser, told, "PUT", update).status_code == 200  # an administrator has looked at it


def put(browser: FlaskClient, told: dict[str, Any], **more: Any) -> Any:
    wanted = {"client_id": told["client_id"], "client_name": "Tra cứu hồ sơ", "redirect_uris": told["redirect_uris"], **more}
    answer = manage(browser, told, "PUT", wanted)
    assert answer.status_code == 200, answer.text
    told["registration_access_token"] = answer.get_json()["registration_access_token"]
    return answer.get_json()


def test_what_an_administrator_took_the_client_does_not_take_back(app: Flask, browser: FlaskClient) -> None:
    told = registered(browser, scope="openid profile email phone")
    in_transaction(lambda c: change(c, told["client_id"], actor="person:x", scope="openid email"))
    assert put(browser, told, scope="openid profile email phone")["scope"] == "openid email"
    assert put(browser, told, scope="openid")["scope"] == "openid"
    assert put(browser, told)["scope"] == "openid email"  # its own step back it may undo
    in_transaction(lambda c: change(c, told["client_id"], actor="person:x", scope="openid email phone"))
    assert put(browser, told, scope="openid profile phone", widest_scope="openid profile")["scope"] == "openid phone"
    assert "widest_scope" not in json.dumps(put(browser, told))


def test_whom_no_administrator_narrowed_asks_for_what_it_wants(app: Flask, browser: FlaskClient) -> None:
    told = registered(browser, scope="openid")
    assert put(browser, told, scope="openid phone")["scope"] == "openid phone"
