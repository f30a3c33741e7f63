"""How requests are read: exact types, nothing unknown, nothing twice; how a message that comes twice is answered; ETags."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from clients.catalogue_models import CatalogueSystem
from idp.api import messages
from idp.api.models import ApiMessage
from idp.clock import ManualClock
from idp.database import forget_connections, reader, table_of
from idp.roles.models import Role
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.machine import API, Machine
from tests.support.people import add_person, add_unit
from wsgi import build

SYSTEM = {"code": "van-ban", "name": "Quản lý văn bản"}
CLIENT: dict[str, Any] = {
    "client_name": "Một cửa", "owner_unit": "H27.1", "contact_1": "a@hagiang.gov.vn", "contact_2": "b@hagiang.gov.vn", "environment": "test",
    "kind": "server", "redirect_uris": ["https://mc.hagiang.gov.vn/cb"],
}  # fmt: skip


@pytest.fixture
def machine(app: Flask) -> Machine:
    return Machine(app, Role.IT_ADMIN)


@pytest.fixture(scope="module")
def kept(sqlite_databases: Databases) -> Iterator[tuple[Flask, Machine]]:
    """One installation for what is refused before anything is written."""
    with sqlite_databases.lent() as url:
        app = build(settings_for(url))
        app.test_client_class = FreshContextClient
        with app.app_context():
            yield app, Machine(app, Role.IT_ADMIN)
        close(app)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**SYSTEM, "is_admin": True}, "is_admin"),
        ({**SYSTEM, "accounts": "7"}, "accounts"),
        ({**SYSTEM, "accounts": True}, "accounts"),
        ({**SYSTEM, "accounts": 7.5}, "accounts"),
        ({**SYSTEM, "in_scope": 1}, "in_scope"),
        ({**SYSTEM, "name": None}, "name"),
        ({**SYSTEM, "name": "a\0b"}, "name"),
        ({**SYSTEM, "name": "x" * 201}, "name"),
        ({**SYSTEM, "owner_unit_id": "1"}, "owner_unit_id"),
        ({"code": "van-ban"}, "name"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused_and_told_where(kept: tuple[Flask, Machine], body: dict[str, Any], field: str) -> None:
    answer = kept[1].call("POST", "/systems", body)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.get_json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b'{"code":"a","name":"b","name":"c"}', "application/json", 400),
        (b'{"code":"a","name":' + b'{"a":' * 40 + b"1" + b"}" * 41, "application/json", 400),
        (b"[" * 100_000, "application/json", 413),
        (b"[1]", "application/json", 400),
        (b'{"code":"a","name":"\\ud800"}', "application/json", 400),
        (b'{"code":"a","name":"\xff"}', "application/json", 400),
        (b"code=a&name=b", "application/x-www-form-urlencoded", 415),
        (b'{"code":"a","name":"b"}', "text/plain", 415),
        (b"", "application/json", 400),
    ],
)
def test_a_body_that_can_be_read_in_two_ways_or_not_at_all_is_refused(
    kept: tuple[Flask, Machine], raw: bytes, kind: str, status: int
) -> None:
    app, machine = kept
    headers = {"Authorization": f"Bearer {machine.token()}"}
    answer = app.test_client().post(f"{API}/systems", data=raw, content_type=kind, headers=headers)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize("query", ["x=1", "q=a&q=b", "state=gone", "unit=1", "after=%20", "q=" + "x" * 201])
def test_a_parameter_that_is_unknown_double_or_wrong_is_refused(kept: tuple[Flask, Machine], query: str) -> None:
    assert kept[1].call("GET", f"/people?{query}").status_code == 400


def test_wildcards_and_quotes_in_a_search_are_taken_literally(machine: Machine) -> None:
    add_person("an", "Nguyễn Văn An")
    for text in ("%", "_", "'", "\\", ";--"):
        assert machine.call("GET", "/people?q=" + text.replace("%", "%25").replace(";", "%3B")).get_json() == {"items": [], "next": None}


def test_people_come_a_page_at_a_time_and_all_of_them_once(machine: Machine) -> None:
    wanted = {str(add_person(f"n{number}", f"Nguyễn Thị {number:02}")) for number in range(53)}
    first = machine.call("GET", "/people").get_json()
    second = machine.call("GET", f"/people?after={first['next']}").get_json()
    found = [one["id"] for one in first["items"] + second["items"]]
    assert (len(found), set(found), second["next"]) == (53, wanted, None)
    assert machine.call("GET", "/people?after=zz").status_code == 404


def test_a_message_that_comes_twice_is_carried_out_once(machine: Machine, time: ManualClock) -> None:
    first = machine.call("POST", "/systems", SYSTEM, Idempotency_Key="k-1")
    again = machine.call("POST", "/systems", SYSTEM, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    other = machine.call("POST", "/systems", {**SYSTEM, "name": "Khác"}, Idempotency_Key="k-1")
    assert (other.status_code, other.get_json()["code"]) == (409, "idempotency_key_reused")
    time.advance(hours=25)
    assert messages.forget_old() == 1
    assert machine.call("POST", "/systems", SYSTEM, Idempotency_Key="k-1", token=machine.token()).status_code == 422


def test_a_message_that_was_refused_may_be_sent_again(machine: Machine) -> None:
    assert machine.call("POST", "/systems", {**SYSTEM, "client_id": "nobody"}, Idempotency_Key="k-1").status_code == 422
    assert machine.call("POST", "/systems", SYSTEM, Idempotency_Key="k-1").status_code == 201
    assert machine.call("POST", "/systems", SYSTEM, Idempotency_Key="khóa".encode().decode("latin-1")).status_code == 400


def test_a_secret_is_told_once_and_never_kept_readable(app: Flask, machine: Machine) -> None:
    add_unit(code="H27.1")
    first = machine.call("POST", "/clients", CLIENT, Idempotency_Key="k-1").get_json()
    again = machine.call("POST", "/clients", CLIENT, Idempotency_Key="k-1").get_json()
    assert first["client_secret"]
    assert again == {**first, "client_secret": None}
    kept = json.dumps([str(row) for row in reader().execute(select(table_of(ApiMessage)))])
    assert first["client_secret"] not in kept
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://mc.hagiang.gov.vn/cb", "code_verifier": "v" * 43}
    answer = app.test_client().post("/token", data=form, auth=(first["client_id"], first["client_secret"]))
    assert answer.get_json()["error"] == "invalid_grant"  # it has proved itself


def test_of_twenty_equal_messages_at_once_one_is_carried_out(postgresql_url: str) -> None:
    app = build(settings_for(postgresql_url))
    app.test_client_class = FreshContextClient
    with app.app_context():
        machine = Machine(app, Role.IT_ADMIN)
        token = machine.token()

        def send(_number: int) -> int:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"}
            status = app.test_client().post(f"{API}/systems", json=SYSTEM, headers=headers).status_code
            forget_connections()
            return status

        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(send, range(20)))
        assert set(statuses) == {201}
        assert reader().execute(select(func.count()).select_from(table_of(CatalogueSystem))).scalar_one() == 1
    close(app)


def test_only_whoever_has_seen_the_newest_state_may_change_it(machine: Machine) -> None:
    made = machine.call("POST", "/systems", SYSTEM)
    assert machine.call("PATCH", "/systems/van-ban", {"notes": "a"}).status_code == 428
    assert machine.call("PATCH", "/systems/van-ban", {"notes": "a"}, If_Match="*").status_code == 400
    changed = machine.call("PATCH", "/systems/van-ban", {"notes": "a", "planned_on": "2027-01-31"}, If_Match=made.headers["ETag"])
    assert (changed.status_code, changed.get_json()["planned_on"]) == (200, "2027-01-31")
    assert machine.call("PATCH", "/systems/van-ban", {"notes": "b"}, If_Match=made.headers["ETag"]).status_code == 412
    assert machine.call("PATCH", "/systems/van-ban", {"planned_on": "2027-02-30"}, If_Match=changed.headers["ETag"]).status_code == 422
    assert machine.call("PATCH", "/systems/van-ban", {"client_id": ""}, If_Match=changed.headers["ETag"]).get_json()["client_id"] is None


def test_what_is_no_address_of_the_api_is_told_as_a_problem(app: Flask, machine: Machine) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/people", 405), ("GET", "/people/1", 404), ("POST", "/me", 405)):
        answer = machine.call(method, path)
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert machine.call("DELETE", "/people").headers["Allow"]
