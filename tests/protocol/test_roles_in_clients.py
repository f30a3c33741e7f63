"""Rules of the roles that people have in one application: the claim `roles`."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.entry import RoleRule
from clients.role_rules import give_role, kept_roles, take_role
from idp import clock
from idp.console.app_role_cli import group
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.roles.models import Role
from idp.web.formats import today
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.signed_in import browser_of, words_of


def give(party: RelyingParty, name: str, **facts: Any) -> uuid.UUID | None:
    return in_transaction(lambda c: give_role(c, party.client_id, RoleRule(name, **facts), actor="cli:test"))


def roles(browser: FlaskClient, party: RelyingParty) -> Any:
    told = party.userinfo(browser, party.tokens(browser, scope="openid staff")["access_token"]).get_json()
    return told["roles"]


def test_roles_are_given_by_unit_category_title_or_name(browser: FlaskClient, party: RelyingParty) -> None:
    department = add_unit("Sở Y tế", code="H27.5")
    person = add_person(unit_id=add_unit("Phòng", parent_id=department), staff_category="cong_chuc", title="Chuyên viên")
    sign_in(browser, person)
    assert roles(browser, party) == []
    give(party, "reader")
    give(party, "health", unit_id=department)
    give(party, "clerk", title="chuyên viên", staff_category="cong_chuc")
    give(party, "chief", title="Giám đốc")
    give(party, "named", person_id=person)
    give(party, "other", person_id=add_person("khac"))
    assert roles(browser, party) == ["clerk", "health", "named", "reader"]


def test_roles_of_one_client_are_not_told_to_another(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    give(party, "reader")
    assert roles(browser, register_party(client_name="Khác")) == []


def test_a_role_lasts_as_long_as_its_days(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    give(party, "acting", valid_from=today(), valid_to=today())
    give(party, "later", valid_from=today() + timedelta(days=1))
    sign_in(browser, person_id)
    assert roles(browser, party) == ["acting"]
    time.advance(days=1)
    sign_in(browser, person_id)
    assert roles(browser, party) == ["later"]


def test_a_role_taken_back_is_told_no_more(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    rule = give(party, "reader")
    assert rule
    assert give(party, "reader") is None
    assert in_transaction(lambda c: take_role(c, party.client_id, rule, actor="cli:test"))
    assert roles(browser, party) == []


@pytest.mark.parametrize("name", ["", "a b", "a,b", "vai trò", "x" * 65, "<script>"])
def test_a_role_has_a_name_that_no_application_can_misread(party: RelyingParty, name: str) -> None:
    with pytest.raises(Refusal):
        give(party, name)


def test_the_command_gives_lists_and_takes(app: Flask, party: RelyingParty) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(group, ["add", party.client_id, "reader", "--category", "vien_chuc"]).exit_code == 0
    assert "reader" in runner.invoke(group, ["list", party.client_id]).output
    (rule,) = kept_roles(reader(), party.key)
    assert runner.invoke(group, ["remove", party.client_id, str(rule.id)]).exit_code == 0


def test_an_administrator_sees_what_exactly_one_person_would_get(app: Flask, party: RelyingParty) -> None:
    add_person("binh", "Lý Thị Bình", staff_category="cong_chuc")
    narrow = register_party(client_name="Hẹp", scope="openid email")
    give(party, "reader", staff_category="cong_chuc")
    browser = browser_of(app, Role.IT_ADMIN)
    page = words_of(browser.get(f"/console/clients/{party.client_id}/preview?person=binh"))
    assert "Lý Thị Bình" in page
    assert "reader" in page
    assert "được vào" in page
    page = words_of(browser.get(f"/console/clients/{narrow.client_id}/preview?person=binh"))
    assert "staff_code" not in page
    assert "binh@hagiang.gov.vn" in page
    assert browser.get(f"/console/clients/{party.client_id}/preview?person=khong-co").status_code == 404
    assert browser_of(app, Role.LEADER).get(f"/console/clients/{party.client_id}/preview?person=binh").status_code == 403
