"""Rules of changing an application that real work is done with: where sign-ins go and by what it proves itself takes two people."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import insert

from clients.draft_models import ClientCard
from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.entry_rules import kept_rules
from clients.registry import RegisteredClient, find_even_disabled
from idp import access
from idp.api.scopes import Scope
from idp.app import create_app
from idp.console import widening
from idp.console.sensitive_changes import KIND
from idp.database import in_transaction, reader, table_of
from idp.people.models import StaffCategory
from idp.roles import proposals
from idp.roles.models import Role
from idp.web.formats import today
from tests.idp.console.test_draft_pages import ABOUT, ADDRESSES, DATA, begin, decide
from tests.support.entry import shut
from tests.support.installation import close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_unit
from tests.support.relying_party import REDIRECT_URI, RelyingParty, register_party
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.trail import events
from wsgi import main

OTHER, WHY = "https://moi.test/cb", "Chuyển máy chủ mới"
UNITS = [{"kind": "unit", "unit": "H27.1"}, {"kind": "unit", "unit": "H27.2"}]
CATEGORIES = [{"kind": "category", "category": category.value} for category in StaffCategory]


def in_use_for(environment: str, **given: Any) -> RelyingParty:
    party = register_party(**given)
    card = {"client_id": party.key, "environment": environment, "kind": "server", "purpose": "", "registered_by": "cli:test"}
    in_transaction(lambda c: c.execute(insert(table_of(ClientCard)), card))
    return party


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """An application that real work is done with."""
    return in_use_for("production", redirect_uris=(REDIRECT_URI, "https://cu.test/cb"))


def kept(party: RelyingParty) -> RegisteredClient:
    found = find_even_disabled(party.client_id)
    assert found is not None
    return found


def form_of(party: RelyingParty, **other: Any) -> dict[str, Any]:
    """The form of the application as the page shows it, with something else in it."""
    now = kept(party)
    told = {
        "client_name": now.client_name, "redirect_uris": "\n".join(now.metadata.redirect_uris), "scope": sorted(now.scopes), "require_pkce": "1",
        "backchannel_logout_uri": now.backchannel_logout_uri or "", "token_endpoint_auth_method": now.token_endpoint_auth_method,
    }  # fmt: skip
    return {**told, **other}


def send(browser: Any, party: RelyingParty, **other: Any) -> Any:
    return send_form(browser, f"/console/clients/{party.client_id}/change", form_of(party, **other))


def approve(browser: Any, address: str) -> Any:
    (row,) = [one for one in proposals.waiting(reader()) if str(one.id) in address]
    return send_form(browser, f"{address}/approve", {"shown": row.digest}, page=address)


def command(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main.commands["client"], list(arguments), input=given)


def test_a_new_address_waits_for_a_second_administrator_who_sees_what_would_be_other(app: Flask, party: RelyingParty) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    sent = send(first, party, redirect_uris=f"{REDIRECT_URI}\n{OTHER}", client_name="Tên mới", reason=WHY)
    address = sent.headers["Location"]
    assert "/console/proposals/" in address
    assert (kept(party).client_name, kept(party).redirect_uris) == ("Quản lý văn bản", frozenset({REDIRECT_URI, "https://cu.test/cb"}))
    page = words_of(second.get(address))
    for words in ("Địa chỉ trả về", OTHER, "https://cu.test/cb", "Tên mới", "Quản lý văn bản", WHY):
        assert words in page, words
    assert REDIRECT_URI not in page  # what stays is no difference
    assert address.rsplit("/", 1)[1] in words_of(first.get(f"/console/clients/{party.client_id}"))
    assert approve(first, address).status_code == 403
    assert approve(second, address).status_code == 303
    assert (kept(party).client_name, kept(party).redirect_uris) == ("Tên mới", frozenset({REDIRECT_URI, OTHER}))
    changed, agreed = events("client.changed")[-1].detail, events("proposal.approved")[-1].detail
    assert (changed["reason"], agreed["kind"]) == (WHY, KIND)


@pytest.mark.parametrize(
    "other",
    [
        {"post_logout_redirect_uris": "https://moi.test/"},
        {"backchannel_logout_uri": "https://moi.test/logout"},
        {"jwks_uri": "https://moi.test/jwks"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"frontchannel_logout_uri": "https://rp.test/roi"},
    ],
)
def test_each_of_these_takes_two(app: Flask, party: RelyingParty, other: dict[str, str]) -> None:
    version = kept(party).version
    assert "/console/proposals/" in send(browser_of(app, Role.IT_ADMIN), party, **other).headers["Location"]
    assert kept(party).version == version


@pytest.mark.parametrize(
    "other", [{"redirect_uris": REDIRECT_URI}, {"client_name": "Tên mới"}, {"scope": ["openid"]}, {"minimum_acr": "urn:hopnhat:aal2"}]
)
def test_less_and_all_else_is_at_once(app: Flask, party: RelyingParty, other: dict[str, Any]) -> None:
    version = kept(party).version
    assert send(browser_of(app, Role.IT_ADMIN), party, **other).headers["Location"].endswith(party.client_id)
    assert kept(party).version == version + 1
    assert not proposals.waiting(reader())


def test_what_is_for_tests_is_changed_alone_and_what_nobody_said_is_not(app: Flask) -> None:
    browser, tried, unsaid = browser_of(app, Role.IT_ADMIN), in_use_for("test"), register_party()
    assert "/console/clients/" in send(browser, tried, redirect_uris=OTHER).headers["Location"]
    assert "/console/proposals/" in send(browser, unsaid, redirect_uris=OTHER).headers["Location"]


def test_it_is_not_carried_out_on_an_application_that_is_another_by_then(app: Flask, party: RelyingParty) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    address = send(first, party, redirect_uris=OTHER).headers["Location"]
    send(second, party, redirect_uris=REDIRECT_URI)
    assert approve(second, address).status_code == 409
    assert kept(party).redirect_uris == {REDIRECT_URI}


def test_whoever_asked_may_still_when_it_is_carried_out(app: Flask, party: RelyingParty) -> None:
    official = add_official(Role.IT_ADMIN)
    first, second = sign_in(app, official), browser_of(app, Role.IT_ADMIN)
    address = send(first, party, redirect_uris=OTHER).headers["Location"]
    in_transaction(lambda c: access.withdraw(c, official, reason="suspended", actor="t"))
    assert approve(second, address).status_code == 409
    assert OTHER not in kept(party).redirect_uris


def test_an_administrator_of_another_unit_neither_sees_nor_agrees(app: Flask, party: RelyingParty) -> None:
    address = send(browser_of(app, Role.IT_ADMIN), party, redirect_uris=OTHER).headers["Location"]
    elsewhere = browser_of(app, Role.IT_ADMIN, unit_of_role=add_unit("Xã Lũng Cú", code="H27.9"))
    assert elsewhere.get(address).status_code == 404


def test_a_program_is_answered_202_and_a_person_agrees(app: Flask, party: RelyingParty) -> None:
    machine = Machine(app, Role.IT_ADMIN, scopes=(Scope.CLIENTS_READ, Scope.CLIENTS_WRITE))
    etag = machine.call("GET", f"/clients/{party.client_id}").headers["ETag"]
    answer = machine.call("PATCH", f"/clients/{party.client_id}", {"redirect_uris": [OTHER]}, If_Match=etag)
    assert (answer.status_code, answer.get_json()["redirect_uris"]) == (202, [REDIRECT_URI, "https://cu.test/cb"])
    assert approve(browser_of(app, Role.IT_ADMIN), answer.headers["Location"]).status_code == 303
    assert kept(party).redirect_uris == {OTHER}
    etag = machine.call("GET", f"/clients/{party.client_id}").headers["ETag"]
    assert machine.call("PATCH", f"/clients/{party.client_id}", {"client_name": "Tên"}, If_Match=etag).status_code == 200


def test_at_the_server_too_and_who_does_it_alone_says_why(app: Flask, party: RelyingParty) -> None:
    asked = json.loads(command("change", party.client_id, "--redirect-uri", OTHER, "--json").stdout)
    assert OTHER not in kept(party).redirect_uris
    again = json.loads(command("change", party.client_id, "--redirect-uri", OTHER, "--json").stdout)
    assert again["proposal"] == asked["proposal"]  # asked twice, waits once
    assert command("change", party.client_id, "--redirect-uri", OTHER, "--alone").exit_code == 2
    assert command("change", party.client_id, "--redirect-uri", OTHER, "--alone", "--reason", WHY).exit_code == 0
    assert kept(party).redirect_uris == {OTHER}
    assert events("client.changed")[-1].detail["reason"] == WHY
    unsaid = register_party()
    assert command("change", unsaid.client_id, "--redirect-uri", OTHER).output.endswith("changed.\n")


def test_a_file_proposes_what_takes_two_and_does_the_rest(app: Flask, party: RelyingParty) -> None:
    add_unit("Sở A", code="H27.1")
    (exported,) = json.loads(command("export", party.client_id).output)
    assert exported["entry"] == [{"everybody": True}]
    fewer = {**exported, "entry": [{"category": "can_bo"}]}
    applied = command("apply", "-", "--yes", "--json", given=json.dumps([fewer]))
    assert json.loads(applied.stdout)["clients"][0]["deed"] == "change"
    wider = {**exported, "redirect_uris": [OTHER]}
    looked = command("apply", "-", given=json.dumps([wider])).output
    assert f"? {party.client_id}" in looked
    assert not proposals.waiting(reader())
    (told,) = json.loads(command("apply", "-", "--yes", "--json", given=json.dumps([wider])).stdout)["clients"]
    assert (told["deed"], len(told["proposals"])) == ("propose", 2)
    assert kept(party).redirect_uris == {REDIRECT_URI, "https://cu.test/cb"}
    assert [row.kind for row in kept_rules(reader(), party.key)] == []
    for proposal in told["proposals"]:
        assert approve(browser_of(app, Role.IT_ADMIN), f"/console/proposals/{proposal}").status_code == 303
    assert kept(party).redirect_uris == {OTHER}
    assert [row.kind for row in kept_rules(reader(), party.key)] == [EntryKind.EVERYBODY]


@pytest.mark.parametrize("rules", [UNITS, CATEGORIES], ids=["units", "categories"])
def test_rules_that_together_leave_nobody_out_take_two(app: Flask, party: RelyingParty, rules: list[dict[str, str]]) -> None:
    shut(party.client_id)
    for code in ("H27.1", "H27.2"):
        top = add_unit(f"Sở {code}", code=code)
        add_unit(f"Phòng {code}", code=f"{code}.1", parent_id=top)
    browser, path = browser_of(app, Role.IT_ADMIN), f"/console/clients/{party.client_id}/entry"
    sent = [send_form(browser, path, {**rule, "reason": WHY}).headers["Location"] for rule in rules]
    assert [address.startswith(path) for address in sent] == [True] * (len(rules) - 1) + [False]
    page = words_of(browser.get(sent[-1]))
    assert "cùng các quy tắc đã có thì mọi cán bộ đều vào được" in page
    assert len(kept_rules(reader(), party.key)) == len(rules) - 1
    assert approve(browser_of(app, Role.IT_ADMIN), sent[-1]).status_code == 303
    assert len(kept_rules(reader(), party.key)) == len(rules)
    assert widening.opens_to_all(reader(), kept(party).entry, kept(party).entry[:1]) is False  # they were open before


def test_what_left_nobody_out_for_a_week_takes_two_again_for_good(app: Flask, party: RelyingParty) -> None:
    week = [EntryRule(EntryKind.CATEGORY, staff_category=one.value, valid_to=today() + timedelta(7)) for one in StaffCategory]
    lasting = [EntryRule(EntryKind.CATEGORY, staff_category=one.value) for one in StaffCategory]
    later = [replace(one, valid_from=today() + timedelta(30)) for one in lasting]
    assert widening.opens_to_all(reader(), week, lasting) is True
    assert widening.opens_to_all(reader(), [*week, *lasting[1:]], lasting[:1]) is True  # one after the other is no way round
    assert widening.opens_to_all(reader(), later, lasting) is True
    assert widening.opens_to_all(reader(), lasting, week) is False
    assert widening.opens_to_all(reader(), week, lasting[1:]) is False


def test_the_wizard_knows_that_rules_leave_nobody_out(app: Flask) -> None:
    add_unit("Sở Y tế", code="H27.5")
    browser = browser_of(app, Role.IT_ADMIN)
    draft, data = begin(browser), {**DATA, "entry_units": "", "entry_categories": [category.value for category in StaffCategory]}
    for page, form in (
        ("about", {**ABOUT, "client_id": "mot-cua"}),
        ("kind", {"kind": "server"}),
        ("addresses", ADDRESSES),
        ("data", data),
    ):
        assert send_form(browser, f"{draft}/{page}", form).status_code == 303
    decide(browser, draft, "submit")
    assert find_even_disabled("mot-cua") is None
    decide(browser_of(app, Role.IT_ADMIN), draft, "approve")
    assert find_even_disabled("mot-cua") is not None


def test_two_halves_that_are_sent_at_once_are_no_way_round(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    try:
        with app.app_context():
            party = in_use_for("production")
            shut(party.client_id)
            browsers = [browser_of(app, Role.IT_ADMIN) for _ in range(4)]
            path = f"/console/clients/{party.client_id}/entry"
        sent = [
            threading.Thread(target=post_rule, args=(app, browser, path, rule)) for browser, rule in zip(browsers, CATEGORIES, strict=True)
        ]
        for one in sent:
            one.start()
        for one in sent:
            one.join()
        with app.app_context():
            assert len(kept_rules(reader(), party.key)) == len(CATEGORIES) - 1
            assert len(proposals.waiting(reader(), widening.KIND, party.key)) == 1
    finally:
        close(app)


def post_rule(app: Flask, browser: Any, path: str, rule: dict[str, str]) -> None:
    with app.app_context():
        assert send_form(browser, path, {**rule, "reason": WHY}).status_code == 303
