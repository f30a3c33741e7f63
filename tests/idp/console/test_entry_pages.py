"""Rules of the page of who may enter an application."""

import pytest
from flask import Flask
from sqlalchemy import select

from clients.entry_rules import kept_rules
from clients.models import Client
from idp.console.entry_cli import group
from idp.database import reader, table_of
from idp.roles.models import Role
from tests.support.entry import let_in, shut
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.trail import events

_c = table_of(Client)
BAD = "<script>alert(1)</script>"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party()


def kinds(party: RelyingParty) -> list[str]:
    return [row.kind for row in kept_rules(reader(), party.key)]


def test_an_administrator_adds_a_rule_and_takes_it_back_with_reasons(app: Flask, party: RelyingParty) -> None:
    shut(party.client_id)
    unit = add_unit("Sở Y tế", code="H27.5")
    add_person("vien", unit_id=unit)
    browser, path = browser_of(app, Role.IT_ADMIN), f"/console/clients/{party.client_id}/entry"
    assert "Chưa ai được vào" in words_of(browser.get(path))
    form = {"kind": "unit", "unit": "H27.5", "valid_from": "24/11/2020", "valid_to": "", "reason": "Theo đề nghị số 5"}
    assert send_form(browser, path, form).status_code == 303
    (rule,) = kept_rules(reader(), party.key)
    assert rule.unit_id == unit
    page = words_of(browser.get(path))
    assert "Người của Sở Y tế và các đơn vị bên dưới" in page
    assert "Hôm nay 1 người" in page
    removal = f"{path}/{rule.id}/remove"
    assert send_form(browser, removal, {"reason": ""}).status_code == 400
    assert send_form(browser, removal, {"reason": "Thôi phối hợp"}).status_code == 303
    assert kinds(party) == []
    added, removed = events("client_entry.added")[-1], events("client_entry.removed")[-1]
    assert (added.detail["reason"], removed.detail["reason"]) == ("Theo đề nghị số 5", "Thôi phối hợp")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "unit", "unit": BAD}, "unit"),
        ({"kind": "person", "person": "khong-co"}, "person"),
        ({"kind": "category", "category": "vua"}, "category"),
        ({"kind": "everybody", "valid_from": "32/13/2026"}, "valid_from"),
    ],
)
def test_what_cannot_be_a_rule_is_said_beside_its_field_and_kept(app: Flask, party: RelyingParty, form: dict[str, str], field: str) -> None:
    path = f"/console/clients/{party.client_id}/entry"
    refused = send_form(browser_of(app, Role.IT_ADMIN), path, {"reason": "Thử quy tắc", **form})
    assert refused.status_code == 400
    assert f'href="#{field}"' in words_of(refused)
    assert BAD not in words_of(refused)
    assert kinds(party) == ["everybody"]


def test_an_auditor_sees_the_rules_and_changes_none(app: Flask, party: RelyingParty) -> None:
    browser, path = browser_of(app, Role.AUDITOR), f"/console/clients/{party.client_id}/entry"
    assert "Tất cả cán bộ trong tỉnh" in words_of(browser.get(path))
    assert browser.post(path, data={"kind": "everybody"}).status_code in (400, 403)


def test_a_rule_of_another_client_is_not_removed_through_this_one(app: Flask, party: RelyingParty) -> None:
    other = register_party(client_name="Khác")
    (rule,) = kept_rules(reader(), other.key)
    browser = browser_of(app, Role.IT_ADMIN)
    assert browser.get(f"/console/clients/{party.client_id}/entry/{rule.id}/remove").status_code == 404
    assert kinds(other) == ["everybody"]


def test_the_command_adds_lists_and_removes(app: Flask, party: RelyingParty) -> None:
    runner = app.test_cli_runner()
    shut(party.client_id)
    add_person("binh")
    assert runner.invoke(group, ["add", party.client_id, "person", "binh", "--to", "2030-12-31"]).exit_code == 0
    listed = runner.invoke(group, ["list", party.client_id, "--json"])
    assert '"person"' in listed.output
    (rule,) = kept_rules(reader(), party.key)
    assert runner.invoke(group, ["remove", party.client_id, str(rule.id)]).exit_code == 0
    assert runner.invoke(group, ["remove", party.client_id, str(rule.id)]).exit_code == 1
    assert "Nobody may enter." in runner.invoke(group, ["list", party.client_id]).output


def test_the_same_rule_is_there_once_and_every_change_is_a_new_version(app: Flask, party: RelyingParty) -> None:
    before = reader().execute(select(_c.c.version)).scalar_one()
    assert let_in(party.client_id, "everybody") is None
    assert let_in(party.client_id, "category", "vien_chuc") is not None
    assert reader().execute(select(_c.c.version)).scalar_one() == before + 1
