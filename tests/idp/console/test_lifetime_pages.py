"""Rules of the page on which an application is given lifetimes of its own, and of the wizard's step that does."""

from typing import Any

import pytest
from flask import Flask

from clients.lifetimes import BOUNDS, preset_named
from clients.registry import RegisteredClient, find_client
from idp.roles.models import Role
from tests.idp.console.test_draft_pages import ABOUT, ADDRESSES, DATA, begin, decide
from tests.support.people import add_unit
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.trail import events

WHY = "Theo quyết định 12"


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party()


def kept(client_id: str) -> dict[str, Any]:
    client = find_client(client_id)
    assert isinstance(client, RegisteredClient)
    return {name: getattr(client.metadata, name) for name in BOUNDS}


def test_a_set_or_minutes_one_by_one_with_a_reason(app: Flask, party: RelyingParty) -> None:
    browser, page = browser_of(app, Role.IT_ADMIN), f"/console/clients/{party.client_id}/lifetimes"
    assert "Như quy định chung" in words_of(browser.get(page))
    assert send_form(browser, page, {"preset": "strict"}).status_code == 400
    assert send_form(browser, page, {"preset": "strict", "reason": WHY}).status_code == 303
    assert kept(party.client_id) == preset_named("strict")
    assert "5 phút" in words_of(browser.get(page))
    wrong = send_form(browser, page, {"preset": "own", "access_token_seconds": "11", "refresh_token_seconds": "x", "reason": WHY})
    assert wrong.status_code == 400
    assert words_of(wrong).count("Ghi số phút từ 1 đến") == 4  # on top of the page, and beside each field
    assert 'value="11"' in words_of(wrong)
    assert send_form(browser, page, {"preset": "own", "access_token_seconds": "3", "reason": WHY}).status_code == 303
    assert kept(party.client_id) == {**preset_named("usual"), "access_token_seconds": 180}
    told = events("client.changed")[-1].detail
    assert told["reason"] == WHY
    assert "Mã truy cập dùng được trong" in words_of(browser.get(f"/console/clients/{party.client_id}/history"))


def test_who_only_looks_is_offered_nothing_to_change(app: Flask, party: RelyingParty) -> None:
    auditor, page = browser_of(app, Role.AUDITOR), f"/console/clients/{party.client_id}/lifetimes"
    assert "Lưu thời hạn" not in words_of(auditor.get(page))


def test_the_wizard_registers_with_the_chosen_set(app: Flask) -> None:
    add_unit("Sở Y tế", code="H27.5")
    browser = browser_of(app, Role.IT_ADMIN)
    draft = begin(browser)
    data = {**DATA, "lifetimes": "workday"}
    for page, form in (
        ("about", {**ABOUT, "client_id": "mot-cua"}),
        ("kind", {"kind": "server"}),
        ("addresses", ADDRESSES),
        ("data", data),
    ):
        assert send_form(browser, f"{draft}/{page}", form).status_code == 303
    assert "Trong một ngày làm việc" in words_of(browser.get(f"{draft}/check"))
    decide(browser, draft, "submit")
    assert kept("mot-cua") == preset_named("workday")
