"""Rules of access withdrawn while nineteen requests of the person run, on PostgreSQL: once it is, nothing that they got lives."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registration import change
from idp import access
from idp.app import create_app
from idp.database import in_transaction
from tests.protocol.test_device import answer, begin, device_party, poll
from tests.protocol.test_races import CALLERS, at_once
from tests.support.bound_party import API, OTHER_API, add_resource
from tests.support.guarded_site import Site, register_site
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
OFFLINE = "openid offline_access"
ROUNDS = 3
Call = Callable[[FlaskClient], Any]


@pytest.fixture
def app(postgresql_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    return add_person()


@pytest.fixture
def browser(app: Flask, person_id: uuid.UUID) -> FlaskClient:
    client = app.test_client()
    sign_in(client, person_id)
    return client


def race(app: Flask, person_id: uuid.UUID, calls: list[Call]) -> list[Any]:
    """What the calls got while somebody else withdrew the person's access."""
    suspend: Call = lambda _client: in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="cli:test"))  # noqa: E731
    done, *got = at_once(app, lambda client, number: [suspend, *calls][number](client), len(calls) + 1)
    assert done is True
    return got


def restore(person_id: uuid.UUID) -> None:
    in_transaction(lambda c: access.restore(c, person_id, reason="back", actor="cli:test"))


def is_dead(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> bool:
    """Whether neither token of an answer opens anything."""
    if "access_token" not in told:
        return told["error"] in ("invalid_grant", "authorization_pending", "access_denied", "expired_token")
    opened = party.userinfo(browser, told["access_token"]).status_code
    refreshed = party.refresh(browser, told["refresh_token"]).status_code if "refresh_token" in told else 400
    return (opened, refreshed) == (401, 400)


def test_what_is_refreshed_meanwhile_is_dead_and_stays_so_when_the_person_comes_back(
    app: Flask, browser: FlaskClient, person_id: uuid.UUID
) -> None:
    party = register_party()
    for _ in range(ROUNDS):
        held = [party.tokens(browser, scope=OFFLINE)["refresh_token"] for _ in range(CALLERS - 1)]
        calls: list[Call] = [lambda client, token=token: party.refresh(client, token).get_json() for token in held]  # type: ignore[misc]
        got = race(app, person_id, calls)
        assert all(is_dead(browser, party, told) for told in got)
        restore(person_id)
        assert all(is_dead(browser, party, told) for told in got)
        sign_in(browser, person_id)


def test_a_device_that_asks_meanwhile_gets_nothing_that_lives(app: Flask, browser: FlaskClient, person_id: uuid.UUID) -> None:
    party, waiting = device_party(), []
    for _ in range(CALLERS - 1):
        begun = begin(browser, party, scope=OFFLINE)
        assert "đã được kết nối" in answer(browser, begun["user_code"]).text
        waiting.append(begun["device_code"])
    calls: list[Call] = [lambda client, code=code: poll(client, party, code).get_json() for code in waiting]  # type: ignore[misc]
    got = race(app, person_id, calls)
    assert all(is_dead(browser, party, told) for told in got)
    assert all(is_dead(browser, party, poll(browser, party, code).get_json()) for code in waiting)
    restore(person_id)
    assert all(is_dead(browser, party, told) for told in got)
    assert all(poll(browser, party, code).get_json()["error"] == "invalid_grant" for code in waiting)


def test_what_is_exchanged_meanwhile_is_dead(app: Flask, browser: FlaskClient, person_id: uuid.UUID) -> None:
    service = register_party(
        client_id="dossiers", grant_types=(EXCHANGE,), redirect_uris=(), scope="", token_exchange_from=("portal",)
    )  # fmt: skip
    add_resource(API, ("people",), client_id="dossiers")
    add_resource(OTHER_API, ("people",))
    in_transaction(lambda c: change(c, "dossiers", actor="cli:test", resources=(OTHER_API,), scope="people"))
    portal = register_party(client_id="portal", scope=f"{ALL_SCOPES} people", resources=(API,))
    token = portal.tokens(browser, scope="openid people", resource=API)["access_token"]
    form: dict[str, str | None] = {
        "grant_type": EXCHANGE, "subject_token": token, "resource": OTHER_API,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    got = race(app, person_id, [lambda client: service.post(client, form).get_json()] * (CALLERS - 1))
    for back in (False, True):
        if back:
            restore(person_id)
        for told in got:
            assert told.get("error", "invalid_grant") == "invalid_grant"
            if "access_token" in told:
                seen = browser.post("/introspect", data={"token": told["access_token"]}, headers=service.headers())
                assert seen.get_json() == {"active": False}


def test_a_guarded_site_lets_nobody_in_afterwards(app: Flask, browser: FlaskClient, person_id: uuid.UUID) -> None:
    """Those who were let in before, and those whose sign-in came back at that moment."""
    site = register_site()
    site.sign_in(browser)
    assert site.ask(browser).status_code == 200
    coming = [Site(site.party) for _ in range(CALLERS - 2)]
    answers = []
    for one in coming:
        led = one.ask(browser, answer="page")
        answers.append(one.authorize(browser, one.follow(browser, led)))
    calls: list[Call] = [lambda client, one=one, led=led: one.follow(client, led) for one, led in zip(coming, answers, strict=True)]  # type: ignore[misc]
    race(app, person_id, [lambda client: site.ask(client).status_code, *calls])
    assert {one.ask(browser).status_code for one in (site, *coming)} == {401}
    restore(person_id)
    assert {one.ask(browser).status_code for one in (site, *coming)} == {401}
