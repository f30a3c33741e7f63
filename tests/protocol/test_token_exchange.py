"""Rules of token exchange: RFC 8693, as the services behind the data-sharing platform use it."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update
from werkzeug.test import TestResponse

from clients.registration import change, disable
from clients.resources import Resource
from clients.resources import change as change_resource
from idp import access, clock
from idp.database import in_transaction, table_of
from idp.oidc.grants.token_exchange import ACCESS_TOKEN, JWT
from idp.oidc.models import Authorization
from idp.sessions import assurance, browser_sessions
from tests.support import trail
from tests.support.bound_party import API, OTHER_API, add_resource
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
LAST_API = "https://lgsp.hagiang.test/land"


@pytest.fixture
def dossiers(app: Flask) -> RelyingParty:
    """The dossier service, behind which stand the people's and the land register."""
    service = register_service("dossiers", "portal")
    add_resource(API, ("dossiers", "people"), client_id="dossiers")
    add_resource(OTHER_API, ("people",))
    add_resource(LAST_API, ("land",), form="jwt")
    allow("dossiers", OTHER_API, LAST_API)
    return service


@pytest.fixture
def portal(dossiers: RelyingParty) -> RelyingParty:
    """Where people sign in; it calls the dossier service for them."""
    return register_party(scope=f"{ALL_SCOPES} dossiers people land", client_id="portal", resources=(API, OTHER_API, LAST_API))


def register_service(client_id: str, *exchanges_from: str) -> RelyingParty:
    facts: dict[str, Any] = {"grant_types": (GRANT,), "redirect_uris": (), "scope": "", "token_exchange_from": exchanges_from}
    return register_party(client_name=client_id, client_id=client_id, **facts)


def allow(client_id: str, *resources: str, scope: str = "people land") -> None:
    in_transaction(lambda c: change(c, client_id, actor="cli:test", resources=resources, scope=scope))


def exchange(browser: FlaskClient, party: RelyingParty, token: str, **more: str | None) -> TestResponse:
    form = {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "resource": OTHER_API, **more}
    return party.post(browser, form)


@pytest.fixture
def token(browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> str:
    """The token with which the portal calls the dossier service."""
    sign_in(browser, person_id, assurance.AAL2)
    found: str = portal.tokens(browser, scope="openid dossiers people", resource=API)["access_token"]
    return found


def introspected(browser: FlaskClient, party: RelyingParty, token: str) -> dict[str, Any]:
    facts: dict[str, Any] = browser.post("/introspect", data={"token": token}, headers=party.headers()).get_json()
    return facts


def test_a_service_gets_a_token_for_the_service_behind_it_that_says_who_acts(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str, person_id: uuid.UUID
) -> None:
    response = exchange(browser, dossiers, token)
    told = response.get_json()
    assert response.status_code == 200, told
    assert {name: told[name] for name in told if name != "access_token"} == {
        "token_type": "Bearer", "expires_in": 600, "scope": "people", "issued_token_type": ACCESS_TOKEN,
    }  # fmt: skip
    before, after = introspected(browser, dossiers, token), introspected(browser, dossiers, told["access_token"])
    assert after["sub"] == before["sub"]
    assert (after["aud"], after["client_id"], after["act"]) == ([OTHER_API], "dossiers", {"sub": "dossiers"})
    assert {name: after[name] for name in ("acr", "amr", "auth_time")} == {name: before[name] for name in ("acr", "amr", "auth_time")}
    [event] = trail.events("token.exchanged")
    assert (event.actor, event.person_id, event.detail["issued_to"]) == ("client:dossiers", person_id, "portal")


def test_the_chain_of_who_acts_is_told_from_the_last_to_the_first(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    """RFC 8693 §4.1."""
    people = register_service("people", "dossiers")
    in_transaction(lambda c: change_resource(c, Resource(OTHER_API, "Dân cư", ("people", "land"), "", "people"), actor="cli:test"))
    allow("people", LAST_API)
    wide = portal.tokens(browser, scope="openid people", resource=API)["access_token"]
    in_transaction(lambda c: change_resource(c, Resource(LAST_API, "Đất đai", ("people", "land"), "jwt", None), actor="cli:test"))
    second = exchange(browser, dossiers, wide).get_json()["access_token"]
    third = exchange(browser, people, second, resource=LAST_API, subject_token_type=JWT).get_json()["access_token"]
    claims = jwt.decode(third, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["RS256"]).claims
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (LAST_API, "people", "people")
    assert claims["act"] == {"sub": "people", "act": {"sub": "dossiers"}}


def test_scope_only_narrows_and_life_only_shortens(
    browser: FlaskClient, dossiers: RelyingParty, portal: RelyingParty, token: str, time: clock.ManualClock
) -> None:
    for wider in ("land", "people land", "openid", "offline_access", "profile", "dossiers"):
        assert exchange(browser, dossiers, token, scope=wider).get_json()["error"] == "invalid_scope"
    time.advance(minutes=7)
    told = exchange(browser, dossiers, token, scope="people").get_json()
    assert told["expires_in"] == 180
    assert "refresh_token" not in told
    assert "id_token" not in told
    assert dossiers.userinfo(browser, told["access_token"]).status_code == 401
    time.advance(minutes=3)
    assert introspected(browser, dossiers, told["access_token"]) == {"active": False}
    assert exchange(browser, dossiers, token).get_json()["error"] == "invalid_grant"


def test_it_dies_with_the_authorization_it_came_from(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    derived = exchange(browser, dossiers, token).get_json()["access_token"]
    again = exchange(browser, dossiers, derived, resource=OTHER_API).get_json()["access_token"]
    browser.post("/revoke", data={"token": again}, headers=dossiers.headers())
    assert introspected(browser, dossiers, again) == {"active": False}
    assert introspected(browser, dossiers, derived)["active"] is True  # its own end ends nothing above it
    again = exchange(browser, dossiers, derived, resource=OTHER_API).get_json()["access_token"]
    browser.post("/revoke", data={"token": token}, headers=portal.headers())
    assert introspected(browser, dossiers, derived) == introspected(browser, dossiers, again) == {"active": False}
    assert exchange(browser, dossiers, derived).get_json()["error"] == "invalid_grant"


def test_it_dies_with_the_session_the_person_and_the_client_above_it(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, person_id: uuid.UUID
) -> None:
    for number, end in enumerate((
        lambda c, _: access.withdraw(c, person_id, reason="left", actor="system:sync"),
        lambda c, session: browser_sessions.end(c, session, reason="signed_out", actor="cli:test"),
        lambda c, _: disable(c, "portal", actor="cli:test"),
    )):  # fmt: skip
        in_transaction(lambda c: access.restore(c, person_id, reason="back", actor="cli:test"))
        session_id = sign_in(browser, person_id)
        token = portal.tokens(browser, scope="openid people", resource=API)["access_token"]
        derived = exchange(browser, dossiers, token).get_json()["access_token"]
        assert introspected(browser, dossiers, derived)["active"] is True
        in_transaction(lambda c, end=end, session=session_id: end(c, session))  # type: ignore[misc]
        assert introspected(browser, dossiers, derived) == {"active": False}, number


def test_a_service_exchanges_only_what_was_sent_to_it_by_whom_it_serves(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    other = register_service("other", "portal")
    allow("other", OTHER_API)
    assert exchange(browser, other, token).get_json()["error"] == "invalid_grant"  # not for a resource of its
    plain = portal.tokens(browser, scope="openid profile")["access_token"]
    assert exchange(browser, dossiers, plain).get_json()["error"] == "invalid_grant"  # for nobody but the provider
    stranger = register_party(scope=f"{ALL_SCOPES} people", client_id="stranger", resources=(API,))
    theirs = stranger.tokens(browser, scope="openid people", resource=API)["access_token"]
    assert exchange(browser, dossiers, theirs).get_json()["error"] == "invalid_grant"  # from somebody it does not serve
    assert exchange(browser, portal, token).get_json()["error"] == "unauthorized_client"
    for resource in (API, "https://nowhere.test", None):
        assert exchange(browser, dossiers, token, resource=resource).get_json()["error"] == "invalid_target"
    assert exchange(browser, dossiers, token).status_code == 200


def test_a_client_s_own_token_opens_no_resource_that_was_not_granted(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    derived = exchange(browser, dossiers, token).get_json()["access_token"]
    assert exchange(browser, dossiers, derived, resource=LAST_API).get_json()["error"] == "invalid_target"
    assert exchange(browser, dossiers, derived, resource=OTHER_API).status_code == 200


def test_what_is_no_access_token_of_a_person_is_refused(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    tokens = portal.tokens(browser, scope="openid people offline_access", resource=API)
    for wrong in ("x", "é", "a.b.c", tokens["id_token"], tokens["refresh_token"]):
        assert exchange(browser, dossiers, wrong).get_json()["error"] == "invalid_grant"
    for changed in (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, {"subject_token_type": None}, {"subject_token": None},
        {"actor_token": token, "actor_token_type": ACCESS_TOKEN}, {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
    ):  # fmt: skip
        response = dossiers.post(
            browser, {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "resource": OTHER_API, **changed}
        )
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_chain_has_an_end(browser: FlaskClient, dossiers: RelyingParty, token: str) -> None:
    for _ in range(4):
        token = exchange(browser, dossiers, token, resource=OTHER_API).get_json()["access_token"]
    assert exchange(browser, dossiers, token, resource=OTHER_API).get_json()["error"] == "invalid_request"


def test_a_token_of_the_person_with_whom_an_application_is_checked_is_exchanged_by_nobody(
    browser: FlaskClient, portal: RelyingParty, dossiers: RelyingParty, token: str
) -> None:
    """Neither by another application nor by the one under check for another service."""
    in_transaction(lambda c: c.execute(update(table_of(Authorization)).values(amr=assurance.TEST)))
    change_own: dict[str, Any] = {"grant_types": ("authorization_code", GRANT)}
    in_transaction(lambda c: change(c, "portal", actor="cli:test", **change_own))
    for party, more in ((dossiers, {}), (portal, {"resource": API}), (portal, {"resource": OTHER_API})):
        response = exchange(browser, party, token, **more)
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_grant"), more
    assert trail.events("token.exchanged") == []
