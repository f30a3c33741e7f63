"""Rules of refresh tokens that were given before an installation was upgraded: they go on working, and move into the chain."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.oidc.models import Authorization, OldRefreshToken
from idp.opaque_tokens import digest, new_token
from tests.support import trail
from tests.support.bound_party import register_bound
from tests.support.relying_party import RelyingParty, register_party

OFFLINE = "openid email offline_access"


def turned_old(browser: FlaskClient, party: RelyingParty, *, used: bool = False) -> dict[str, Any]:
    """A token response as before the upgrade: its refresh token is a random value with a row of its own."""
    told, now, token = party.tokens(browser, scope=OFFLINE), clock.now(), new_token()
    authorizations, old = table_of(Authorization), table_of(OldRefreshToken)
    newest = reader().execute(select(authorizations.c.id).order_by(authorizations.c.id.desc())).scalars().first()
    row = {
        "digest": digest(token), "authorization_id": newest, "issued_at": now, "idle_expires_at": now + timedelta(hours=12),
        "expires_at": now + timedelta(days=30), "used_at": now if used else None,
    }  # fmt: skip
    no_chain = update(authorizations).where(authorizations.c.id == newest).values(refresh_sequence=None, refresh_ends_at=None)
    in_transaction(lambda c: (c.execute(no_chain), c.execute(insert(old), row)))
    return {**told, "refresh_token": str(token)}


def refused(browser: FlaskClient, party: RelyingParty, token: str) -> bool:
    return bool(party.refresh(browser, token).get_json().get("error") == "invalid_grant")


def test_it_goes_on_in_the_new_form(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    told = turned_old(browser, party)
    assert party.refresh(browser, told["refresh_token"], scope="openid profile").get_json()["error"] == "invalid_scope"
    second = party.refresh(browser, told["refresh_token"]).get_json()
    third = party.refresh(browser, second["refresh_token"]).get_json()
    assert len(told["refresh_token"]) < len(second["refresh_token"]) < 250
    assert second["scope"] == third["scope"] == OFFLINE
    assert party.userinfo(browser, third["access_token"]).status_code == 200


def test_shown_again_after_that_it_ends_the_chain(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    told = turned_old(browser, party)
    second = party.refresh(browser, told["refresh_token"]).get_json()
    assert refused(browser, party, told["refresh_token"])
    assert refused(browser, party, second["refresh_token"])
    assert trail.kinds("refresh_token.replayed") == ["refresh_token.replayed"]


def test_one_that_was_used_before_the_upgrade_ends_the_chain_too(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    used = turned_old(browser, party, used=True)
    assert refused(browser, party, used["refresh_token"])
    assert party.userinfo(browser, used["access_token"]).status_code == 401


def test_it_dies_when_it_would_have(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, time: clock.ManualClock) -> None:
    idle, lasting = turned_old(browser, party), turned_old(browser, party)
    time.advance(hours=11)
    token = party.refresh(browser, lasting["refresh_token"]).get_json()["refresh_token"]
    time.advance(hours=1)
    assert refused(browser, party, idle["refresh_token"])
    token = party.refresh(browser, token).get_json()["refresh_token"]
    for _ in range(64):  # every 11 hours, up to 29 days 20 hours
        time.advance(hours=11)
        token = party.refresh(browser, token).get_json()["refresh_token"]
    time.advance(hours=4)
    assert refused(browser, party, token)


def test_another_client_cannot_use_it_and_the_chain_ends(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    told = turned_old(browser, party)
    assert refused(browser, register_party(client_name="Một cửa"), told["refresh_token"])
    assert refused(browser, party, told["refresh_token"])


@pytest.mark.parametrize("moved", [False, True])
def test_it_can_be_looked_at_and_given_back(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, moved: bool) -> None:
    told = turned_old(browser, party)
    token = told["refresh_token"]
    newest = party.refresh(browser, token).get_json()["refresh_token"] if moved else token
    for written, active in ((token, not moved), (newest, True)):
        facts = browser.post("/introspect", data={"token": written}, headers=party.headers()).get_json()
        assert facts["active"] is active
    assert browser.post("/revoke", data={"token": token}, headers=party.headers()).status_code == 200
    assert refused(browser, party, newest)
    assert party.userinfo(browser, told["access_token"]).status_code == 401


def test_where_tokens_are_kept_the_old_one_may_be_shown_again(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1 no. 9: an answer that was lost on the way ends nothing."""
    party = register_bound()
    told = turned_old(browser, party)
    again = {party.refresh(browser, told["refresh_token"]).status_code for _ in range(2)}
    kept = party.refresh(browser, told["refresh_token"]).get_json()["refresh_token"]
    assert again == {200}
    assert party.refresh(browser, kept).get_json()["refresh_token"] == kept
    assert not trail.events("refresh_token.replayed")
