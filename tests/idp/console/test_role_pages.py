"""Rules of who gives which role to whom, and what takes two."""

import re
import threading
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from idp import access
from idp.app import create_app
from idp.clock import ManualClock
from idp.console.cli import role_group
from idp.database import in_transaction, reader, table_of
from idp.people.models import Unit
from idp.roles import proposals
from idp.roles.grants import find_grants, revoke
from idp.roles.models import Proposal, Role
from idp.roles.permissions import permissions_of, scope_of
from idp.web.viewer import Permission
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from tests.support.trail import events, kinds

_t, _u = table_of(Proposal), table_of(Unit)
NEW = "/console/roles/new"
WHY = "Theo quyết định số 12"
BAD = "<script>alert(1)</script>"


def ask(browser: FlaskClient, person: object, role: str, **more: str) -> Any:
    return send_form(browser, NEW, {"person": str(person), "role": role, "unit": "", "reason": WHY, **more})


def waiting() -> Any:
    return reader().execute(select(_t)).one()


def decide(browser: FlaskClient, deed: str, **form: str) -> Any:
    row = waiting()
    page = f"/console/proposals/{row.id}"
    return browser.post(f"{page}/{deed}", data={"csrf_token": csrf_token(browser, NEW), "shown": row.digest, **form})


@pytest.fixture
def units(app: Flask) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """An agency, a division of it, and another agency."""
    mine = add_unit("Sở Y tế", code="H27.5")
    return mine, add_unit("Phòng Tổ chức", code="H27.5.1", parent_id=mine), add_unit("Sở Tư pháp", code="H27.6")


def test_a_lower_role_is_given_at_once_with_its_days_and_shown_until_it_is_taken_back(app: Flask, units: Any) -> None:
    person_id = add_person("nhan", unit_id=units[0])
    browser = browser_of(app, Role.IT_ADMIN)
    assert ask(browser, "nhan", "hr_officer", unit="H27.5", valid_until="31/12/2026").headers["Location"].endswith("/console/roles")
    listed = words_of(browser.get("/console/roles"))
    assert "Cán bộ tổ chức" in listed
    assert "đến hết 31/12/2026" in listed
    assert WHY in listed
    assert "đến hết 31/12/2026" in words_of(browser.get(f"/console/people/{person_id}"))
    assert scope_of(person_id, Permission.SUSPEND_PEOPLE).within == frozenset({units[0]})
    (held,) = find_grants(reader(), person_id)
    assert send_form(browser, f"/console/roles/{held.id}/end", {"reason": ""}).status_code == 400
    assert send_form(browser, f"/console/roles/{held.id}/end", {"reason": "Thôi kiêm nhiệm"}).status_code == 303
    assert permissions_of(person_id) == frozenset()
    assert events("role.revoked")[-1].detail["reason"] == "Thôi kiêm nhiệm"


@pytest.mark.parametrize(
    ("role", "unit"), [("it_admin", ""), ("it_admin", "H27.5"), ("auditor", ""), ("help_desk", ""), ("hr_officer", "")]
)
def test_an_administrator_and_a_role_over_the_whole_province_take_two(app: Flask, units: Any, role: str, unit: str) -> None:
    person_id = add_person("nhan")
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    assert "/console/proposals/" in ask(first, "nhan", role, unit=unit).headers["Location"]
    assert permissions_of(person_id) == frozenset()
    assert decide(first, "approve").status_code == 403
    page = words_of(second.get(f"/console/proposals/{waiting().id}"))
    assert WHY in page
    assert "Phê duyệt và thực hiện" in page
    assert "Phê duyệt và thực hiện" not in words_of(first.get(f"/console/proposals/{waiting().id}"))
    assert decide(second, "approve", shown="0" * 64).status_code == 409, "agrees to what was not shown"
    assert permissions_of(person_id) == frozenset()
    assert decide(second, "approve").status_code == 303
    assert permissions_of(person_id)
    (held,) = find_grants(reader(), person_id)
    assert held.granted_by != held.approved_by
    assert decide(second, "approve").status_code == 409


def test_what_was_proposed_is_what_is_done_or_nothing_is(app: Flask) -> None:
    add_person("nhan")
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    ask(first, "nhan", "auditor")
    other = proposals.canonical({"person_id": str(add_person("khac")), "role": "it_admin", "unit_id": None, "from": None, "until": None})
    in_transaction(lambda connection: connection.execute(update(_t).values(content=other)))
    assert decide(second, "approve").status_code == 409
    assert kinds("role.granted").count("role.granted") == 2, "those of the two administrators"


def test_a_proposal_is_withdrawn_by_who_made_it_rejected_with_a_reason_and_worth_nothing_after_a_week(
    app: Flask, time: ManualClock
) -> None:
    person_id = add_person("nhan")
    one, other = add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)
    first, second = sign_in(app, one), sign_in(app, other)
    ask(first, "nhan", "auditor")
    ask(first, "nhan", "auditor")
    assert len(proposals.waiting(reader())) == 1, "the same asked twice waits once"
    assert decide(second, "withdraw").status_code == 403
    assert decide(second, "reject", reason="").status_code == 400
    time.advance(hours=24 * 7 + 1)
    second = sign_in(app, other)
    assert decide(second, "approve").status_code == 409
    assert "quá hạn" in words_of(second.get(f"/console/proposals/{waiting().id}"))
    assert permissions_of(person_id) == frozenset()


def test_the_word_of_who_has_lost_the_right_meanwhile_is_worth_nothing(app: Flask) -> None:
    person_id, one = add_person("nhan"), add_official(Role.IT_ADMIN)
    first, second = sign_in(app, one), browser_of(app, Role.IT_ADMIN)
    ask(first, "nhan", "auditor")
    in_transaction(lambda connection: revoke(connection, one, Role.IT_ADMIN, actor="cli:test"))
    assert decide(second, "approve").status_code == 409
    assert permissions_of(person_id) == frozenset()
    assert proposals.waiting(reader()), "it can still be rejected"
    assert decide(second, "reject", reason="Người đề xuất đã thôi việc").status_code == 303


def test_the_word_of_who_was_suspended_meanwhile_is_worth_nothing_though_the_role_is_still_theirs(app: Flask) -> None:
    person_id, one = add_person("nhan"), add_official(Role.IT_ADMIN)
    first, second = sign_in(app, one), browser_of(app, Role.IT_ADMIN)
    ask(first, "nhan", "auditor")
    in_transaction(lambda connection: access.withdraw(connection, one, reason="Thôi việc", actor="cli:test"))
    assert decide(second, "approve").status_code == 409
    assert permissions_of(person_id) == frozenset()


def test_nobody_gives_themselves_a_role_nor_agrees_to_one_for_themselves(app: Flask) -> None:
    me = add_official(Role.IT_ADMIN)
    browser = sign_in(app, me)
    assert ask(browser, me, "auditor").status_code == 403
    ask(browser_of(app, Role.IT_ADMIN), me, "it_admin", unit=str(add_unit("Sở Y tế")))
    assert decide(browser, "approve").status_code == 403
    assert len(find_grants(reader(), me)) == 1


def test_an_administrator_of_a_unit_gives_lower_roles_within_it_and_nothing_else(app: Flask, units: Any) -> None:
    mine, below, other = units
    colleague, stranger = add_person("nhan", unit_id=below), add_person("la", unit_id=other)
    chief = add_official(Role.LEADER, unit_id=mine)
    browser = browser_of(app, Role.IT_ADMIN, unit_of_role=mine, unit_id=mine)
    form = words_of(browser.get(NEW))
    assert "Chủ quản ứng dụng" in form
    assert 'value="auditor"' not in form
    assert 'value="it_admin"' not in form
    for person, role, unit in (
        (colleague, "hr_officer", other), (colleague, "hr_officer", ""), (colleague, "it_admin", below), (colleague, "auditor", below),
        (stranger, "help_desk", below), (chief, "help_desk", below), (colleague, "help_desk", uuid.uuid4()), (colleague, "help_desk", BAD),
        (uuid.uuid4(), "help_desk", below), (colleague, "sieu_quan_tri", below),
    ):  # fmt: skip
        refused = ask(browser, person, role, unit=str(unit))
        assert refused.status_code in (400, 403, 404), (person, role, unit)
        assert BAD not in words_of(refused)
    assert [row.person_id for row in find_grants(reader())].count(colleague) == 0
    assert ask(browser, colleague, "help_desk", unit=str(below)).status_code == 303
    assert scope_of(colleague, Permission.HELP_PEOPLE).within == frozenset({below})


def test_an_administrator_of_a_unit_sees_and_ends_only_grants_of_that_unit_and_below(app: Flask, units: Any) -> None:
    mine, below, other = units
    near = add_official(Role.HELP_DESK, name="Người gần", unit_of_role=below)
    add_official(Role.HELP_DESK, name="Người xa", unit_of_role=other)
    add_official(Role.AUDITOR, name="Người tỉnh")
    browser = browser_of(app, Role.IT_ADMIN, unit_of_role=mine, name="Quản trị sở")
    listed = words_of(browser.get("/console/roles"))
    assert "Người gần" in listed
    assert "Người xa" not in listed
    assert "Người tỉnh" not in listed
    for row in find_grants(reader()):
        allowed = row.person_id == near
        assert browser.get(f"/console/roles/{row.id}/end").status_code == (200 if allowed else 404)


def test_reach_follows_a_unit_that_moves_and_is_read_at_every_request(app: Flask, units: Any) -> None:
    mine, below, other = units
    person_id = add_person("nhan", unit_id=below)
    browser = browser_of(app, Role.IT_ADMIN, unit_of_role=mine)
    assert browser.get(f"/console/people/{person_id}").status_code == 200
    in_transaction(lambda connection: connection.execute(update(_u).where(_u.c.id == below).values(parent_id=other)))
    assert browser.get(f"/console/people/{person_id}").status_code == 404
    assert ask(browser, person_id, "help_desk", unit=str(mine)).status_code in (400, 404)


def test_whoever_reads_the_trail_changes_nothing(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert ask(browser, add_official(Role.IT_ADMIN), "auditor").status_code == 400
    assert ask(browser, add_official(Role.AUDITOR), "client_owner").status_code == 400
    auditor = browser_of(app, Role.AUDITOR)
    assert auditor.get("/console/roles").status_code == 200
    assert auditor.get("/console/proposals").status_code == 200
    assert auditor.get(NEW).status_code == 403


def test_the_last_administrator_of_the_province_stays(app: Flask) -> None:
    one, other = add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)
    browser = sign_in(app, one)
    held = {row.person_id: row.id for row in find_grants(reader())}
    assert send_form(browser, f"/console/roles/{held[other]}/end", {"reason": WHY}).status_code == 303
    assert send_form(browser, f"/console/roles/{held[one]}/end", {"reason": WHY}).status_code == 409


def test_a_role_is_given_only_by_a_form_of_ours_and_by_who_has_just_signed_in(app: Flask, time: ManualClock) -> None:
    person_id = add_person("nhan")
    browser = browser_of(app, Role.IT_ADMIN)
    form = {"person": "nhan", "role": "leader", "unit": "", "reason": WHY}
    assert browser.post(NEW, data=form).status_code == 400
    token = csrf_token(browser, NEW)
    assert browser.post(NEW, data={**form, "csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400
    time.advance(minutes=14)
    assert browser.get("/console/roles").status_code == 200
    time.advance(minutes=7)
    assert browser.post(NEW, data={**form, "csrf_token": token}).headers["Location"].startswith("/sign-in")
    assert permissions_of(person_id) == frozenset()


def test_the_command_gives_with_days_and_reason(app: Flask) -> None:
    person_id = add_person("nhan")
    runner = app.test_cli_runner()
    given = runner.invoke(role_group, ["grant", "nhan", "auditor", "--until", "2026-12-31", "--reason", WHY])
    assert given.exit_code == 0, given.output
    assert permissions_of(person_id)
    assert '"valid_until": "2026-12-31"' in runner.invoke(role_group, ["list", "--json"]).output
    assert runner.invoke(role_group, ["grant", "nhan", "leader", "--until", "2020-01-01"]).exit_code == 1


def test_of_twenty_who_agree_at_once_one_gives_the_role(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        person_id, proposer = add_person("nhan"), add_official(Role.IT_ADMIN)
        ask(sign_in(app, proposer), "nhan", "it_admin")
        row = waiting()
        browsers = [browser_of(app, Role.IT_ADMIN) for _number in range(20)]
        tokens = [csrf_token(browser, NEW) for browser in browsers]
    answers: list[int] = []
    start = threading.Barrier(20)

    def agree(browser: FlaskClient, token: str) -> None:
        start.wait()
        sent = browser.post(f"/console/proposals/{row.id}/approve", data={"csrf_token": token, "shown": row.digest})
        answers.append(sent.status_code)

    threads = [threading.Thread(target=agree, args=pair) for pair in zip(browsers, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert sorted(answers) == [303] + [409] * 19
        assert len(find_grants(reader(), person_id)) == 1
        assert len([event for event in events("role.granted") if event.person_id == person_id]) == 1
    close(app)


def test_of_two_administrators_who_end_each_other_at_once_one_stays(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        pair = [add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)]
        held = {row.person_id: row.id for row in find_grants(reader())}
        paths = [f"/console/roles/{held[pair[1]]}/end", f"/console/roles/{held[pair[0]]}/end"]
        browsers = [sign_in(app, person_id) for person_id in pair]
        tokens = [csrf_token(browser, path) for browser, path in zip(browsers, paths, strict=True)]
    start = threading.Barrier(2)

    def end(number: int) -> None:
        start.wait()
        browsers[number].post(paths[number], data={"csrf_token": tokens[number], "reason": WHY})

    threads = [threading.Thread(target=end, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(find_grants(reader())) == 1
    close(app)


def test_names_in_a_proposal_are_shown_as_words(app: Flask) -> None:
    add_person("nhan", BAD)
    first = browser_of(app, Role.IT_ADMIN, name=BAD)
    ask(first, "nhan", "auditor", reason=BAD)
    for page in ("/console/proposals", f"/console/proposals/{waiting().id}", "/console/roles"):
        assert BAD not in words_of(first.get(page))
    assert re.search("&lt;script&gt;", words_of(first.get("/console/proposals")))
