"""Rules of who may enter an application: asked at every door, and again whenever something is given."""

import re
import uuid
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from clients.entry_rules import kept_rules
from clients.registry import find_client
from idp import clock
from idp.database import db, in_transaction, reader, table_of
from idp.people.models import Person
from idp.roles.grants import grant, revoke
from idp.roles.models import Role
from idp.sessions import assurance
from idp.web.formats import today
from tests.protocol import test_device as device
from tests.protocol import test_token_exchange as exchanging
from tests.support.bound_party import API, OTHER_API, add_resource
from tests.support.entry import let_in, only, shut
from tests.support.guarded_site import register_site
from tests.support.people import add_person, add_unit
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in
from tests.support.trail import events

_p = table_of(Person)
NO_ENTRY = "/authorize/no-entry?flow="


def gets_in(browser: FlaskClient, party: RelyingParty) -> bool:
    location = party.authorize(browser).headers["Location"]
    assert location.startswith(party.redirect_uri + "?code=") or NO_ENTRY in location, location
    return NO_ENTRY not in location


def test_a_client_registered_without_the_console_lets_everybody_in(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    assert [row.kind for row in kept_rules(reader(), party.key)] == ["everybody"]
    assert gets_in(browser, party)


def test_without_any_rule_nobody_gets_in(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    shut(party.client_id)
    assert not gets_in(browser, party)


def test_the_page_of_the_refusal_says_whose_the_application_is_and_leads_back(
    browser: FlaskClient, person_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    """RFC 6749 §4.1.2.1: access_denied, with the state."""
    party = register_party(contacts=("an@hagiang.gov.vn",))
    shut(party.client_id)
    page = browser.get(party.authorize(browser).headers["Location"])
    assert page.status_code == 403
    assert "Không có quyền vào ứng dụng" in page.text
    assert "an@hagiang.gov.vn" in page.text
    back = re.search(r'id="cancel" href="([^"]+)"', page.text)
    assert back
    told = party.answer(browser.get(back.group(1)))
    assert told["error"] == "access_denied"
    assert told["state"] == "s-1"
    (refused,) = events("authorization.refused")
    assert refused.person_id == person_id
    assert refused.detail["reason"] == "may_not_enter"


def test_who_is_let_in_while_reading_the_page_goes_on(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    shut(party.client_id)
    page = party.authorize(browser).headers["Location"]
    let_in(party.client_id, "everybody")
    assert "code" in party.answer(browser.get(page))


def test_a_client_that_shows_no_page_is_told_at_once(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """OpenID Connect Core §3.1.2.1: prompt=none."""
    shut(party.client_id)
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "access_denied"


def test_a_unit_lets_in_whoever_works_below_it_and_nobody_who_has_moved_away(browser: FlaskClient, party: RelyingParty) -> None:
    department, elsewhere = add_unit("Sở Y tế", code="H27.5"), add_unit("Sở Tài chính", code="H27.6")
    person = add_person(unit_id=add_unit("Trạm y tế xã", code="H27.5.3", parent_id=department))
    sign_in(browser, person)
    only(party.client_id, "unit", department)
    assert gets_in(browser, party)
    in_transaction(lambda c: c.execute(update(_p).where(_p.c.id == person), {"unit_id": elsewhere}))
    assert not gets_in(browser, party)


@pytest.mark.parametrize(("category", "lets_in"), [("cong_chuc", True), ("vien_chuc", False), (None, False)])
def test_a_category_lets_in_its_people_only(browser: FlaskClient, party: RelyingParty, category: str | None, lets_in: bool) -> None:
    sign_in(browser, add_person(staff_category=category))
    only(party.client_id, "category", "cong_chuc")
    assert gets_in(browser, party) is lets_in


def test_a_role_lets_in_while_it_is_held(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    in_transaction(lambda c: grant(c, person_id, Role.LEADER, actor="cli:test"))
    sign_in(browser, person_id, assurance.AAL2)
    only(party.client_id, "role", "leader")
    assert gets_in(browser, party)
    in_transaction(lambda c: revoke(c, person_id, Role.LEADER, actor="cli:test"))
    assert not gets_in(browser, party)


def test_a_person_named_gets_in_and_the_one_beside_them_does_not(
    app: Flask, browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    only(party.client_id, "person", person_id)
    other = app.test_client()
    sign_in(other, add_person("khac"))
    assert gets_in(browser, party)
    assert not gets_in(other, party)


def test_a_rule_holds_through_its_last_day_of_the_province(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """At 08:00 there are sixteen hours left of it."""
    only(party.client_id, "person", person_id, valid_from=date(2026, 11, 24), valid_to=date(2026, 11, 24))
    sign_in(browser, person_id)
    assert gets_in(browser, party)
    time.advance(hours=15, minutes=59)
    sign_in(browser, person_id)
    assert gets_in(browser, party)
    time.advance(minutes=1)
    assert not gets_in(browser, party)


def test_a_rule_that_begins_tomorrow_lets_nobody_in_today(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    only(party.client_id, "everybody", valid_from=today() + timedelta(days=1))
    assert not gets_in(browser, party)


def test_a_code_is_worth_nothing_once_its_person_may_not_enter(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    code = party.code(browser)
    shut(party.client_id)
    refused = party.redeem(browser, code)
    assert refused.get_json()["error"] == "invalid_grant"
    let_in(party.client_id, "everybody")
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"


def test_refresh_ends_for_whom_no_rule_lets_in_any_more(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    tokens = party.tokens(browser, scope="openid profile offline_access")
    shut(party.client_id)
    assert party.userinfo(browser, tokens["access_token"]).status_code == 401
    introspected = browser.post("/introspect", data={"token": tokens["access_token"]}, headers=party.headers())
    assert introspected.get_json() == {"active": False}
    introspected = browser.post("/introspect", data={"token": tokens["refresh_token"]}, headers=party.headers())
    assert introspected.get_json() == {"active": False}
    assert party.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    let_in(party.client_id, "everybody")  # what was over stays over
    assert party.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert events("authorization.revoked")[-1].detail["reason"] == "may_not_enter"


def test_a_device_is_let_in_only_by_who_may_enter(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = device.device_party()
    shut(party.client_id)
    told = device.begin(browser, party)
    question = device.type_code(browser, told["user_code"])
    page = browser.get(question.headers["Location"])
    assert page.status_code == 403
    assert "Không có quyền vào ứng dụng" in page.text
    assert device.error_of(device.poll(browser, party, told["device_code"])) == "authorization_pending"


def test_a_device_let_in_before_the_rules_changed_gets_nothing(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = device.device_party()
    told = device.begin(browser, party)
    device.answer(browser, told["user_code"])
    shut(party.client_id)
    assert device.error_of(device.poll(browser, party, told["device_code"])) == "access_denied"


@pytest.mark.parametrize("shut_client", ["portal", "dossiers"])
def test_tokens_are_exchanged_only_for_who_may_enter_both_applications(
    browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock, shut_client: str
) -> None:
    dossiers = exchanging.register_service("dossiers", "portal")
    add_resource(API, ("dossiers", "people"), client_id="dossiers")
    add_resource(OTHER_API, ("people",))
    exchanging.allow("dossiers", OTHER_API, scope="people")
    portal = register_party(scope=f"{ALL_SCOPES} dossiers people", client_id="portal", resources=(API, OTHER_API))
    sign_in(browser, person_id, assurance.AAL2)
    token = portal.tokens(browser, scope="openid dossiers people", resource=API)["access_token"]
    assert exchanging.exchange(browser, dossiers, token).status_code == 200
    shut(shut_client)
    assert exchanging.exchange(browser, dossiers, token).get_json()["error"] == "invalid_grant"


def test_a_guarded_site_is_closed_at_the_next_request(browser: FlaskClient, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    site = register_site()
    site.sign_in(browser)
    assert site.ask(browser).status_code == 200
    only(site.party.client_id, "person", add_person("khac"))
    assert site.ask(browser).status_code == 403


def test_nobody_agrees_to_share_data_with_an_application_they_may_not_enter(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_party(require_consent=True)
    question = party.authorize(browser).headers["Location"]
    assert "/authorize/consent?flow=" in question
    shut(party.client_id)
    assert NO_ENTRY in browser.get(question).headers["Location"]


def test_the_launcher_hides_what_is_not_open(browser: FlaskClient, session_id: uuid.UUID) -> None:
    register_party(client_name="Một cửa", initiate_login_uri="https://mot-cua.test/login")
    hidden = register_party(client_name="Kho bạc", initiate_login_uri="https://kho-bac.test/login")
    shut(hidden.client_id)
    for path in ("/account", "/account/applications"):
        page = browser.get(path).text
        assert "Một cửa" in page, path
        assert "Kho bạc" not in page, path


def test_where_everybody_may_enter_no_statement_asks_for_it(
    app: Flask, browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    party.authorize(browser)
    asked: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        party.authorize(browser)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert not any("client_entry_rule" in one or "staff_category" in one for one in asked), asked
    client = find_client(party.client_id)
    assert client is not None
    assert client.is_open_always
