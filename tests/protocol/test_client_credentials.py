"""Rules of grant_type=client_credentials: RFC 6749 §4.4; and which grants a client may use at all."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from clients.registration import change, disable
from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.oidc.access_token import open_access_token
from idp.oidc.authorizations import revoke
from idp.oidc.models import Authorization
from tests.support import trail
from tests.support.bound_party import API, OTHER_API, add_resource, register_bound
from tests.support.installation import ISSUER
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party

GRANT = "client_credentials"


@pytest.fixture
def machine(app: Flask) -> RelyingParty:
    """A program that acts for itself at one API."""
    add_resource(scopes=("dossiers", "dossiers.write"))
    return register_party(grant_types=(GRANT,), scope="dossiers", resources=(API,), redirect_uris=())


def ask(browser: FlaskClient, party: RelyingParty, **more: str) -> TestResponse:
    return party.post(browser, {"grant_type": GRANT, **more})


def authorizations() -> int:
    found: int = reader().execute(select(func.count()).select_from(table_of(Authorization))).scalar_one()
    return found


def introspected(browser: FlaskClient, party: RelyingParty, token: str) -> dict[str, Any]:
    facts: dict[str, Any] = browser.post("/introspect", data={"token": token}, headers=party.headers()).get_json()
    return facts


def test_a_client_gets_a_token_of_its_own(browser: FlaskClient, machine: RelyingParty) -> None:
    response = ask(browser, machine)
    told = response.get_json()
    assert {name: told[name] for name in told if name != "access_token"} == {"token_type": "Bearer", "expires_in": 600, "scope": "dossiers"}
    assert response.headers["Cache-Control"] == "no-store"
    facts = introspected(browser, machine, told["access_token"])
    assert (facts["active"], facts["sub"], facts["client_id"], facts["aud"]) == (True, machine.client_id, machine.client_id, [API])
    assert not {"acr", "amr", "auth_time"} & facts.keys()
    [event] = trail.events("client.authorized")
    assert (event.actor, event.client_id, event.person_id) == (f"client:{machine.client_id}", machine.key, None)


def test_it_opens_nothing_about_people(browser: FlaskClient, machine: RelyingParty) -> None:
    token = ask(browser, machine).get_json()["access_token"]
    assert machine.userinfo(browser, token).status_code == 401
    everything = register_party(grant_types=(GRANT, "authorization_code"), scope=f"{ALL_SCOPES} dossiers", resources=(API,))
    for scope in ("openid", "dossiers profile", "offline_access"):
        assert ask(browser, everything, scope=scope).get_json()["error"] == "invalid_scope"
    assert ask(browser, everything).get_json()["scope"] == "dossiers"
    assert "refresh_token" not in ask(browser, everything).get_json()


def test_scope_and_resource_are_those_it_is_registered_for(browser: FlaskClient, machine: RelyingParty) -> None:
    add_resource(OTHER_API, ("people",))
    assert ask(browser, machine, scope="dossiers", resource=API).status_code == 200
    for scope in ("dossiers.write", "people", "x", "é"):
        assert ask(browser, machine, scope=scope).get_json()["error"] == "invalid_scope"
    for resource in (OTHER_API, "https://nowhere.test", "x", f"{API}#x", f"{API}/", f"{API} {OTHER_API}"):
        assert ask(browser, machine, resource=resource).get_json()["error"] in ("invalid_target", "invalid_request")


def test_only_the_grants_of_its_registration_are_open_to_a_client(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """RFC 6749 §5.2 unauthorized_client."""
    assert ask(browser, party).get_json()["error"] == "unauthorized_client"
    token_exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    assert party.post(browser, {"grant_type": token_exchange}).get_json()["error"] == "unauthorized_client"
    short = register_party(grant_types=("authorization_code",), scope=ALL_SCOPES)
    told = short.tokens(browser, scope="openid offline_access")
    assert "refresh_token" not in told
    assert told["scope"] == "openid"
    assert short.refresh(browser, "x").get_json()["error"] == "unauthorized_client"


def test_a_client_that_cannot_prove_itself_cannot_act_for_itself(browser: FlaskClient, machine: RelyingParty) -> None:
    """RFC 6749 §4.4.2."""
    response = browser.post("/token", data={"grant_type": GRANT, "client_id": machine.client_id})
    assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")


def test_its_token_dies_with_it(browser: FlaskClient, machine: RelyingParty) -> None:
    server = register_party(client_name="Hồ sơ")
    add_resource(OTHER_API, ("people",), client_id=server.client_id)
    other = register_party(grant_types=(GRANT,), scope="people", resources=(OTHER_API,), redirect_uris=())
    token = ask(browser, other).get_json()["access_token"]
    assert introspected(browser, server, token)["active"] is True
    in_transaction(lambda c: disable(c, other.client_id, actor="cli:test"))
    assert introspected(browser, server, token) == {"active": False}
    own = ask(browser, machine).get_json()["access_token"]
    assert browser.post("/revoke", data={"token": own}, headers=machine.headers()).status_code == 200
    assert introspected(browser, machine, own) == {"active": False}


def test_a_client_of_the_profile_gets_its_own_token_bound(browser: FlaskClient, machine: RelyingParty) -> None:
    """FAPI 2.0 client credentials: fapi2-security-profile-final-ensure-holder-of-key-required."""
    party = register_bound(grant_types=(GRANT,), scope="dossiers", resources=(API,), redirect_uris=())
    assert party.post(browser, {"grant_type": GRANT}, {}).get_json()["error"] == "invalid_dpop_proof"
    assert party.post(browser, {"grant_type": GRANT}).get_json()["token_type"] == "DPoP"


def test_each_second_is_audited_and_those_of_a_minute_share_an_authorization(
    browser: FlaskClient, machine: RelyingParty, time: clock.ManualClock
) -> None:
    """An event for each second and address that asked, written before its first token is given; told apart by what the tokens are for."""
    first, second = (ask(browser, machine).get_json()["access_token"] for _ in range(2))
    assert first != second
    assert len(trail.events("client.authorized")) == 1
    browser.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    ask(browser, machine)
    time.advance(seconds=1)
    ask(browser, machine)
    events = trail.events("client.authorized")
    assert [event.address for event in events] == ["127.0.0.1", "192.0.2.7", "192.0.2.7"]
    assert len({event.detail["token_series"] for event in events}) == 3
    assert authorizations() == 1
    ask(browser, machine, scope="dossiers", resource=ISSUER)
    assert authorizations() == 2
    time.advance(minutes=1)
    ask(browser, machine)
    assert (len(trail.events("client.authorized")), authorizations()) == (5, 3)


def test_every_token_says_which_event_it_was_given_under(browser: FlaskClient, machine: RelyingParty, time: clock.ManualClock) -> None:
    """Its own id begins with the series that the event names; the next event says how many there were."""
    own = []
    for _ in range(2):
        own += [open_access_token(ask(browser, machine).get_json()["access_token"]).own_id for _ in range(3)]
        time.advance(seconds=1)
    assert len(set(own)) == 6
    ask(browser, machine)
    series = [event.detail["token_series"] for event in trail.events("client.authorized")]
    before = [(event.detail.get("series_before"), event.detail.get("tokens_before")) for event in trail.events("client.authorized")]
    assert before == [(None, None), (series[0], 3), (series[1], 3)]
    assert [one.hex()[:16] for one in own if one] == [series[0]] * 3 + [series[1]] * 3


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_giving_one_back_ends_that_one_and_none_beside_it(browser: FlaskClient, machine: RelyingParty, form: str) -> None:
    """RFC 7009 §2.1."""
    if form == "jwt":
        in_transaction(lambda c: change(c, machine.client_id, actor="cli:test", access_token_format="jwt"))
    first, second = (ask(browser, machine).get_json()["access_token"] for _ in range(2))
    assert (first.count(".") == 2) is (form == "jwt")
    for _ in range(2):
        assert browser.post("/revoke", data={"token": first}, headers=machine.headers()).status_code == 200
    assert introspected(browser, machine, first) == {"active": False}
    third = ask(browser, machine).get_json()["access_token"]
    assert all(introspected(browser, machine, token)["active"] for token in (second, third))
    [event] = trail.events("client_token.revoked")
    assert event.detail["token_id"].startswith(trail.events("client.authorized")[0].detail["token_series"])


def test_another_client_cannot_give_it_back(browser: FlaskClient, machine: RelyingParty, party: RelyingParty) -> None:
    token = ask(browser, machine).get_json()["access_token"]
    response = browser.post("/revoke", data={"token": token}, headers=party.headers())
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_grant")
    assert introspected(browser, machine, token)["active"]


def test_an_authorization_that_an_operator_ended_gives_no_good_token_of_its_minute(
    browser: FlaskClient, machine: RelyingParty, time: clock.ManualClock
) -> None:
    """All of it ends at once, what is given under it in that second too; a second later, in every process, the token is of a new one."""
    before = [ask(browser, machine).get_json()["access_token"] for _ in range(2)]
    [ended] = reader().execute(select(table_of(Authorization).c.id)).scalars()
    in_transaction(lambda c: revoke(c, ended, reason="misuse", actor="cli:test"))
    before.append(ask(browser, machine).get_json()["access_token"])
    time.advance(seconds=1)
    after = ask(browser, machine).get_json()["access_token"]
    assert [introspected(browser, machine, token)["active"] for token in (*before, after)] == [False, False, False, True]
