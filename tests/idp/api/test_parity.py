"""Whatever somebody may do on a page, a program with the same role may do at the API, and nothing else: the same people, the same
applications, the same refusals. Every operation stands in the table."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from clients import registration
from clients.catalogue import System, add_system
from clients.draft_models import ClientCard
from clients.metadata import ClientMetadata
from clients.models import ClientSecret
from directory_sync.models import ChangeKind, PlanLine, PlanState, RunState, SyncPlan, SyncRun
from idp import clock
from idp.api.openapi import operations_of
from idp.database import in_transaction, new_id, reader
from idp.enrollment.snapshots import take_snapshot
from idp.roles.models import Role
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL2, OTP, PASSWORD
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, sign_in
from wsgi import build

WHY = {"reason": "kiểm tra quyền của vai trò"}
NEW = {"contact_1": "a@hagiang.gov.vn", "contact_2": "b@hagiang.gov.vn", "environment": "test", "kind": "server"}
# Of each operation: what is sent, and the page of the same deed (None: no page can be opened for it, only posted to).
TABLE: dict[str, tuple[dict[str, Any] | None, str | None]] = {
    "showMyself": (None, "/console"),
    "listPeople": (None, "/console/people"),
    "showPerson": (None, "/console/people/{person_id}"),
    "suspendPerson": (WHY, "/console/people/{person_id}/suspend"),
    "restorePerson": (WHY, "/console/people/{person_id}/restore"),
    "signOutPerson": (WHY, "/console/people/{person_id}/sign_out"),
    "listSessions": (None, "/console/people/{person_id}"),
    "endSession": (WHY, "/console/people/{person_id}/sessions/{session_id}/end"),
    "listUnits": (None, "/console"),
    "listClients": (None, "/console/clients"),
    "showClient": (None, "/console/clients/{client_id}"),
    "connectClient": ({**NEW, "client_name": "Mới", "owner_unit": "{unit}", "redirect_uris": ["https://moi.hagiang.gov.vn/cb"]}, None),
    "showDraft": (None, None),
    "changeClient": ({}, "/console/clients/{client_id}/change"),
    "disableClient": (WHY, "/console/clients/{client_id}/disable"),
    "enableClient": (WHY, "/console/clients/{client_id}/enable"),
    "listSecrets": (None, "/console/clients/{client_id}"),
    "addSecret": ({**WHY, "expires_at": "{soon}"}, "/console/clients/{client_id}/add-secret"),
    "revokeSecret": (WHY, "/console/clients/{client_id}/secrets/{secret_id}/revoke"),
    "listEntryRules": (None, "/console/clients/{client_id}/entry"),
    "addEntryRule": ({**WHY, "kind": "category", "subject": "cong_chuc"}, "/console/clients/{client_id}/change"),
    "removeEntryRule": (WHY, "/console/clients/{client_id}/change"),
    "listSystems": (None, "/console/systems"),
    "showSystem": (None, "/console/systems/{code}"),
    "addSystem": ({"code": "{new}", "name": "Một cửa"}, "/console/add-system"),
    "changeSystem": ({"notes": "đã xem"}, "/console/systems/{code}/change"),
    "retireSystem": (WHY, "/console/systems/{code}/retire"),
    "reopenSystem": (WHY, "/console/systems/{code}/reopen"),
    "listEvents": (None, "/console/audit"),
    "listRuns": (None, "/console/sync"),
    "showRun": (None, "/console/sync/{number}"),
    "startRun": ({"kind": "plan"}, None),
    "listPlans": (None, "/console/sync"),
    "showPlan": (None, "/console/sync/{number}/plan"),
    "holdLine": (WHY, "/console/sync/{number}/plan/{line_id}/hold"),
    "trackNow": (None, "/console/enrollment/now"),
    "trackDay": (None, "/console/enrollment?unit={unit}"),
    "trackForecast": (None, "/console/enrollment?unit={unit}"),
    "trackDays": (None, "/console/enrollment?unit={unit}"),
}
QUERIES = {"trackDay": "?unit={unit}", "trackForecast": "?unit={unit}", "trackDays": "?since=2026-01-01&until=2026-12-31&unit={unit}"}
HELD = (
    (Role.IT_ADMIN, False), (Role.IT_ADMIN, True), (Role.HR_OFFICER, False), (Role.HR_OFFICER, True), (Role.LEADER, True),
    (Role.AUDITOR, False), (Role.HELP_DESK, True),
)  # fmt: skip
APP = build(settings_for("sqlite://"))
ROUTES = {told.name: (rule.rule, method, told) for rule, method, told in operations_of(APP)}


@dataclass(frozen=True)
class Holder:
    """Somebody with a role, and a program with the same one."""

    role: Role
    is_bound: bool
    person: FlaskClient
    machine: Machine


@dataclass(frozen=True)
class Province:
    """Two units with one of each thing; the holders who are bound to a unit are bound to the first."""

    holders: tuple[Holder, ...]
    ours: dict[str, str]
    theirs: dict[str, str]


@pytest.fixture(scope="module")
def province(sqlite_databases: Databases) -> Iterator[Province]:
    with sqlite_databases.lent() as url:
        app = build(settings_for(url))
        app.test_client_class = FreshContextClient
        with app.app_context():
            yield _province(app)
        close(app)


def _province(app: Flask) -> Province:
    ours, theirs = add_unit("Sở Y tế", code="H27.1"), add_unit("Sở Nội vụ", code="H27.2")
    run_id = _run()
    things = [_things(app, unit, run_id, name) for unit, name in ((ours, "y-te"), (theirs, "noi-vu"))]
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    holders = []
    for role, is_bound in HELD:
        unit = ours if is_bound else None
        person = sign_in(app, add_official(role, unit_of_role=unit))
        holders.append(Holder(role, is_bound, person, Machine(app, role, unit=unit)))
    return Province(tuple(holders), *things)


def _run() -> uuid.UUID:
    run_id, now = new_id(), clock.now()
    run = {
        "id": run_id,
        "number": 1,
        "source": "ldap",
        "started_by": "cli:test",
        "started_at": now,
        "finished_at": now,
        "state": RunState.STOPPED,
    }
    plan = {
        "run_id": run_id, "number": 1, "source": "ldap", "state": PlanState.WAITING, "words_wanted": 1, "typed_number": 2, "created_at": now,
        "expires_at": now + timedelta(days=1),
    }  # fmt: skip
    in_transaction(lambda connection: (connection.execute(insert(SyncRun), run), connection.execute(insert(SyncPlan), plan)))
    return run_id


def _things(app: Flask, unit: uuid.UUID, run_id: uuid.UUID, name: str) -> dict[str, str]:
    person_id, line_id = add_person(name, unit_id=unit), new_id()
    with app.test_request_context("/"):
        _cookie, session_id = in_transaction(
            lambda connection: browser_sessions.start(
                connection, person_id=person_id, acr=AAL2, amr=(PASSWORD, OTP), shared_pc=False, administrator=False
            )
        )
    line = {
        "id": line_id, "run_id": run_id, "kind": ChangeKind.SUSPENDED, "mark": line_id.bytes, "person_id": person_id, "unit_id": unit,
        "name": name, "search_key": name,
    }  # fmt: skip
    wanted = ClientMetadata(name, (f"https://{name}.hagiang.gov.vn/cb",), client_id=name)
    made = in_transaction(lambda connection: registration.register(connection, wanted, actor="cli:test", entry=()))
    card = {
        "client_id": made.key, "owner_unit_id": unit, "environment": "test", "kind": "server", "purpose": "", "registered_by": "cli:test",
    }  # fmt: skip
    in_transaction(lambda connection: (connection.execute(insert(PlanLine), line), connection.execute(insert(ClientCard), card)))
    in_transaction(lambda connection: add_system(connection, System(f"he-thong-{name}", name), actor="cli:test"))
    secret_id = reader().execute(select(ClientSecret.id).where(ClientSecret.client_id == made.key)).scalar_one()
    return {
        "person_id": str(person_id), "session_id": str(session_id), "client_id": name, "secret_id": str(secret_id), "unit": str(unit),
        "code": f"he-thong-{name}", "number": "1", "line_id": str(line_id), "rule_id": str(uuid.uuid4()), "draft_id": str(uuid.uuid4()),
    }  # fmt: skip


def _filled(value: Any, things: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, things) for name, one in value.items()}
    soon = (clock.now() + timedelta(days=9)).isoformat()
    return value.format(**things, new=f"m{uuid.uuid4().hex[:8]}", soon=soon) if isinstance(value, str) else value


def _address(name: str, things: dict[str, str]) -> str:
    written = ROUTES[name][0].removeprefix("/api/v1")
    for at, value in things.items():
        for shape in ("uuid:", "int(max=2147483647):", ""):
            written = written.replace(f"<{shape}{at}>", value)
    return written + QUERIES.get(name, "").format(**things)


def _call(holder: Holder, name: str, things: dict[str, str]) -> Any:
    method, path = ROUTES[name][1], _address(name, things)
    headers = {}
    if ROUTES[name][2].needs_match:
        headers["If_Match"] = holder.machine.call("GET", path).headers.get("ETag", '"none"')
    return holder.machine.call(method, path, _filled(TABLE[name][0], things), **headers)


def test_every_operation_stands_in_the_table() -> None:
    assert set(TABLE) == set(ROUTES)


@pytest.mark.parametrize("name", TABLE)
def test_a_program_with_a_role_is_refused_where_a_person_with_it_is_and_for_one_unit_never_reaches_another(
    province: Province, name: str
) -> None:
    page, permission = TABLE[name][1], ROUTES[name][2].permission
    is_about_one = "person_id" in ROUTES[name][0] or "client_id" in ROUTES[name][0]
    for holder in province.holders:
        for things in (province.ours, province.theirs):
            answer = _call(holder, name, things)
            told = f"{name}: {holder.role} {'of one unit' if holder.is_bound else ''} {things is province.ours}: {answer.get_data(as_text=True)}"
            assert answer.status_code < 500, told
            is_let_in = answer.status_code not in (403, 404)
            if page is not None and name != "removeEntryRule":
                assert is_let_in == (holder.person.get(page.format(**things)).status_code == 200), told
            if permission is not None and answer.status_code == 403 and answer.get_json()["code"] == "insufficient_scope":
                assert permission not in holder.machine.permissions(), told
            if holder.is_bound and things is province.theirs and is_about_one:
                assert answer.status_code in (403, 404), told


def test_lists_hold_what_is_within_reach_and_tell_nothing_of_the_rest(province: Province) -> None:
    admin = next(one for one in province.holders if one.role is Role.IT_ADMIN and one.is_bound)
    for path, at, own in (("/people", "id", "person_id"), ("/clients", "client_id", "client_id"), ("/units", "id", "unit")):
        found = [one[at] for one in admin.machine.call("GET", path).get_json()["items"]]
        assert province.ours[own] in found
        assert province.theirs[own] not in found


def test_an_application_is_not_connected_in_the_name_of_another_unit(province: Province) -> None:
    admin = next(one for one in province.holders if one.role is Role.IT_ADMIN and one.is_bound)
    assert _call(admin, "connectClient", province.ours).status_code == 201
    refused = _call(admin, "connectClient", province.theirs)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "owner_out_of_reach")
