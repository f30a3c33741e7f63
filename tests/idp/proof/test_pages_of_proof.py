"""Rules of the pages that show an application to work: who may open them, what is shown, and that nothing pasted into them runs."""

import json
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, insert, select, update

from clients.check_models import IntegrationCheck, IntegrationSight, IntegrationStep, SightKind
from clients.draft_models import ClientCard
from clients.registration import change
from clients.registry import find_even_disabled
from clients.sights import MOST_SIGHTS, seen
from idp import access, clock
from idp.app import create_app
from idp.clock import ManualClock
from idp.console.check_cli import check_client
from idp.database import db, in_transaction, reader, table_of
from idp.errors import Refusal
from idp.people.models import INTEGRATION_CHECK, Person, PersonState
from idp.proof import checks, trial_people
from idp.proof.steps import Step
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.signed_in import browser_of, send_form, words_of

_k, _t, _p, _card = table_of(IntegrationCheck), table_of(IntegrationSight), table_of(Person), table_of(ClientCard)
DEEDS = ("", "/look", "/test-person", "/sign-out", "/leave", "/end")
BAD = "<script>alert(1)</script>"


def begin(party: RelyingParty) -> Any:
    client = find_even_disabled(party.client_id)
    assert client is not None
    in_transaction(lambda c: checks.begin(c, client, actor="cli:test", person_id=None))
    return checks.require_open(reader(), client.key)


def page_of(party: RelyingParty, name: str = "check") -> str:
    return f"/console/clients/{party.client_id}/{name}"


def test_whoever_only_looks_sees_the_check_and_begins_none(app: Flask) -> None:
    party, auditor = register_party(), browser_of(app, Role.AUDITOR)
    assert "Bắt đầu kiểm tra" not in words_of(auditor.get(page_of(party))).partition("<main")[2]
    for name in ("activity", "token-check"):
        assert auditor.get(page_of(party, name)).status_code == 200
    for deed in DEEDS:
        assert send_form(auditor, page_of(party) + deed, {}, page=page_of(party, "token-check")).status_code == 403, deed
    for role in (None, Role.HR_OFFICER, Role.LEADER, Role.HELP_DESK):
        assert browser_of(app, role).get(page_of(party)).status_code == 403


def test_another_unit_s_administrator_does_not_find_the_application(app: Flask) -> None:
    party, mine, theirs = register_party(), add_unit("Sở Y tế"), add_unit("Sở Nội vụ")
    card = {"client_id": party.key, "environment": "test", "kind": "server", "purpose": "", "registered_by": "cli:test"}
    in_transaction(lambda c: c.execute(insert(_card), {**card, "owner_unit_id": theirs}))
    own = browser_of(app, Role.IT_ADMIN, unit_of_role=theirs)
    assert own.get(page_of(party)).status_code == 200
    other = browser_of(app, Role.IT_ADMIN, unit_of_role=mine)
    for name in ("check", "activity", "token-check"):
        assert other.get(page_of(party, name)).status_code == 404
    for deed in DEEDS:
        assert send_form(other, page_of(party) + deed, {}, page="/console/drafts").status_code == 404, deed
    assert send_form(other, page_of(party, "token-check"), {"id_token": "x"}, page="/console/drafts").status_code == 404


def test_no_text_of_anybody_runs(app: Flask) -> None:
    party, admin = register_party(client_name=BAD), browser_of(app, Role.IT_ADMIN)
    refused = send_form(admin, page_of(party), {"person": BAD})
    assert refused.status_code == 404
    shown = [words_of(refused)]
    send_form(admin, page_of(party), {})
    shown += [words_of(admin.get(page_of(party, name))) for name in ("check", "activity", "token-check")]
    shown.append(words_of(send_form(admin, page_of(party, "token-check"), {"id_token": BAD, "nonce": BAD})))
    shown.append(words_of(send_form(admin, page_of(party) + "/test-person", {}, page=page_of(party))))
    link = shown[-1].partition('id="test-link">')[2].partition("<")[0].partition("link=")[2]
    shown.append(words_of(app.test_client().get(f"/test-sign-in?link={link}")))
    for page in shown:
        assert BAD not in page
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_a_link_that_is_none_leads_nowhere(app: Flask) -> None:
    browser = app.test_client()
    for link in ("", "x", "\0", "a" * 5000, BAD, "../../"):
        assert browser.get("/test-sign-in", query_string={"link": link}).status_code == 400, link
    assert browser.get("/test-sign-in/done").status_code == 404


def test_a_link_of_before_is_worth_nothing_and_none_outlives_its_quarter_of_an_hour(app: Flask, time: ManualClock) -> None:
    party = register_party()
    check, client = begin(party), find_even_disabled(party.client_id)
    assert client is not None

    def take() -> str:
        def work(connection: Any) -> str:
            person_id = checks.take_test_person(connection, check, client, actor="cli:test")
            return str(trial_people.give_link(connection, check.id, client.key, person_id, acr="urn:hopnhat:aal2", actor="cli:test"))

        return in_transaction(work)

    first, second = take(), take()
    browser = app.test_client()
    assert browser.get(f"/test-sign-in?link={first}").status_code == 400
    assert browser.get(f"/test-sign-in?link={second}").status_code == 200
    time.advance(minutes=15, seconds=1)
    assert browser.get(f"/test-sign-in?link={second}").status_code == 400


def test_a_test_person_comes_back_by_a_check_only_and_has_no_name_to_sign_in_with(app: Flask) -> None:
    party = register_party()
    check, client = begin(party), find_even_disabled(party.client_id)
    assert client is not None
    person_id = in_transaction(lambda c: checks.take_test_person(c, check, client, actor="cli:test"))
    row = reader().execute(select(_p).where(_p.c.id == person_id)).one()
    assert (row.source, row.username_key, row.mail_key, row.state) == (INTEGRATION_CHECK, None, None, PersonState.ACTIVE)
    in_transaction(lambda c: trial_people.dismiss(c, person_id, actor="cli:test"))
    with pytest.raises(Refusal) as refused:
        in_transaction(lambda c: access.restore(c, person_id, reason="thử", actor="cli:test"))
    assert refused.value.reason == "test_person"
    again = in_transaction(lambda c: checks.take_test_person(c, check, client, actor="cli:test"))
    assert again == person_id, "one for each application, however often it is checked"


def test_a_second_check_waits_for_the_first(app: Flask) -> None:
    party, admin = register_party(), browser_of(app, Role.IT_ADMIN)
    begin(party)
    page = send_form(admin, page_of(party), {}, page=page_of(party, "token-check"))
    assert page.status_code == 409


def test_a_saml_party_is_not_checked_and_its_page_says_so(app: Flask) -> None:
    party, admin = register_party(redirect_uris=("http://127.0.0.1:8000/saml/answer",)), browser_of(app, Role.IT_ADMIN)
    page = words_of(admin.get(page_of(party)))
    assert "SAML" in page
    assert "Người sẽ đăng nhập thử" not in page
    assert send_form(admin, page_of(party), {}, page=page_of(party, "token-check")).status_code == 409


def test_of_twenty_who_begin_at_once_one_does(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        party = register_party()
    won: list[Any] = []

    def try_it() -> None:
        with app.app_context():
            try:
                won.append(begin(party))
            except Refusal:
                return

    threads = [threading.Thread(target=try_it) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(won) == 1
        assert reader().execute(select(func.count()).select_from(_k)).scalar_one() == 1
    close(app)


def test_what_was_seen_before_the_addresses_changed_proves_nothing_of_the_new_ones(app: Flask, time: ManualClock) -> None:
    party = register_party()
    check = begin(party)
    client = find_even_disabled(party.client_id)
    assert client is not None
    seen(client, SightKind.CODE_GIVEN, None, redirect_uri="https://rp.test/cb")
    assert checks.present(reader(), check, client)[Step.SIGN_IN].word == "code_given"
    passed = {"state": "passed", "word": "addresses_reached"}
    in_transaction(lambda c: c.execute(update(table_of(IntegrationStep)).values(**passed)))
    time.advance(seconds=5)
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", redirect_uris=("https://khac.test/cb",)))
    check = checks.require_open(reader(), client.key)
    client = find_even_disabled(party.client_id)
    assert client is not None
    assert check.made_at == clock.now(), "nothing older counts"
    assert {finding.word for finding in checks.kept(reader(), check.id).values()} == {"not_looked"}
    assert checks.present(reader(), check, client)[Step.SIGN_IN].word == "sign_in_waits"
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", client_name="Tên khác"))
    assert checks.require_open(reader(), client.key).made_at == check.made_at


def test_a_check_fills_no_table_and_looks_at_nobody_else(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    check = begin(party)
    sign_in(browser, add_person())
    party.tokens(browser)
    client = find_even_disabled(party.client_id)
    assert client is not None
    assert reader().execute(select(func.count()).select_from(_t)).scalar_one() == 0, "somebody who has nothing to do with it"
    for _number in range(MOST_SIGHTS + 5):
        seen(client, SightKind.TOKEN_GIVEN, None)
    assert reader().execute(select(func.count()).select_from(_t)).scalar_one() == MOST_SIGHTS
    assert check.sights == 0


def test_where_nobody_checks_no_statement_is_about_checks(app: Flask, browser: FlaskClient) -> None:
    party = register_party()
    sign_in(browser, add_person())
    party.tokens(browser)
    asked: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert party.userinfo(browser, party.tokens(browser)["access_token"]).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert asked
    assert not [one for one in asked if "integration_" in one]


def test_the_command_says_what_the_page_says(app: Flask) -> None:
    party = register_party()
    told = app.test_cli_runner().invoke(check_client, [party.client_id, "--json", "--test-link"])
    assert told.exit_code == 1, "nobody answers at the issuer here"
    found = json.loads(told.output)
    assert [one["step"] for one in found["steps"]] == ["discovery", "addresses", "sign_in", "logout", "leaving"]
    assert found["steps"][0]["state"] == "failed"
    assert found["steps"][0]["fix"]
    assert found["test_link"].startswith("http://127.0.0.1:8000/test-sign-in?link=")
    ended = app.test_cli_runner().invoke(check_client, [party.client_id, "--end"])
    assert "failed" in ended.output
    assert app.test_cli_runner().invoke(check_client, ["nobody"]).exit_code == 1


def test_what_an_application_did_is_counted_by_hour_and_day(app: Flask, browser: FlaskClient) -> None:
    party, admin = register_party(), browser_of(app, Role.IT_ADMIN)
    empty = words_of(admin.get(page_of(party, "activity")))
    assert "Không có lượt nào trong 24 giờ qua" in empty
    sign_in(browser, add_person())
    party.tokens(browser)
    party.tokens(browser)
    party.post(browser, {"grant_type": "authorization_code", "code": "x", "redirect_uri": party.redirect_uri})
    page = words_of(admin.get(page_of(party, "activity")))
    assert '<td class="number" data-label="Lượt đăng nhập">2</td>' in page
    assert "Ứng dụng đổi mã sau khi đăng nhập" in page
    assert "/console/failures/" in page
    assert words_of(browser_of(app, Role.IT_ADMIN).get(page_of(register_party(), "activity"))).count(">2</td>") == 0
