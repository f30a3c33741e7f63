"""Rules of keys that a client publishes at its jwks_uri (OpenID Connect Registration §2)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from clients import published_keys
from idp.app import create_app
from tests.support.assertions import JWKS, assertion, is_known, show
from tests.support.installation import close, settings_for
from tests.support.listening_client import ListeningClient, listening_client
from tests.support.relying_party import RelyingParty, register_party


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A client that signs with its own key, by whichever algorithm."""
    return register_party(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        yield client


@pytest.fixture
def reaching(database_url: str, listener: ListeningClient) -> Iterator[Flask]:
    """An application that may read what the listener publishes."""
    application = create_app(settings_for(database_url, outbound_allow=f"127.0.0.1:{listener.port}"))
    with application.app_context():
        yield application
    close(application)


def test_published_keys_are_read_once_and_again_when_a_new_one_signs(
    reaching: Flask, listener: ListeningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`oidcc-registration-jwks-uri`, `oidcc-refresh-token-rp-key-rotation`."""
    listener.documents["/jwks"] = JWKS
    party, browser = _at_jwks_uri(listener), reaching.test_client()
    assert is_known(show(browser, assertion(party)))
    assert is_known(show(browser, assertion(party, "PS256")))
    assert listener.read == ["/jwks"]
    fresh = ECKey.generate_key("P-256", {"kid": "fresh"})
    listener.documents["/jwks"] = {"keys": [fresh.as_dict(private=False)]}
    assert is_known(show(browser, assertion(party, key=fresh)))
    assert not is_known(show(browser, assertion(party)))
    for _ in range(5):
        assert not is_known(show(browser, assertion(party, header={"kid": "invented"})))
    assert len(listener.read) == 2  # invented names of keys make nobody fetch
    monkeypatch.setattr(published_keys, "AGAIN_SECONDS", 0)
    assert not is_known(show(browser, assertion(party)))
    assert len(listener.read) == 3


def test_keys_that_cannot_be_read_now_are_those_of_before(
    reaching: Flask, listener: ListeningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_keys, "FRESH_SECONDS", 0)
    monkeypatch.setattr(published_keys, "FAILED_SECONDS", 0)
    listener.documents["/jwks"] = JWKS
    party, browser = _at_jwks_uri(listener), reaching.test_client()
    assert is_known(show(browser, assertion(party)))
    for broken in (b"not json", {"keys": "x"}, {"keys": [1] * 21}, b"[]", b"x" * 70_000, None):
        listener.documents["/jwks"] = broken
        assert is_known(show(browser, assertion(party))), broken
    assert len(listener.read) > 6


def test_a_client_whose_keys_cannot_be_reached_is_not_known_and_nothing_breaks(reaching: Flask, listener: ListeningClient) -> None:
    browser = reaching.test_client()
    assert not is_known(show(browser, assertion(_at_jwks_uri(listener))))


def _at_jwks_uri(listener: ListeningClient) -> RelyingParty:
    return register_party(token_endpoint_auth_method="private_key_jwt", jwks_uri=listener.url("/jwks"))
