"""Rules of telling clients: OpenID Connect Back-Channel Logout 1.0, and that no message is lost."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from clients.registration import change, disable
from idp import access, clock, outbox
from idp.app import create_app
from idp.database import in_transaction, reader
from idp.oidc import backchannel_logout
from idp.oidc.backchannel_logout import DELIVERERS, EVENT, deliveries
from idp.sessions import browser_sessions
from tests.support import trail
from tests.support.installation import ISSUER, close, settings_for
from tests.support.listening_client import ListeningClient, listening_client
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        yield client


@pytest.fixture
def app(database_url: str, listener: ListeningClient) -> Iterator[Flask]:
    """An installation whose operator lets it reach the listening client, and nobody else on loopback."""
    backchannel_logout._resting.clear()
    application = create_app(settings_for(database_url, outbound_allow=f"127.0.0.1:{listener.port}"))
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def party(app: Flask, listener: ListeningClient) -> RelyingParty:
    return register_party(backchannel_logout_uri=listener.url())


def end(session_id: uuid.UUID) -> None:
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))


def deliver() -> None:
    """Let the worker look until nothing is due."""
    while outbox.deliver_due(DELIVERERS):
        pass


def read(browser: FlaskClient, token: str) -> jwt.Token:
    return jwt.decode(token, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["RS256", "ES256"])


def test_discovery_says_that_clients_are_told(browser: FlaskClient) -> None:
    """oidcc-backchannel-logout-discovery-endpoint-verification"""
    told = browser.get("/.well-known/openid-configuration").get_json()
    assert told["backchannel_logout_supported"] is told["backchannel_logout_session_supported"] is True


def test_the_end_of_a_session_is_told_by_a_logout_token(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, time: clock.ManualClock
) -> None:
    session_id = sign_in(browser, person_id)
    sub = read(browser, party.tokens(browser)["id_token"]).claims["sub"]
    end(session_id)
    deliver()
    [taken] = listener.taken
    assert taken["host"] == f"127.0.0.1:{listener.port}"
    token = read(browser, taken["logout_token"])
    now = int(time.instant.timestamp())
    jti = token.claims.pop("jti")
    assert isinstance(jti, str)
    assert token.header["typ"] == "logout+jwt"
    assert token.claims == {
        "iss": ISSUER, "aud": party.client_id, "iat": now, "exp": now + 120, "events": {EVENT: {}}, "sub": sub, "sid": str(session_id),
    }  # fmt: skip
    assert trail.kinds("logout.delivered") == ["logout.delivered"]


def test_each_client_of_the_session_is_told_once_and_nobody_else(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient
) -> None:
    second = register_party(backchannel_logout_uri=listener.url("/second"), id_token_signed_response_alg="ES256")
    register_party(backchannel_logout_uri=listener.url("/stranger"))
    deaf = register_party()
    session_id = sign_in(browser, person_id)
    for client in (party, party, second, deaf):
        client.tokens(browser)
    end(session_id)
    end(session_id)
    deliver()
    assert sorted(taken["path"] for taken in listener.taken) == ["/backchannel-logout", "/second"]


def test_a_code_that_was_never_redeemed_opened_nothing(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient
) -> None:
    session_id = sign_in(browser, person_id)
    party.code(browser)
    end(session_id)
    deliver()
    assert listener.taken == []


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 302])
def test_a_client_that_does_not_confirm_is_told_again_with_a_fresh_token(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, time: clock.ManualClock, status: int
) -> None:
    session_id = sign_in(browser, person_id)
    party.tokens(browser)
    end(session_id)
    listener.answer = lambda _path: (status, {"Location": listener.url("/elsewhere")})
    deliver()
    assert len(listener.taken) == 1  # a redirect is not followed
    ledger = deliveries(reader(), client=party.key)[0]
    assert (ledger.attempts, ledger.delivered_at, ledger.last_error) == (1, None, f"answered {status}")
    listener.answer = lambda _path: (200, {})
    time.advance(seconds=2)
    deliver()
    first, second = (read(browser, taken["logout_token"]).claims["jti"] for taken in listener.taken)
    assert first != second
    assert deliveries(reader(), person_id=person_id)[0].delivered_at is not None
    assert trail.kinds("logout.delivered", "logout.failed") == ["logout.delivered", "logout.failed"]


def test_a_silent_client_is_given_up_after_a_day_with_two_events_not_forty(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, time: clock.ManualClock
) -> None:
    session_id = sign_in(browser, person_id)
    party.tokens(browser)
    end(session_id)
    listener.answer = lambda _path: (500, {})
    for _ in range(60):
        deliver()
        time.advance(minutes=30)
    assert deliveries(reader())[0].failed_at is not None
    assert trail.kinds("logout.failed") == ["logout.failed"] * 2
    assert len(listener.taken) > 10


def test_a_dead_client_delays_no_other(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, time: clock.ManualClock
) -> None:
    """Port 1 of loopback is not on the operator's list: refused without a connection, for good; the other is told."""
    dead = register_party(backchannel_logout_uri="http://127.0.0.1:1/dead")
    session_id = sign_in(browser, person_id)
    dead.tokens(browser)
    party.tokens(browser)
    end(session_id)
    deliver()
    assert [taken["path"] for taken in listener.taken] == ["/backchannel-logout"]
    assert deliveries(reader(), client=dead.key)[0].failed_at is not None


def test_while_a_client_does_not_answer_its_messages_wait_without_being_tried(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        session_id = sign_in(browser, person_id)
        party.tokens(browser)
        end(session_id)
    listener.answer = lambda _path: (_ for _ in ()).throw(ConnectionError)  # hangs up without an answer
    deliver()
    assert len(listener.taken) == 1
    assert {row.last_error for row in deliveries(reader())} == {
        f"ProtocolError at 127.0.0.1:{listener.port}",
        "the client did not answer a moment ago",
    }


def test_a_disabled_client_is_still_told(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient
) -> None:
    session_id = sign_in(browser, person_id)
    party.tokens(browser)
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    end(session_id)
    deliver()
    assert len(listener.taken) == 1


def test_a_client_that_no_longer_wants_to_know_is_given_up(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient
) -> None:
    session_id = sign_in(browser, person_id)
    party.tokens(browser)
    end(session_id)
    in_transaction(lambda c: outbox.lease_due(c, 0))
    outbox.deliver_due({"session_ended": DELIVERERS["session_ended"]}, 1)
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", backchannel_logout_uri=None))
    deliver()
    assert listener.taken == []
    assert deliveries(reader())[0].failed_at is not None


def test_a_withdrawn_person_s_clients_are_told_of_each_session_and_of_all(
    app: Flask, browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, listener: ListeningClient, time: clock.ManualClock
) -> None:
    """Programs that keep their sessions by `sid` would end nothing by a token with `sub` alone; also a session that is over already is named:
    an offline authorization outlives it."""
    offline = register_party(backchannel_logout_uri=listener.url("/offline"))
    first = sign_in(browser, person_id)
    told: dict[str, Any] = offline.tokens(browser, scope="openid offline_access")
    end(first)
    deliver()
    listener.taken.clear()
    second = sign_in(browser, person_id)
    party.tokens(browser)
    other_browser = app.test_client()
    third = sign_in(other_browser, person_id)
    party.tokens(other_browser)
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
    deliver()
    claims = [(taken["path"], read(browser, taken["logout_token"]).claims) for taken in listener.taken]
    assert Counter((path, one.get("sid")) for path, one in claims) == Counter([
        ("/backchannel-logout", str(second)), ("/backchannel-logout", str(third)), ("/backchannel-logout", None),
        ("/offline", str(first)), ("/offline", None),
    ])  # fmt: skip
    assert {one["sub"] for _, one in claims} == {read(browser, told["id_token"]).claims["sub"]}


def test_a_client_that_must_know_the_session_is_told_each_one(app: Flask, listener: ListeningClient, person_id: uuid.UUID) -> None:
    party = register_party(backchannel_logout_uri=listener.url(), backchannel_logout_session_required=True)
    sessions = set()
    for _ in range(2):
        browser = app.test_client()
        sessions.add(str(sign_in(browser, person_id)))
        party.tokens(browser)
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="cli:test"))
    deliver()
    told = [read(app.test_client(), one["logout_token"]).claims for one in listener.taken]
    assert sorted(claims["sid"] for claims in told) == sorted(sessions)
    assert len({claims["sub"] for claims in told}) == 1
