"""Rules of twenty callers at once, on PostgreSQL: one wins, and what it won is revoked when the others show the same thing."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from idp import access
from idp.app import create_app
from idp.database import forget_connections, in_transaction, reader, table_of
from idp.oidc.models import Authorization
from tests.protocol.test_old_refresh_tokens import turned_old
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in

CALLERS = 20


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


def at_once(app: Flask, call: Callable[[FlaskClient, int], Any], callers: int = CALLERS) -> list[Any]:
    """What each of the callers got, all let go at the same moment."""
    gate, got = threading.Barrier(callers), [None] * callers

    def run(number: int) -> None:
        with app.app_context():
            client = app.test_client()
            gate.wait()
            try:
                got[number] = call(client, number)
            finally:
                forget_connections()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def count(record: type[Any]) -> int:
    found: int = reader().execute(select(func.count()).select_from(table_of(record))).scalar_one()
    return found


def test_a_code_has_one_winner_and_the_replay_revokes_what_it_won(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    code = party.code(browser, scope="openid offline_access")
    answers = at_once(app, lambda client, _: party.redeem(client, code))
    won = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.get_json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert count(Authorization) == 1
    assert party.userinfo(browser, won[0]["access_token"]).status_code == 401
    assert party.refresh(browser, won[0]["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert trail.kinds("authorization.granted", "authorization.revoked") == ["authorization.granted", "authorization.revoked"]


def test_a_refresh_token_has_one_winner_and_its_reuse_revokes_the_chain(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    token = party.tokens(browser, scope="openid offline_access")["refresh_token"]
    answers = at_once(app, lambda client, _: party.refresh(client, token))
    won = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert reader().execute(select(table_of(Authorization).c.refresh_sequence)).scalars().all() == [2]
    assert party.refresh(browser, won[0]["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.userinfo(browser, won[0]["access_token"]).status_code == 401


def test_a_refresh_token_of_before_the_upgrade_has_one_winner(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    token = turned_old(browser, party)["refresh_token"]
    answers = at_once(app, lambda client, _: party.refresh(client, token))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (CALLERS - 1)
    [won] = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert party.refresh(browser, won["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_many_codes_at_once_do_not_disturb_each_other(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    codes = [party.code(browser) for _ in range(CALLERS)]
    answers = at_once(app, lambda client, number: party.redeem(client, codes[number]))
    assert [answer.status_code for answer in answers] == [200] * CALLERS
    assert len({answer.get_json()["access_token"] for answer in answers}) == CALLERS


def test_withdrawing_and_redeeming_at_once_never_leaves_a_living_token(app: Flask) -> None:
    for attempt in range(10):
        person_id = add_person(f"person{attempt}")
        browser = app.test_client()
        sign_in(browser, person_id)
        party = register_party()
        codes = [party.code(browser, scope="openid offline_access") for _ in range(3)]

        def act(
            client: FlaskClient, number: int, party: RelyingParty = party, person_id: uuid.UUID = person_id, codes: list[str] = codes
        ) -> Any:
            if number == 0:
                return in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
            return party.redeem(client, codes[number - 1]).get_json()

        withdrawn, *answers = at_once(app, act, 4)
        assert withdrawn is True
        in_transaction(lambda c, person_id=person_id: access.restore(c, person_id, reason="back", actor="cli:test"))  # type: ignore[misc]
        for answer in answers:
            if "access_token" in answer:
                assert party.userinfo(browser, answer["access_token"]).status_code == 401
                assert party.refresh(browser, answer["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_signing_out_everywhere_and_redeeming_at_once_never_leaves_offline_access(app: Flask) -> None:
    """TOK-029: a code redeemed in the very instant of the sign-out gives nothing that outlives it."""
    party = register_party()
    for attempt in range(4):
        person_id = add_person(f"person{attempt}")
        browser = app.test_client()
        sign_in(browser, person_id)
        codes = [party.code(browser, scope="openid offline_access") for _ in range(CALLERS - 1)]

        def act(client: FlaskClient, number: int, person_id: uuid.UUID = person_id, codes: list[str] = codes) -> Any:
            if number == CALLERS // 2:
                return in_transaction(lambda c: access.sign_out(c, person_id, reason="by_person", actor="cli:test"))
            return party.redeem(client, codes[number - (number > CALLERS // 2)]).get_json()

        answers = at_once(app, act)
        assert answers[CALLERS // 2] == 1
        a = table_of(Authorization)
        alive = select(a.c.id).where(a.c.person_id == person_id, a.c.offline, a.c.revoked_at.is_(None))
        assert reader().execute(alive).all() == []
        for answer in answers:
            if isinstance(answer, dict) and "refresh_token" in answer:
                assert party.refresh(browser, answer["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_two_processes_that_need_the_first_key_at_once_both_sign_with_a_published_one(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    codes = [party.code(browser) for _ in range(6)]
    answers = at_once(app, lambda client, number: party.redeem(client, codes[number]), 6)
    assert [answer.status_code for answer in answers] == [200] * 6
    kids = {key["kid"] for key in browser.get("/jwks").get_json()["keys"]}
    assert len(kids) >= 2


def test_a_pushed_request_is_answered_once(app: Flask, browser: FlaskClient) -> None:
    """RFC 9126 §7.3: of twenty tabs that open it at the same moment, one gets a code."""
    party = register_party()
    pushed = browser.post("/par", data=party.request(), headers=party.headers()).get_json()["request_uri"]
    session = browser.get_cookie("hopnhat_session")
    assert session is not None

    def open_it(client: FlaskClient, _number: int) -> int:
        client.set_cookie("hopnhat_session", session.value)
        return client.get("/authorize", query_string={"client_id": party.client_id, "request_uri": pushed}).status_code

    assert sorted(at_once(app, open_it)) == [303] + [400] * (CALLERS - 1)
