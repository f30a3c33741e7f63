"""Rules of withdrawing and restoring a person's access."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from idp import access
from idp.database import in_transaction, reader, table_of
from idp.outbox import OutboxMessage
from idp.people.models import Person
from tests.support import trail
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party(backchannel_logout_uri="https://rp.test/logout")


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    return add_person()


def withdraw(person_id: uuid.UUID) -> bool:
    return in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))


def restore(person_id: uuid.UUID) -> bool:
    return in_transaction(lambda c: access.restore(c, person_id, reason="returned", actor="cli:root"))


def messages(kind: str) -> list[Any]:
    box = table_of(OutboxMessage)
    return list(reader().execute(select(box).where(box.c.kind == kind)))


def test_withdrawing_ends_everything_the_person_had(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    told = party.tokens(browser, scope="openid offline_access")
    assert withdraw(person_id)
    assert party.userinfo(browser, told["access_token"]).status_code == 401
    assert party.refresh(browser, told["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"
    assert len(messages("session_ended")) == 1
    of_the_session, of_all = sorted(messages("logout_token"), key=lambda message: "sid" not in message.payload)
    assert (of_the_session.client_id, of_all.client_id) == (party.key, party.key)
    assert "sid" in of_the_session.payload
    assert "sid" not in of_all.payload


def test_it_happens_once(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    party.tokens(browser)
    assert withdraw(person_id)
    told = len(messages("logout_token"))
    assert not withdraw(person_id)
    assert len(messages("logout_token")) == told
    assert trail.kinds("person.suspended") == ["person.suspended"]


def test_it_says_why_when_and_who(person_id: uuid.UUID) -> None:
    withdraw(person_id)
    person = table_of(Person)
    row = reader().execute(select(person).where(person.c.id == person_id)).one()
    assert (row.state, row.state_reason) == ("suspended", "left")
    assert row.state_changed_at is not None
    suspended = trail.events("person.suspended")[0]
    assert (suspended.actor, suspended.person_id, suspended.detail) == ("system:sync", person_id, {"reason": "left"})


def test_others_keep_what_they_have(app: Flask, browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    neighbour = app.test_client()
    sign_in(neighbour, add_person("lbchi", "Lê Bảo Chi"))
    told = party.tokens(neighbour)
    sign_in(browser, person_id)
    withdraw(person_id)
    assert party.userinfo(neighbour, told["access_token"]).status_code == 200
    party.code(neighbour)


def test_restoring_lets_the_person_sign_in_anew_and_revives_nothing(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    sign_in(browser, person_id)
    told = party.tokens(browser, scope="openid offline_access")
    code = party.code(browser)
    assert not restore(person_id)
    withdraw(person_id)
    assert restore(person_id)
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"
    assert party.userinfo(browser, told["access_token"]).status_code == 401
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
    assert party.refresh(browser, told["refresh_token"]).get_json()["error"] == "invalid_grant"
    sign_in(browser, person_id)
    party.tokens(browser)
    assert trail.kinds("person.restored") == ["person.restored"]


def test_nobody_unknown_is_withdrawn(app: Flask) -> None:
    assert not withdraw(uuid.uuid4())


def test_a_persons_decision_outweighs_the_directorys_and_not_the_other_way_round(person_id: uuid.UUID) -> None:
    def suspend(reason: str) -> bool:
        return in_transaction(lambda c: access.withdraw(c, person_id, reason=reason, actor="cli:root"))

    def reason() -> str:
        p = table_of(Person)
        return str(reader().execute(select(p.c.state_reason).where(p.c.id == person_id)).scalar_one())

    assert suspend("gone_from_directory")
    assert not suspend("locked_in_directory")
    assert (suspend("by_administrator"), reason()) == (True, "by_administrator")
    assert (suspend("gone_from_directory"), suspend("by_administrator"), reason()) == (False, False, "by_administrator")
    assert [event.detail["reason"] for event in trail.events("person.suspended")] == ["gone_from_directory", "by_administrator"]


def test_signing_out_from_elsewhere_ends_what_outlives_a_session_too(app: Flask, party: RelyingParty, person_id: uuid.UUID) -> None:
    scope = "openid offline_access"
    stolen, here = app.test_client(), app.test_client()
    stolen_session, kept_session = sign_in(stolen, person_id), sign_in(here, person_id)
    of_stolen, of_here = party.tokens(stolen, scope=scope), party.tokens(here, scope=scope)
    in_transaction(lambda c: access.sign_out(c, person_id, reason="by_person", actor="person:x", only=stolen_session))
    assert party.refresh(stolen, of_stolen["refresh_token"]).status_code == 400
    assert party.userinfo(stolen, of_stolen["access_token"]).status_code == 401
    of_here = party.refresh(here, of_here["refresh_token"]).get_json()
    in_transaction(lambda c: access.sign_out(c, person_id, reason="by_person", actor="person:x", keep=kept_session))
    of_here = party.refresh(here, of_here["refresh_token"]).get_json()
    assert in_transaction(lambda c: access.sign_out(c, person_id, reason="lost phone", actor="cli:root")) == 1
    assert party.refresh(here, of_here["refresh_token"]).status_code == 400
    assert party.userinfo(here, of_here["access_token"]).status_code == 401
