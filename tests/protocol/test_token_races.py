"""Rules of twenty callers at once about tokens, on PostgreSQL: a proof counts once, what was given back stays dead."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registration import change
from idp.app import create_app
from idp.database import in_transaction
from tests.protocol.test_races import CALLERS, at_once
from tests.support import trail
from tests.support.bound_party import API, OTHER_API, BoundParty, add_resource, register_bound
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in

OFFLINE = "openid offline_access"


@pytest.fixture
def app(postgresql_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    client = app.test_client()
    sign_in(client, add_person())
    return client


@pytest.fixture
def fapi(app: Flask) -> BoundParty:
    return register_bound()


def refresh_form(tokens: dict[str, Any]) -> dict[str, str | None]:
    return {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}


def test_of_one_proof_shown_by_twenty_at_userinfo_one_counts(app: Flask, browser: FlaskClient, fapi: BoundParty) -> None:
    """TOK-017: whichever process it reaches."""
    headers = fapi.shown(fapi.tokens(browser)["access_token"])
    answers = at_once(app, lambda client, _: client.get("/userinfo", headers=headers).status_code)
    assert sorted(answers) == [200] + [401] * (CALLERS - 1)


def test_of_one_proof_shown_by_twenty_at_the_token_endpoint_one_counts(app: Flask, browser: FlaskClient, fapi: BoundParty) -> None:
    tokens, proof = fapi.tokens(browser, scope=OFFLINE), fapi.proof("POST", "/token")
    answers = at_once(app, lambda client, _: fapi.post(client, refresh_form(tokens), proof).get_json())
    assert [answer["token_type"] for answer in answers if "error" not in answer] == ["DPoP"]
    assert {answer["error"] for answer in answers if "error" in answer} == {"invalid_dpop_proof"}


def test_a_refresh_token_that_is_not_rotated_serves_twenty_at_once(app: Flask, browser: FlaskClient, fapi: BoundParty) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: a client of many servers has no race to lose."""
    tokens = fapi.tokens(browser, scope=OFFLINE)
    answers = at_once(app, lambda client, _: fapi.post(client, refresh_form(tokens)).get_json())
    assert {answer["refresh_token"] for answer in answers} == {tokens["refresh_token"]}
    assert len({answer["access_token"] for answer in answers}) == CALLERS
    assert not trail.events("refresh_token.replayed")


def give_back(client: FlaskClient, party: RelyingParty, token: str) -> Any:
    proof = party.assertion() if isinstance(party, BoundParty) else {}
    return client.post("/revoke", data={"token": token, **proof}, headers=party.headers()).status_code


@pytest.mark.parametrize("kind", ["rotating", "kept"])
def test_what_is_given_back_while_it_is_refreshed_is_dead_afterwards(app: Flask, browser: FlaskClient, kind: str) -> None:
    """TOK-009."""
    for _ in range(5):
        party: RelyingParty = register_party() if kind == "rotating" else register_bound()
        tokens = party.tokens(browser, scope=OFFLINE)

        def act(client: FlaskClient, number: int, party: RelyingParty = party, tokens: dict[str, Any] = tokens) -> Any:
            if number == 0:
                return give_back(client, party, tokens["access_token"])
            return party.refresh(client, tokens["refresh_token"]).get_json()

        given, *answers = at_once(app, act, 4)
        assert given == 200
        for told in [tokens, *(answer for answer in answers if "access_token" in answer)]:
            assert party.userinfo(browser, told["access_token"]).status_code == 401
            assert party.refresh(browser, told["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_what_is_given_back_by_twenty_at_once_is_ended_once(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    tokens = party.tokens(browser, scope=OFFLINE)
    assert set(at_once(app, lambda client, _: give_back(client, party, tokens["refresh_token"]))) == {200}
    assert trail.kinds("authorization.revoked") == ["authorization.revoked"]


def test_what_is_exchanged_while_its_source_is_given_back_is_dead_afterwards(app: Flask, browser: FlaskClient) -> None:
    """RFC 8693 with RFC 7009."""
    service = register_party(
        client_id="dossiers", grant_types=("urn:ietf:params:oauth:grant-type:token-exchange",), redirect_uris=(), scope="",
        token_exchange_from=("portal",),
    )  # fmt: skip
    add_resource(API, ("people",), client_id="dossiers")
    add_resource(OTHER_API, ("people",))
    in_transaction(lambda c: change(c, "dossiers", actor="cli:test", resources=(OTHER_API,), scope="people"))
    portal = register_party(client_id="portal", scope=f"{ALL_SCOPES} people", resources=(API,))
    token = portal.tokens(browser, scope="openid people", resource=API)["access_token"]
    form: dict[str, str | None] = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": token, "resource": OTHER_API,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    given, *answers = at_once(
        app, lambda client, number: give_back(client, portal, token) if number == 0 else service.post(client, form).get_json(), 8
    )
    assert given == 200
    for answer in answers:
        assert answer.get("error", "invalid_grant") == "invalid_grant"
        if "access_token" in answer:
            facts = browser.post("/introspect", data={"token": answer["access_token"]}, headers=service.headers()).get_json()
            assert facts == {"active": False}


def test_a_machine_asks_for_twenty_tokens_at_once(app: Flask) -> None:
    add_resource()
    machine = register_party(grant_types=("client_credentials",), redirect_uris=(), scope="dossiers", resources=(API,))
    answers = at_once(app, lambda client, _: machine.post(client, {"grant_type": "client_credentials"}).get_json())
    assert len({answer["access_token"] for answer in answers}) == CALLERS
