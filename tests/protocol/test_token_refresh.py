"""Rules of refreshing: RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from clients import resources
from clients.registration import change, disable
from clients.resources import Resource
from idp import access, clock
from idp.database import in_transaction, table_of
from idp.people import mirror
from idp.people.models import Person
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.support import trail
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in

SCOPE = "openid email offline_access"
APIS = ("https://api.hagiang.test/van-ban", "https://api.hagiang.test/thue")


@pytest.fixture
def told(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock, person_id: uuid.UUID) -> dict[str, Any]:
    """A token response with a refresh token."""
    sign_in(browser, person_id)
    return party.tokens(browser, scope=SCOPE)


def refused(browser: FlaskClient, party: RelyingParty, token: str) -> bool:
    response = party.refresh(browser, token)
    return response.status_code == 400 and response.get_json()["error"] == "invalid_grant"


def test_each_refresh_gives_a_new_token_and_new_facts_about_the_old_authentication(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    """oidcc-refresh-token."""
    keys = KeySet.import_key_set(browser.get("/jwks").get_json())
    first = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims
    time.advance(hours=2)
    again = party.refresh(browser, told["refresh_token"]).get_json()
    assert again["refresh_token"] != told["refresh_token"]
    assert again["access_token"] != told["access_token"]
    assert again["scope"] == SCOPE
    second = jwt.decode(again["id_token"], keys, algorithms=["RS256"]).claims
    assert "nonce" not in second
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert {name: first[name] for name in same} == {name: second[name] for name in same}
    assert second["iat"] == first["iat"] + 7200
    assert party.userinfo(browser, again["access_token"]).status_code == 200


def test_a_refresh_token_shown_again_ends_the_whole_chain(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    """TOK-001."""
    second = party.refresh(browser, told["refresh_token"]).get_json()
    third = party.refresh(browser, second["refresh_token"]).get_json()
    assert refused(browser, party, told["refresh_token"])
    assert refused(browser, party, third["refresh_token"])
    for tokens in (told, second, third):
        assert party.userinfo(browser, tokens["access_token"]).status_code == 401
    assert set(trail.kinds("refresh_token.replayed", "authorization.revoked")) == {"authorization.revoked", "refresh_token.replayed"}


def test_another_client_cannot_use_it_and_the_chain_ends_since_it_leaked(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any]
) -> None:
    """TOK-003."""
    assert refused(browser, register_party(client_name="Một cửa"), told["refresh_token"])
    assert refused(browser, party, told["refresh_token"])


def test_a_chain_unused_for_twelve_hours_is_dead(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    time.advance(hours=11, minutes=59)
    second = party.refresh(browser, told["refresh_token"]).get_json()
    time.advance(hours=12)
    assert refused(browser, party, second["refresh_token"])


def test_a_chain_used_all_the_time_ends_after_thirty_days(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    """TOK-005."""
    token = told["refresh_token"]
    for _ in range(71):  # every 10 hours, up to 29 days 14 hours
        time.advance(hours=10)
        token = party.refresh(browser, token).get_json()["refresh_token"]
    time.advance(hours=9, minutes=59)
    token = party.refresh(browser, token).get_json()["refresh_token"]
    time.advance(minutes=2)
    assert refused(browser, party, token)


def test_the_scope_may_be_narrowed_never_widened(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    for wider in ("openid profile", "openid email admin", " "):
        assert party.refresh(browser, told["refresh_token"], scope=wider).get_json()["error"] == "invalid_scope"
    narrow = party.refresh(browser, told["refresh_token"], scope="openid").get_json()
    assert narrow["scope"] == "openid"
    assert "email" not in party.userinfo(browser, narrow["access_token"]).get_json()
    assert party.refresh(browser, narrow["refresh_token"]).get_json()["scope"] == SCOPE


def test_an_offline_authorization_outlives_the_session_an_ordinary_one_does_not(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    session_id = sign_in(browser, person_id)
    offline, ordinary = party.tokens(browser, scope=SCOPE), party.tokens(browser, scope="openid")
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    assert party.userinfo(browser, offline["access_token"]).status_code == 200
    assert party.userinfo(browser, ordinary["access_token"]).status_code == 401
    assert party.refresh(browser, offline["refresh_token"]).status_code == 200


def test_a_withdrawn_person_s_refresh_token_is_dead_also_after_restoring(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], person_id: uuid.UUID
) -> None:
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
    assert refused(browser, party, told["refresh_token"])
    in_transaction(lambda c: access.restore(c, person_id, reason="back", actor="system:sync"))
    assert refused(browser, party, told["refresh_token"])


def test_a_person_locked_in_the_directory_is_refused_while_locked(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], person_id: uuid.UUID
) -> None:
    person = table_of(Person)
    lock = update(person).where(person.c.id == person_id)
    in_transaction(lambda c: c.execute(lock.values(directory_locked=True)))
    assert refused(browser, party, told["refresh_token"])
    assert party.userinfo(browser, told["access_token"]).status_code == 401
    in_transaction(lambda c: c.execute(lock.values(directory_locked=False)))
    assert party.refresh(browser, told["refresh_token"]).status_code == 200


def test_who_becomes_an_administrator_loses_the_chain(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], person_id: uuid.UUID
) -> None:
    in_transaction(lambda c: grant(c, person_id, Role.HR_OFFICER, actor="cli:test"))
    assert refused(browser, party, told["refresh_token"])


def test_a_disabled_client_gets_nothing(browser: FlaskClient, party: RelyingParty, told: dict[str, Any]) -> None:
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    assert party.refresh(browser, told["refresh_token"]).get_json()["error"] == "invalid_client"
    assert party.userinfo(browser, told["access_token"]).status_code == 401


@pytest.mark.parametrize("token", ["x", "é", "A" * 43, "A" * 5000])
def test_what_is_no_refresh_token_is_refused(browser: FlaskClient, party: RelyingParty, token: str) -> None:
    assert refused(browser, party, token)


def test_who_inherits_a_username_inherits_nothing_else(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], person_id: uuid.UUID
) -> None:
    """TOK-027: the directory gives the name of somebody who left to somebody new."""
    before = party.userinfo(browser, told["access_token"]).get_json()["sub"]
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync"))
    person = table_of(Person)
    free = update(person).where(person.c.id == person_id).values(username=None, username_key=None, mail=None, mail_key=None)
    in_transaction(lambda c: c.execute(free))
    successor = add_person()
    another = browser.application.test_client()
    sign_in(another, successor)
    tokens = party.tokens(another, scope=SCOPE)
    assert party.userinfo(another, tokens["access_token"]).get_json()["sub"] != before
    assert refused(browser, party, told["refresh_token"])
    assert party.userinfo(browser, told["access_token"]).status_code == 401


def test_what_the_client_is_registered_for_no_more_is_not_refreshed(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any]
) -> None:
    """RFC 9700 §2.3: an administrator who takes a scope from a client takes it from what was granted before."""
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", scope="openid offline_access"))
    again = party.refresh(browser, told["refresh_token"]).get_json()
    assert again["scope"] == "openid offline_access"
    assert "email" not in party.userinfo(browser, again["access_token"]).get_json()
    wider = party.refresh(browser, again["refresh_token"], scope="openid email")
    assert wider.get_json()["error"] == "invalid_scope"


def test_a_resource_that_was_taken_from_the_client_is_not_refreshed(browser: FlaskClient, app: Flask, session_id: uuid.UUID) -> None:
    """RFC 8707 §2.2; with none left the token is not one for this provider instead."""
    for name in APIS:
        in_transaction(lambda c, name=name: resources.add(c, Resource(name, name, (), "", None), actor="cli:test"))  # type: ignore[misc]
    party = register_party(resources=APIS)
    told = party.tokens(browser, scope="openid offline_access", resource=APIS[0])
    both = party.tokens(browser, scope="openid offline_access")
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", resources=APIS[1:]))
    refused_now = party.refresh(browser, told["refresh_token"])
    assert (refused_now.status_code, refused_now.get_json()["error"]) == (400, "invalid_target")
    assert party.refresh(browser, both["refresh_token"]).status_code == 200
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", resources=APIS))
    assert party.refresh(browser, told["refresh_token"]).status_code == 200


def test_a_token_rests_while_its_persons_own_source_is_not_read(
    browser: FlaskClient, party: RelyingParty, told: dict[str, Any], time: clock.ManualClock
) -> None:
    """As a session does: neither a reading nor a password's yes for eight hours, and it is worth nothing until the next reading."""
    in_transaction(lambda c: mirror.note_reading(c, "test"))
    time.advance(hours=8)
    token = party.refresh(browser, told["refresh_token"]).get_json()["refresh_token"]
    time.advance(seconds=1)
    in_transaction(lambda c: mirror.note_reading(c, "another"))
    facts = browser.post("/introspect", data={"token": token}, headers=party.headers()).get_json()
    assert (refused(browser, party, token), facts) == (True, {"active": False})
    in_transaction(lambda c: mirror.note_reading(c, "test"))
    assert party.refresh(browser, token).status_code == 200


def test_a_token_goes_on_without_a_reading_after_a_fresh_password(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    in_transaction(lambda c: mirror.note_reading(c, "test"))
    time.advance(hours=9)
    sign_in(browser, person_id)
    token = party.tokens(browser, scope=SCOPE)["refresh_token"]
    time.advance(hours=8)
    token = party.refresh(browser, token).get_json()["refresh_token"]
    time.advance(seconds=1)
    assert refused(browser, party, token)
