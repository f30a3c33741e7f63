"""docs/revocation.md goes row by row: each event is done to somebody with two live sessions, and every cell of the table is looked at."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clients.registration import disable, rotate_secret
from clients.registry import find_client
from idp import access, clock, outbox
from idp.api import access as api_access
from idp.credentials import factors, officer_codes, totp
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, reader, table_of
from idp.oidc import consents, key_rotation
from idp.oidc.backchannel_logout import DELIVERERS, SESSION_ENDED
from idp.oidc.grants.device_code import GRANT_TYPE
from idp.oidc.models import SigningKey
from idp.opaque_tokens import Secret
from idp.outbox import OutboxMessage
from idp.roles import grants
from idp.roles.models import Role
from idp.sessions import browser_sessions, trusted_browsers
from tests.support.machine import Machine
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.sign_in import enrolled_phone

TABLE = Path(__file__).resolve().parents[2] / "docs" / "revocation.md"
COLUMNS = (
    "this session", "other session", "pending code", "device code", "access token", "offline access", "trusted browser", "officer's code",
    "told",
)  # fmt: skip
BY = "cli:test"
REASON = "by_test"


@dataclass
class Life:
    """Somebody with two browsers and all that can hang on a session."""

    app: Flask
    person_id: uuid.UUID
    this: FlaskClient
    other: FlaskClient
    this_session: uuid.UUID
    party: RelyingParty
    device_party: RelyingParty
    code: str
    device_code: str
    access_token: str
    id_token: str
    refresh_token: str


def rows() -> dict[str, dict[str, str]]:
    """The table as it is written: by event, the cells by column."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert tuple(cells[0][1:]) == COLUMNS
    return {re.findall(r"`(\w+)`", row[0])[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in cells[2:]}


def live(app: Flask) -> Life:
    """Make all of it, and see that it lives."""
    person_id, this, other = add_person(), app.test_client(), app.test_client()
    enrolled_phone(person_id)
    enrolled_phone(person_id)
    this_session, _other_session = sign_in(this, person_id), sign_in(other, person_id)
    party = register_party(backchannel_logout_uri="https://rp.test/logout", require_consent=True)
    client = find_client(party.client_id)
    assert client is not None
    in_transaction(lambda c: consents.give(c, person_id, client, frozenset({"openid", "offline_access"})))
    device_party = register_party(token_endpoint_auth_method="none", grant_types=("authorization_code", GRANT_TYPE))
    offline, told = party.tokens(this, scope="openid offline_access"), party.tokens(this)
    with app.test_request_context("/"):
        in_transaction(lambda c: trusted_browsers.trust(c, person_id, this_session))
    in_transaction(lambda c: officer_codes.issue(c, person_id, officer_codes.TEMPORARY, NewCode(Secret("x"), "y"), issued_by=BY))
    return Life(
        app, person_id, this, other, this_session, party, device_party, party.code(this), let_in_device(app, this, device_party),
        told["access_token"], told["id_token"], offline["refresh_token"],
    )  # fmt: skip


def let_in_device(app: Flask, browser: FlaskClient, party: RelyingParty) -> str:
    begun = app.test_client().post("/device_authorization", data={"client_id": party.client_id, "scope": "openid"}).get_json()
    entered = browser.post("/device", data={"user_code": begun["user_code"], "csrf_token": token_on(browser.get("/device").text)})
    page = browser.get(entered.location)
    assert browser.post(entered.location, data={"csrf_token": token_on(page.text)}).status_code in (200, 303)
    return str(begun["device_code"])


def token_on(page: str) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])


def deed(work: Callable[[Any], object]) -> None:
    in_transaction(work)


def withdraw(life: Life, reason: str) -> None:
    deed(lambda c: access.withdraw(c, life.person_id, reason=reason, actor=BY))


def restored(life: Life) -> None:
    withdraw(life, REASON)
    deed(lambda c: access.restore(c, life.person_id, reason=REASON, actor=BY))


def factor_removed(life: Life) -> None:
    first = totp.find_active(reader(), life.person_id)[0].id
    deed(lambda c: factors.remove(c, life.person_id, first))


def session_expired(life: Life) -> None:
    MOVE[0](hours=11)  # a refresh token that nobody uses for twelve hours would die of itself
    life.refresh_token = life.party.refresh(life.app.test_client(), life.refresh_token).get_json()["refresh_token"]
    MOVE[0](hours=1, seconds=1)
    deed(browser_sessions.end_expired)


def signing_key_retired(life: Life) -> None:
    kids = reader().execute(select(table_of(SigningKey).c.id)).scalars().all()
    deed(lambda c: key_rotation.rotate(c, "RS256", actor=BY))
    deed(lambda c: [key_rotation.retire(c, kid, actor=BY) for kid in kids])


def sign_out_here(life: Life) -> None:
    answer = life.this.get("/end_session", query_string={"id_token_hint": life.id_token})
    assert answer.status_code in (200, 303)


def role_revoked(life: Life) -> None:
    deed(lambda c: grants.revoke(c, life.person_id, Role.AUDITOR, actor=BY))


def api_role_taken(life: Life) -> None:
    machine = Machine(life.app, Role.AUDITOR)
    assert machine.call("GET", "/audit").status_code == 200
    deed(lambda c: api_access.revoke(c, machine.client_id, Role.AUDITOR, unit_id=None, actor=BY, reason=REASON))
    assert machine.call("GET", "/audit").status_code == 403


MOVE: list[Callable[..., object]] = []
SIGN_OUT: dict[str, Any] = {"reason": REASON, "actor": BY}
EVENTS: dict[str, Callable[[Life], object]] = {
    "sign_out_here": sign_out_here,
    "one_session_ended": lambda life: deed(lambda c: access.sign_out(c, life.person_id, **SIGN_OUT, only=life.this_session)),
    "others_ended": lambda life: deed(lambda c: access.sign_out(c, life.person_id, **SIGN_OUT, keep=life.this_session)),
    "signed_out_everywhere": lambda life: deed(lambda c: access.sign_out(c, life.person_id, **SIGN_OUT)),
    "misuse_reported": lambda life: deed(lambda c: access.report_misuse(c, life.person_id, actor=BY)),
    "session_expired": session_expired,
    "suspended": lambda life: withdraw(life, REASON),
    "locked_in_directory": lambda life: withdraw(life, "locked_in_directory"),
    "gone_from_directory": lambda life: withdraw(life, "gone_from_directory"),
    "restored": restored,
    "password_changed": lambda life: deed(lambda c: access.password_changed(c, life.person_id, actor=BY)),
    "factor_removed": factor_removed,
    "factors_reset": lambda life: deed(lambda c: access.reset_factors(c, life.person_id, reason=REASON, actor=BY)),
    "role_granted": lambda life: deed(lambda c: access.role_granted(c, life.person_id, actor=BY)),
    "role_revoked": role_revoked,
    "api_role_taken": api_role_taken,
    "browser_distrusted": lambda life: deed(lambda c: trusted_browsers.distrust(c, life.person_id, actor=BY)),
    "consent_withdrawn": lambda life: deed(lambda c: consents.withdraw(c, life.person_id, life.party.key, actor=BY)),
    "client_disabled": lambda life: deed(lambda c: disable(c, life.party.client_id, actor=BY)),
    "client_secret_rotated": lambda life: deed(lambda c: rotate_secret(c, life.party.client_id, actor=BY)),
    "signing_key_retired": signing_key_retired,
}


def lives(life: Life) -> dict[str, bool]:
    """What of it still works, tried as its holder would; the code and the device code last, because they are used up."""
    strange = life.app.test_client()
    trusted = trusted_browsers.find_all(reader(), life.person_id)
    return {
        "this session": browser_sessions.find(cookie_of(life.this)) is not None,
        "other session": browser_sessions.find(cookie_of(life.other)) is not None,
        "access token": life.party.userinfo(strange, life.access_token).status_code == 200,
        "offline access": life.party.refresh(strange, life.refresh_token).status_code == 200,
        "trusted browser": bool(trusted),
        "officer's code": bool(officer_codes.find_open(reader(), life.person_id)),
        "pending code": life.party.redeem(strange, life.code).status_code == 200,
        "device code": life.device_party.post(strange, {"grant_type": GRANT_TYPE, "device_code": life.device_code}).status_code == 200,
    }


def cookie_of(browser: FlaskClient) -> str:
    cookie = browser.get_cookie(browser_sessions.cookie_name())
    return cookie.value if cookie else "none"


def was_told(life: Life) -> bool:
    outbox.deliver_due({SESSION_ENDED: DELIVERERS[SESSION_ENDED]})
    box = table_of(OutboxMessage)
    return bool(reader().execute(select(box.c.id).where(box.c.kind == "logout_token", box.c.client_id == life.party.key)).all())


def test_the_table_and_the_events_name_each_other() -> None:
    assert list(rows()) == list(EVENTS)
    assert "test_revocation_table.py" in TABLE.read_text()


@pytest.mark.parametrize("event", list(EVENTS))
def test_each_event_revokes_what_the_table_says(app: Flask, time: clock.ManualClock, event: str) -> None:
    """LOG-033, LOG-035, SES-003, SES-007, TOK-029, ENR-003"""
    life = live(app)
    MOVE[:] = [time.advance]
    EVENTS[event](life)
    said = rows()[event]
    assert was_told(life) == (said["told"] == "yes")
    found = lives(life)
    assert {name: "stays" if alive else "ends" for name, alive in found.items()} == {name: said[name] for name in found}


def test_before_any_event_all_of_it_lives(app: Flask, time: clock.ManualClock) -> None:
    life = live(app)
    assert not was_told(life)
    assert all(lives(life).values())
