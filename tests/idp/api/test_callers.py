"""Who gets in at the API: machine clients with a token of their own, for it, with the scope; and nobody by a cookie."""

import uuid
from typing import Any

import pytest
from flask import Flask

from clients import registration
from idp.api import access
from idp.api.caller import REFUSED
from idp.api.scopes import Scope
from idp.audit import AuditEvent
from idp.database import in_transaction, reader, table_of
from idp.roles.models import Role
from tests.support.machine import API, Machine
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of

WHY = {"reason": "nghỉ việc từ hôm nay"}


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_request_without_a_token_is_told_where_to_get_one(app: Flask) -> None:
    answer = app.test_client().get(f"{API}/people")
    assert _code(answer) == (401, "token_needed")
    assert answer.content_type == "application/problem+json"
    challenge = " ".join(answer.headers.getlist("WWW-Authenticate"))
    assert 'realm="api/v1"' in challenge
    metadata = app.test_client().get("/.well-known/oauth-protected-resource/api/v1").get_json()
    assert metadata["resource"].endswith("/api/v1")
    assert "people.read" in metadata["scopes_supported"]


def test_somebody_signed_in_to_a_browser_is_nobody_at_the_api(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert browser.get("/console/people").status_code == 200
    assert _code(browser.get(f"{API}/people")) == (401, "token_needed")
    assert _code(browser.post(f"{API}/people/{uuid.uuid4()}/suspend", json=WHY)) == (401, "token_needed")


def test_no_other_site_may_read_an_answer(app: Flask) -> None:
    machine = Machine(app, Role.IT_ADMIN)
    for answer in (
        machine.call("GET", "/people", Origin="https://evil.example"),
        machine.call("OPTIONS", "/people", Origin="https://evil.example", Access_Control_Request_Method="GET"),
        app.test_client().get(f"{API}/people", headers={"Origin": "https://evil.example"}),
    ):
        assert not [name for name, _value in answer.headers if name.lower().startswith("access-control")]
        assert answer.headers["Cache-Control"] == "no-store"
    assert machine.call("OPTIONS", "/people").status_code == 405


def test_a_token_counts_only_for_the_api_and_only_in_the_header(app: Flask) -> None:
    machine = Machine(app, Role.IT_ADMIN)
    form = {"grant_type": "client_credentials", "resource": "http://127.0.0.1:8000", "scope": ""}
    elsewhere = app.test_client().post("/token", data=form, auth=(machine.client_id, machine.secret)).get_json()["access_token"]
    assert _code(machine.call("GET", "/people", token=elsewhere)) == (401, "invalid_token")
    assert _code(app.test_client().get(f"{API}/people?access_token={machine.token()}")) == (401, "token_needed")
    assert _code(machine.call("GET", "/people", token="x" * 40)) == (401, "invalid_token")


def test_a_scope_narrows_what_the_role_allows(app: Flask) -> None:
    machine, person_id = Machine(app, Role.IT_ADMIN), add_person()
    token = machine.token("people.read")
    assert machine.call("GET", f"/people/{person_id}", token=token).status_code == 200
    assert _code(machine.call("POST", f"/people/{person_id}/suspend", WHY, token=token)) == (403, "insufficient_scope")
    assert _code(machine.call("GET", "/audit", token=token)) == (403, "insufficient_scope")


def test_a_scope_gives_nothing_that_the_role_does_not(app: Flask) -> None:
    machine = Machine(app, Role.AUDITOR, scopes=(Scope.PEOPLE_READ, Scope.PEOPLE_WRITE))
    assert _code(machine.call("POST", f"/people/{add_person()}/suspend", WHY)) == (403, "lacks_suspend_people")


def test_a_client_without_a_role_is_refused_even_with_the_scope(app: Flask) -> None:
    machine = Machine(app, Role.IT_ADMIN)
    token = machine.token()
    in_transaction(lambda connection: access.revoke(connection, machine.client_id, Role.IT_ADMIN, unit_id=None, actor="cli:test"))
    assert _code(machine.call("GET", "/me", token=token)) == (403, "holds_no_role")
    assert _code(machine.call("GET", "/people", token=token)) == (403, "lacks_see_people")


def test_a_disabled_client_is_out_at_once(app: Flask) -> None:
    machine = Machine(app, Role.IT_ADMIN)
    token = machine.token()
    in_transaction(lambda connection: registration.disable(connection, machine.client_id, actor="cli:test"))
    assert _code(machine.call("GET", "/people", token=token)) == (401, "invalid_token")


def test_a_role_for_one_unit_is_cut_as_a_persons_is(app: Flask) -> None:
    ours, theirs = add_unit("Sở Y tế"), add_unit("Sở Nội vụ")
    machine = Machine(app, Role.HR_OFFICER, unit=ours)
    inside, outside = add_person("trong", unit_id=ours), add_person("ngoai", unit_id=theirs)
    assert machine.call("POST", f"/people/{inside}/suspend", WHY).get_json() == {"done": True, "state": "suspended"}
    assert machine.call("POST", f"/people/{outside}/suspend", WHY).status_code == 404
    assert _code(machine.call("GET", "/audit")) == (403, "insufficient_scope")


def test_what_a_program_does_stands_in_the_trail_under_its_own_name(app: Flask) -> None:
    machine, person_id = Machine(app, Role.HR_OFFICER), add_person()
    answer = machine.call("POST", f"/people/{person_id}/suspend", WHY)
    assert answer.status_code == 200
    events = table_of(AuditEvent)
    rows = [row for row in reader().execute(events.select()) if row.event == "person.suspended"]
    assert [(row.actor, row.person_id, row.detail["reason"]) for row in rows] == [(f"client:{machine.client_id}", person_id, WHY["reason"])]


def test_whoever_is_refused_again_and_again_is_asked_to_wait_and_a_good_token_is_not(app: Flask) -> None:
    machine, browser = Machine(app, Role.IT_ADMIN), app.test_client()
    answers = [browser.get(f"{API}/people").status_code for _number in range(REFUSED[0].amount + 1)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {401}
    assert browser.get(f"{API}/people").headers["Retry-After"] == "60"
    assert machine.call("GET", "/people").status_code == 200


@pytest.mark.parametrize(("language", "title"), [("vi", "Không có quyền"), ("en", "")])
def test_a_refusal_is_told_in_the_language_asked_for(app: Flask, language: str, title: str) -> None:
    answer = Machine(app, Role.LEADER).call("GET", "/people", Accept_Language=language)
    assert answer.headers["Content-Language"] == language
    told = answer.get_json()
    assert (told["status"], len(told["reference"])) == (403, 9)
    assert told["title"] == title or language == "en"  # its words are in the catalogue, which has a test of its own
