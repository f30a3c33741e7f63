"""People that a source pushes become people of ours, by the deeds of every sync."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from directory_sync import ledger
from directory_sync.scim import sources
from idp import access, clock
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person
from idp.roles.models import Role
from tests.support import trail
from tests.support.people import add_person, add_unit
from tests.support.scim import ENTERPRISE, OFFICIAL, PATCH, USER, Pusher, add_source
from tests.support.signed_in import browser_of, words_of

_p = table_of(Person)


def ours(user_name: str) -> Any:
    return reader().execute(select(_p).where(_p.c.username == user_name)).one()


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def test_a_person_pushed_is_a_person_of_ours(pusher: Pusher) -> None:
    unit = add_unit("Sở Y tế", code="S07")
    made = pusher.add(
        "lan.nt", "Nguyễn Thị Lan", emails=[{"value": "lan.nt@hagiang.gov.vn", "type": "work", "primary": True}], title="Chuyên viên",
        phoneNumbers=[{"value": "0912345678", "type": "work"}],
        **{ENTERPRISE: {"employeeNumber": "HG-1"}, OFFICIAL: {"unitCode": "S07", "category": "cong_chuc"}},
    )  # fmt: skip
    person = ours("lan.nt")
    assert made["id"] == str(person.id)
    assert (person.name, person.mail, person.phone, person.title) == (
        "Nguyễn Thị Lan",
        "lan.nt@hagiang.gov.vn",
        "0912345678",
        "Chuyên viên",
    )
    assert (person.staff_code, person.staff_category, person.unit_id) == ("HG-1", "cong_chuc", unit)
    assert (person.source, person.state, person.directory_dn) == ("scim:so-y-te", "active", "")
    assert made["meta"]["location"].endswith(f"/scim/v2/Users/{person.id}")
    assert [one["display"] for one in made["groups"]] == ["Sở Y tế"]


def test_a_name_in_parts_is_put_together_as_vietnamese_names_are(pusher: Pusher) -> None:
    pusher.send(
        "POST", "/Users", {"schemas": [USER], "userName": "a", "name": {"familyName": "Giàng", "middleName": "A", "givenName": "Páo"}}
    )
    assert ours("a").name == "Giàng A Páo"


def test_writes_of_a_quarter_of_an_hour_are_one_run_in_the_ledger(pusher: Pusher, time: clock.ManualClock) -> None:
    first, second = pusher.add("a"), pusher.add("b")
    pusher.patch(first["id"], replace("title", "Trưởng phòng"))
    pusher.patch(second["id"], replace("active", False))
    [run] = ledger.list_runs(reader())
    assert (run.source, run.kind, run.state) == ("scim:so-y-te", "push", "applied")
    assert (run.joined, run.changed, run.suspended) == (2, 2, 1)
    kinds = [line.kind for line in ledger.list_changes(reader(), run.id)]
    assert sorted(kinds) == ["changed", "changed", "joined", "joined", "suspended"]
    time.advance(minutes=16)
    pusher.headers.clear()
    pusher.add("c")
    assert len(ledger.list_runs(reader())) == 2


def test_deactivating_withdraws_access_and_activating_gives_it_back(pusher: Pusher) -> None:
    made = pusher.add("a")
    assert pusher.patch(made["id"], replace("active", False)).status_code == 204
    person = ours("a")
    assert (person.state, person.state_reason, person.directory_locked) == ("suspended", "locked_in_directory", True)
    [event] = trail.events("person.suspended")
    assert event.actor == f"client:{pusher.client_id}"
    assert pusher.patch(made["id"], {"op": "Replace", "value": {"active": True}}).status_code == 204
    assert ours("a").state == "active"


def test_who_is_deleted_is_suspended_and_comes_back_as_the_same_person(pusher: Pusher) -> None:
    made = pusher.add("a", externalId="7")
    subject = ours("a").subject
    assert pusher.send("DELETE", f"/Users/{made['id']}").status_code == 204
    assert (ours("a").state, ours("a").state_reason) == ("suspended", "gone_from_directory")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert pusher.send(method, f"/Users/{made['id']}", {"schemas": [USER], "userName": "a"}).status_code in (400, 404)
    assert pusher.send("GET", f"/Users/{made['id']}").get_json()["status"] == "404"
    assert pusher.found("userName pr") == []
    again = pusher.add("a.moi", externalId="7")
    assert (again["id"], ours("a.moi").subject, ours("a.moi").state) == (made["id"], subject, "active")


def test_who_comes_back_is_known_by_the_staff_number_too_and_never_by_the_name(pusher: Pusher) -> None:
    made = pusher.add("a", **{ENTERPRISE: {"employeeNumber": "HG-1"}})
    other = pusher.add("b")
    for one in (made, other):
        pusher.send("DELETE", f"/Users/{one['id']}")
    assert pusher.add("c", **{ENTERPRISE: {"employeeNumber": "HG-1"}})["id"] == made["id"]
    assert pusher.add("b")["id"] != other["id"]


def test_whom_a_person_here_has_suspended_the_source_cannot_let_in(pusher: Pusher) -> None:
    made = pusher.add("a")
    person = ours("a").id
    in_transaction(lambda connection: access.withdraw(connection, person, reason="điều tra", actor="person:x"))
    for active in (False, True):
        pusher.patch(made["id"], replace("active", active))
        assert (ours("a").state, ours("a").state_reason) == ("suspended", "điều tra")
    told = pusher.get(f"/Users/{made['id']}", attributes=f"active,{OFFICIAL}:suspendedByAdministrator")
    assert (told["active"], told[OFFICIAL]) == (True, {"suspendedByAdministrator": True})
    assert OFFICIAL not in pusher.get(f"/Users/{made['id']}")
    assert pusher.found(f"{OFFICIAL}:suspendedByAdministrator eq true") == ["a"]


def test_who_is_in_no_directory_cannot_sign_in_and_source_and_officer_are_told_so(scim_app: Flask, pusher: Pusher) -> None:
    made, name = pusher.add("a"), f"{OFFICIAL}:inDirectory"
    page, notice = f"/console/people/{made['id']}", "chưa có trong danh bạ cán bộ"
    officer = browser_of(scim_app, Role.HR_OFFICER)
    assert pusher.get(f"/Users/{made['id']}", attributes=name)[OFFICIAL] == {"inDirectory": False}
    assert pusher.found(f"{name} eq false") == ["a"]
    assert notice in words_of(officer.get(page))
    pusher.patch(made["id"], replace(name, True))
    assert pusher.found(f"{name} eq false") == ["a"], "nothing that a source may say"
    in_transaction(lambda connection: connection.execute(update(_p).values(directory_dn="uid=a,dc=hagiang")))
    assert pusher.get(f"/Users/{made['id']}", attributes=name)[OFFICIAL] == {"inDirectory": True}
    assert pusher.found(f"{name} eq false") == []
    assert notice not in words_of(officer.get(page))


@pytest.mark.parametrize("claimed", [
    {"userName": "vmsinh"}, {"userName": "VMSINH"}, {"userName": "vmsinh@hagiang.gov.vn"},
    {"userName": "x", "emails": [{"value": "vmsinh@hagiang.gov.vn"}]}, {"userName": "x", ENTERPRISE: {"employeeNumber": "HG-9"}},
])  # fmt: skip
def test_nobody_gets_a_name_by_which_somebody_else_is_known(pusher: Pusher, claimed: dict[str, Any]) -> None:
    add_person("vmsinh", staff_code="HG-9")
    body = {"schemas": [USER], **claimed}
    response = pusher.send("POST", "/Users", body)
    assert (response.status_code, response.get_json()["scimType"]) == (409, "uniqueness")
    made = pusher.add("free")
    assert pusher.send("PUT", f"/Users/{made['id']}", body).status_code == 409
    assert ours("free").name == "Nguyễn Văn An"


def test_a_value_filter_in_a_path_changes_one_value_of_several(pusher: Pusher) -> None:
    emails = [{"value": "a@x.vn", "type": "work", "primary": True}, {"value": "a@nha.vn", "type": "other"}]
    made = pusher.add("a", emails=emails)
    response = pusher.send(
        "PATCH", f"/Users/{made['id']}?attributes=emails",
        {"schemas": [PATCH], "Operations": [replace('emails[type eq "work"].value', "a.moi@x.vn"), {"op": "remove", "path": 'emails[type eq "other"]'}]},
    )  # fmt: skip
    assert response.status_code == 200
    assert response.get_json()["emails"] == [{"value": "a.moi@x.vn", "type": "work", "primary": True}]
    assert ours("a").mail == "a.moi@x.vn"
    wrong = pusher.patch(made["id"], {"op": "remove", "path": "emails[type eq"})
    assert (wrong.status_code, wrong.get_json()["scimType"]) == (400, "invalidPath")


def test_put_replaces_everything_that_may_be_written(pusher: Pusher) -> None:
    made = pusher.add("a", title="Chuyên viên", emails=[{"value": "a@x.vn"}])
    response = pusher.send("PUT", f"/Users/{made['id']}", {"schemas": [USER], "userName": "a", "displayName": "An"})
    assert response.status_code == 200
    assert not {"title", "emails"} & response.get_json().keys()
    assert (ours("a").title, ours("a").mail, ours("a").name) == (None, None, "An")


def test_attributes_that_are_not_kept_are_passed_over(pusher: Pusher) -> None:
    made = pusher.add("a", nickName="Ba", password="x", addresses=[{"locality": "Hà Giang"}], locale="vi")
    assert not {"nickName", "password", "addresses", "locale"} & made.keys()


def test_a_write_to_an_older_version_is_refused(pusher: Pusher) -> None:
    made = pusher.add("a")
    tag = made["meta"]["version"]
    assert pusher.send("GET", f"/Users/{made['id']}", If_None_Match=tag).status_code == 304
    assert pusher.patch(made["id"], replace("title", "Một"), If_Match=tag).status_code == 204
    for method in ("PUT", "DELETE"):
        assert pusher.send(method, f"/Users/{made['id']}", {"schemas": [USER], "userName": "a"}, If_Match=tag).status_code == 412
    assert pusher.patch(made["id"], replace("title", "Hai"), If_Match=tag).status_code == 412
    assert ours("a").title == "Một"
    assert pusher.patch(made["id"], replace("title", "Hai"), If_Match="*").status_code == 204


def test_a_source_whose_suspensions_are_too_many_is_held(browser: FlaskClient, pusher: Pusher, time: clock.ManualClock) -> None:
    held = add_source(browser, "nho", withdrawals=2)
    people = [held.add(f"p{number}") for number in range(8)]
    for one in people[:2]:
        assert held.send("DELETE", f"/Users/{one['id']}").status_code == 204
    for response in (held.send("DELETE", f"/Users/{people[2]['id']}"), held.patch(people[3]["id"], replace("active", False))):
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "3600"
        assert "held" in response.get_json()["detail"]
    assert (ours("p2").state, ours("p3").state) == ("active", "active")
    [stopped] = [run for run in ledger.list_runs(reader()) if run.state == "stopped"]
    assert (stopped.source, stopped.reason) == ("scim:nho", "too_many_suspensions people=3 active=8")
    allow: dict[str, Any] = {"withdrawals": 4, "hours": 1, "actor": "person:x"}
    in_transaction(lambda connection: sources.allow(connection, "nho", reason="Giải thể phòng theo quyết định 12", **allow))
    assert held.send("DELETE", f"/Users/{people[2]['id']}").status_code == 204
    time.advance(hours=2)
    held.headers.clear()
    assert held.send("DELETE", f"/Users/{people[3]['id']}").status_code == 204
