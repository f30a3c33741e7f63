"""Applications by the API: connected for tests at once, for real work by a second administrator; changed, their secrets, who may enter."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from clients.entry_rules import kept_rules
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.people.models import Unit
from idp.roles.models import Role
from tests.support.machine import Machine
from tests.support.people import add_unit
from tests.support.signed_in import browser_of, csrf_token, words_of

WHY = {"reason": "theo kế hoạch kết nối"}
WANTED: dict[str, Any] = {
    "client_name": "Một cửa", "owner_unit": "H27.1", "contact_1": "a@hagiang.gov.vn", "contact_2": "b@hagiang.gov.vn", "environment": "test",
    "kind": "server", "redirect_uris": ["https://mc.hagiang.gov.vn/cb"],
}  # fmt: skip


@pytest.fixture
def machine(app: Flask) -> Machine:
    add_unit("Sở Y tế", code="H27.1")
    return Machine(app, Role.IT_ADMIN)


def test_an_application_for_real_work_waits_for_a_person(app: Flask, machine: Machine) -> None:
    waiting = machine.call("POST", "/clients", {**WANTED, "environment": "production"})
    told = waiting.get_json()
    assert (waiting.status_code, told["state"], told["client_secret"]) == (202, "submitted", None)
    path = waiting.headers["Location"].removeprefix("/api/v1")
    assert machine.call("GET", path).get_json()["state"] == "submitted"
    officer, check = browser_of(app, Role.IT_ADMIN), f"/console/drafts/{told['draft_id']}/check"
    shown = words_of(officer.get(check)).split('name="shown" value="')[1].split('"')[0]
    form = {"shown": shown, "csrf_token": csrf_token(officer, check)}
    assert officer.post(f"/console/drafts/{told['draft_id']}/approve", data=form).status_code == 303
    connected = machine.call("GET", path).get_json()
    assert connected["state"] == "connected"
    assert machine.call("POST", f"/clients/{connected['client_id']}/secrets", WHY).get_json()["client_secret"]


def test_nobody_may_enter_a_new_application_unless_it_says_so_and_everybody_takes_two_people(machine: Machine) -> None:
    made = machine.call("POST", "/clients", WANTED).get_json()
    assert machine.call("GET", f"/clients/{made['client_id']}/entry-rules").get_json() == {"items": []}
    everybody = machine.call("POST", "/clients", {**WANTED, "entry": {"everybody": True}})
    assert (everybody.status_code, everybody.get_json()["state"]) == (202, "submitted")
    rules = f"/clients/{made['client_id']}/entry-rules"
    opened = machine.call("POST", rules, {**WHY, "kind": "everybody"})
    assert (opened.status_code, opened.get_json()["code"]) == (403, "needs_a_person")
    added = machine.call("POST", rules, {**WHY, "kind": "unit", "subject": "H27.1", "valid_to": "2027-12-31"})
    assert added.status_code == 201
    assert machine.call("POST", rules, {**WHY, "kind": "unit", "subject": "H27.1", "valid_to": "2027-12-31"}).get_json() == {"id": None}
    (rule,) = machine.call("GET", rules).get_json()["items"]
    assert (rule["id"], rule["valid_to"]) == (added.get_json()["id"], "2027-12-31")
    assert machine.call("POST", f"{rules}/{rule['id']}/remove", WHY).get_json() == {"done": True}
    assert machine.call("POST", f"{rules}/{rule['id']}/remove", WHY).get_json() == {"done": False}


def test_the_unit_that_is_the_province_is_everybody(machine: Machine) -> None:
    top = add_unit("Tỉnh Hà Giang", code="H27", level="province")
    for number in range(2, 5):
        add_unit(f"Sở thứ {number}", code=f"H27.{number}", level="province", parent_id=top)
    waiting = machine.call("POST", "/clients", {**WANTED, "entry": {"units": ["H27"]}})
    assert (waiting.status_code, waiting.get_json()["state"]) == (202, "submitted")
    made = machine.call("POST", "/clients", {**WANTED, "entry": {"units": ["H27.2"]}})
    assert made.status_code == 201
    rules = f"/clients/{made.get_json()['client_id']}/entry-rules"
    opened = machine.call("POST", rules, {**WHY, "kind": "unit", "subject": "H27"})
    assert (opened.status_code, opened.get_json()["code"]) == (403, "needs_a_person")


def test_what_a_page_refuses_the_api_refuses_with_the_same_words(machine: Machine) -> None:
    for changed, field in (
        ({"redirect_uris": ["http://mc.hagiang.gov.vn/cb"]}, "redirect_uris"),
        ({"owner_unit": "H99"}, "owner_unit"),
        ({"contact_2": "a@hagiang.gov.vn"}, "contact_2"),
        ({"redirect_uris": []}, "redirect_uris"),
    ):
        answer = machine.call("POST", "/clients", {**WANTED, **changed})
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, field)


def test_an_application_is_changed_by_whoever_has_seen_its_newest_state(machine: Machine) -> None:
    path = f"/clients/{machine.call('POST', '/clients', WANTED).get_json()['client_id']}"
    seen = machine.call("GET", path)
    change = {"redirect_uris": ["https://mc.hagiang.gov.vn/cb", "https://mc2.hagiang.gov.vn/cb"], "client_name": "Một cửa điện tử"}
    changed = machine.call("PATCH", path, change, If_Match=seen.headers["ETag"])
    assert {name: changed.get_json()[name] for name in change} == change
    assert machine.call("PATCH", path, {"client_name": "Khác"}, If_Match=seen.headers["ETag"]).status_code == 412
    newest = changed.headers["ETag"]
    assert machine.call("PATCH", path, {"redirect_uris": ["https://*.vn/cb"]}, If_Match=newest).status_code == 422
    assert machine.call("PATCH", path, {"client_secret": "x"}, If_Match=newest).status_code == 400
    assert machine.call("PATCH", path, {"widest_scope": "openid"}, If_Match=newest).status_code == 400
    assert machine.call("PATCH", path, {"client_name": None}, If_Match=newest).status_code == 400
    assert machine.call("POST", f"{path}/disable", WHY).get_json() == {"done": True, "enabled": False}
    assert machine.call("POST", f"{path}/disable", WHY).get_json() == {"done": False, "enabled": False}
    assert machine.call("GET", "/clients?state=disabled").get_json()["items"][0]["client_id"] == path.rpartition("/")[2]


def test_secrets_stand_side_by_side_and_end_one_by_one(machine: Machine, time: ManualClock) -> None:
    path = f"/clients/{machine.call('POST', '/clients', WANTED).get_json()['client_id']}/secrets"
    given = machine.call("POST", path, {**WHY, "expires_at": "2027-01-31T17:00:00Z"}).get_json()
    assert given["expires_at"] == "2027-01-31T17:00:00Z"
    kept = machine.call("GET", path)
    assert given["client_secret"] not in kept.get_data(as_text=True)
    newest = next(one for one in kept.get_json()["items"] if one["hint"] == given["hint"])
    assert machine.call("POST", f"{path}/{newest['id']}/revoke", WHY).get_json() == {"done": True}
    assert machine.call("POST", f"{path}/{newest['id']}/revoke", WHY).get_json() == {"done": False}
    assert len(machine.call("GET", path).get_json()["items"]) == len(kept.get_json()["items"]) - 1
    assert machine.call("POST", path, {**WHY, "expires_at": "2026-11-23T00:00:00Z"}).status_code == 422


def test_a_closed_unit_owns_no_new_application(machine: Machine, time: ManualClock) -> None:
    in_transaction(lambda connection: connection.execute(update(Unit).values(valid_to=time().date())))
    assert machine.call("POST", "/clients", WANTED).status_code == 422
    assert kept_rules(reader(), machine.key) == []
