"""A program gets a role at the API from two officers, on the page of the application or by the command line; it is taken at once."""

import json
import re

from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from clients import registration
from clients.metadata import ClientMetadata
from idp.api.cli import group
from idp.database import in_transaction
from idp.roles.models import Role
from tests.support.machine import Machine
from tests.support.people import add_unit
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of

WHY = "đồng bộ nhân sự của Sở"
_PROPOSAL = re.compile(r'href="(/console/proposals/[0-9a-f-]{36})"')
_SHOWN = re.compile(r'name="shown" value="([0-9a-f]+)"')


def _page(machine: Machine) -> str:
    return f"/console/clients/{machine.client_id}/api"


def _proposal(browser: FlaskClient, machine: Machine) -> str:
    found = _PROPOSAL.search(words_of(browser.get(_page(machine))))
    assert found
    return found.group(1)


def _approve(browser: FlaskClient, proposal: str, shown: str) -> int:
    return browser.post(f"{proposal}/approve", data={"shown": shown, "csrf_token": csrf_token(browser, proposal)}).status_code


def test_a_role_is_asked_for_by_one_officer_and_given_by_another(app: Flask) -> None:
    unit_id = add_unit("Sở Y tế", code="H27.1")
    machine, first, second = Machine(app), browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    assert send_form(first, _page(machine), {"role": "hr_officer", "unit": "H27.1", "reason": WHY}).status_code == 303
    proposal = _proposal(second, machine)
    told = words_of(second.get(proposal))
    shown = _SHOWN.search(told)
    assert shown
    assert machine.client_id in told
    assert "Sở Y tế" in told
    assert _approve(first, proposal, shown.group(1)) == 403
    assert _approve(second, proposal, shown.group(1)) == 303
    held = machine.call("GET", "/me").get_json()["roles"]
    assert [(one["role"], one["unit_id"]) for one in held] == [("hr_officer", str(unit_id))]
    assert "Thu hồi" in words_of(first.get(_page(machine)))


def test_a_role_is_taken_at_once_with_a_reason(app: Flask) -> None:
    machine, officer = Machine(app, Role.AUDITOR), browser_of(app, Role.IT_ADMIN)
    token = machine.token()
    assert machine.call("GET", "/people", token=token).status_code == 200
    grant = re.search(r'name="grant" value="([0-9a-f-]{36})"', words_of(officer.get(_page(machine))))
    assert grant
    form = {"grant": grant.group(1), "csrf_token": csrf_token(officer, _page(machine))}
    assert officer.post(f"{_page(machine)}/revoke", data=form).status_code == 400
    assert officer.post(f"{_page(machine)}/revoke", data={**form, "reason": WHY}).status_code == 303
    assert machine.call("GET", "/people", token=token).status_code == 403


def test_an_officer_of_one_unit_gives_no_role_and_a_reader_sees_no_form(app: Flask) -> None:
    machine = Machine(app)
    assert browser_of(app, Role.IT_ADMIN, unit_of_role=add_unit()).get(_page(machine)).status_code == 404
    assert "Gửi đề nghị" not in words_of(browser_of(app, Role.AUDITOR).get(_page(machine)))


def test_an_application_of_people_gets_no_role(app: Flask) -> None:
    wanted = ClientMetadata("Văn bản", ("https://vb.hagiang.gov.vn/cb",), client_id="van-ban")
    in_transaction(lambda connection: registration.register(connection, wanted, actor="cli:test", entry=()))
    answer = send_form(browser_of(app, Role.IT_ADMIN), "/console/clients/van-ban/api", {"role": "auditor", "reason": WHY})
    assert answer.status_code == 400
    assert "máy–máy" in words_of(answer)


def test_the_command_line_gives_takes_and_lists_roles(app: Flask) -> None:
    machine, run = Machine(app), CliRunner()
    given = run.invoke(group, ["grant", machine.client_id, "auditor", "--scope", "audit.read", "--reason", WHY])
    assert given.exit_code == 0, given.output
    assert machine.call("GET", "/audit").status_code == 200
    assert machine.call("GET", "/people").get_json()["code"] == "insufficient_scope"
    (told,) = json.loads(run.invoke(group, ["list", "--json"]).output)
    assert (told["client_id"], told["role"], told["unit"]) == (machine.client_id, "auditor", None)
    assert run.invoke(group, ["revoke", machine.client_id, "auditor"]).exit_code == 0
    assert run.invoke(group, ["revoke", machine.client_id, "auditor"]).exit_code == 1


def test_no_program_gets_at_another_that_holds_roles(app: Flask) -> None:
    machine, other = Machine(app, Role.IT_ADMIN), Machine(app, Role.AUDITOR)
    for target in (machine, other):
        path = f"/clients/{target.client_id}"
        tag = machine.call("GET", path).headers["ETag"]
        answers = [
            machine.call("PATCH", path, {"scope": "people.write"}, If_Match=tag),
            machine.call("POST", f"{path}/secrets", {"reason": WHY}),
            machine.call("POST", f"{path}/disable", {"reason": WHY}),
        ]
        assert [(one.status_code, one.get_json()["code"]) for one in answers] == [(403, "needs_a_person")] * 3
