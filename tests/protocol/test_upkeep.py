"""Rules of what is kept and what is forgotten, and of answers to oversized tokens (RFC 8725, ASVS 1.4.2)."""

import time as wall
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.oidc.models import Authorization, OldRefreshToken
from idp.oidc.upkeep import forget_dead
from tests.protocol.test_old_refresh_tokens import turned_old
from tests.support.bound_party import API, add_resource
from tests.support.relying_party import RelyingParty, register_party, sign_in


def count(record: type[Any]) -> int:
    found: int = reader().execute(select(func.count()).select_from(table_of(record))).scalar_one()
    return found


def test_used_refresh_tokens_of_either_form_are_remembered_until_their_chain_has_ended_then_all_of_it_goes(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    told = party.tokens(browser, scope="openid offline_access")
    party.refresh(browser, told["refresh_token"])
    turned_old(browser, party, used=True)
    time.advance(days=30)
    in_transaction(forget_dead)
    assert (count(OldRefreshToken), count(Authorization)) == (1, 2)
    time.advance(days=1, seconds=1)
    in_transaction(forget_dead)
    assert (count(OldRefreshToken), count(Authorization)) == (0, 2)
    time.advance(days=2)  # keys are made by the machine's own clock, which is not ours
    in_transaction(forget_dead)
    assert count(Authorization) == 0


def test_what_a_client_was_given_for_itself_is_forgotten_soon_after_its_token_has_died(
    browser: FlaskClient, time: clock.ManualClock
) -> None:
    add_resource()
    machine = register_party(grant_types=("client_credentials",), redirect_uris=(), scope="dossiers", resources=(API,))
    for _ in range(3):
        assert machine.post(browser, {"grant_type": "client_credentials"}).status_code == 200
        time.advance(minutes=1)  # what is asked for within a minute is of one authorization
    in_transaction(forget_dead)
    assert count(Authorization) == 3
    time.advance(days=1)  # keys are made by the machine's own clock, which is not ours
    in_transaction(forget_dead)
    assert count(Authorization) == 0


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_an_oversized_token_is_refused_at_once(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, size: int) -> None:
    huge = "eyJhbGciOiJSUzI1NiJ9." + "A" * size + ".AAAA"
    begun = wall.monotonic()
    assert browser.get("/userinfo", headers={"Authorization": f"Bearer {huge}"}).status_code == 401
    assert browser.post("/userinfo", data={"access_token": huge}).status_code in (400, 401, 413)
    assert browser.post("/token", data={"grant_type": "refresh_token", "refresh_token": huge}, headers=party.headers()).status_code in (
        400,
        413,
    )
    assert party.authorize(browser, id_token_hint=huge).status_code == 400
    assert browser.get("/end_session", query_string={"id_token_hint": huge}).status_code == 400
    assert wall.monotonic() - begun < 5
