"""Rule of parts: whoever holds a role for one unit is told nothing of another, neither names nor keys nor figures, on any page, in any file, by
any program (ADM-001)."""

import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, insert
from werkzeug.test import TestResponse

from clients import drafts
from directory_sync.models import ChangeKind, PlanPart, PlanState, RunState
from idp import clock
from idp.database import Record, in_transaction, new_id
from idp.enrollment.snapshots import take_snapshot
from idp.people.models import Level
from idp.roles import proposals
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.roles.permissions import Holding
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL2, OTP, PASSWORD
from idp.web.formats import today
from tests.idp.console.reach_table import table
from tests.support.enrolled_people import add_person_on, integrated_system
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.machine import Machine
from tests.support.people import add_unit
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, browser_of, csrf_token
from wsgi import build

FAR, FIGURE = "Lạ Hoắc", 7777  # in every name of the other unit; in every figure of the whole province
NUMBER = 41
WHY = "kiểm tra theo kế hoạch năm"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application."""
    whole = build(settings_for(database_url))
    whole.test_client_class = FreshContextClient
    with whole.app_context():
        yield whole
    close(whole)


class Elsewhere:
    """Two units with everything that lists are made of; the viewer's is `near`. `keys`: of what belongs to the other one."""

    def __init__(self, app: Flask) -> None:
        top = add_unit("UBND tỉnh", level=Level.PROVINCE.value, code="H27")
        self.near = add_unit("Sở Gần", level=Level.PROVINCE.value, code="H27.1", parent_id=top)
        self.far = add_unit(f"Sở {FAR}", level=Level.PROVINCE.value, code="H27.2", parent_id=top)
        integrated_system()
        self.near_person = add_person_on("B5", unit_id=self.near, name="Người Gần")
        self.far_people = [add_person_on("B1", unit_id=self.far, name=f"{FAR} {number}") for number in range(3)]
        self.officer = add_official(Role.IT_ADMIN, name=f"Trưởng {FAR}", unit_of_role=self.far, unit_id=self.far)
        self.keys: dict[str, uuid.UUID] = {"case_id": new_id(), "sheet_id": new_id(), "line_id": new_id(), "campaign_id": new_id()}
        self.keys |= {"held_id": new_id(), "import_id": new_id(), "run": new_id()}
        self._applications(app)
        self._work()

    def _applications(self, app: Flask) -> None:
        self.client = register_party(client_name=f"Phần mềm {FAR}")
        card = {"client_id": self.client.key, "owner_unit_id": self.far, "environment": "production", "kind": "server", "purpose": FAR}
        _insert("client_card", card | {"registered_by": f"person:{self.officer}"})
        with app.test_request_context("/"):
            in_transaction(lambda c: browser_sessions.start(
                c, person_id=self.far_people[0], acr=AAL2, amr=(PASSWORD, OTP), shared_pc=False, administrator=False))  # fmt: skip

    def _work(self) -> None:
        person, now, far = self.far_people[0], clock.now(), f"{FAR} 0"
        actor = f"person:{self.officer}"
        what = {"person_id": person, "unit_id": self.far, "name": far}
        run = {
            "id": self.keys["run"], "number": NUMBER, "source": "ldap", "kind": "full", "started_by": actor, "started_at": now,
            "finished_at": now, "state": RunState.STOPPED, "reason": f"too_many_suspended people={FIGURE} of={FIGURE}",
            "flaws": [{"kind": "no_name", "entry": f"uid={FAR}"}],
        }  # fmt: skip
        figures = ("people_read", "units_read", "joined", "changed", "moved", "suspended", "returned", "units_changed", "done", "left_out")
        _insert("sync_run", run | dict.fromkeys(figures, FIGURE))
        _insert("sync_run", run | dict.fromkeys(figures, FIGURE) | {"id": new_id(), "number": NUMBER - 1, "state": RunState.APPLIED,
                                                                   "plan_number": NUMBER})  # fmt: skip
        _insert("sync_run", run | dict.fromkeys(figures, FIGURE) | {"id": new_id(), "number": NUMBER + 1, "state": RunState.RUNNING, "reason": None,
                                                                   "finished_at": None, "step": "read", "leased_until": now})  # fmt: skip
        change = {"run_id": self.keys["run"], "kind": ChangeKind.SUSPENDED, "unit_name": f"Sở {FAR}", "before": {"name": far}, "after": {}}
        _insert("sync_change", change | {"id": new_id(), "person_id": person, "unit_id": None, "name": far})
        plan = {"run_id": self.keys["run"], "number": NUMBER, "source": "ldap", "state": PlanState.WAITING, "part": PlanPart.WHOLE}
        _insert("sync_plan", plan | {"words_wanted": 2, "typed_number": FIGURE, "created_at": now, "expires_at": now + timedelta(hours=9)})
        line = {
            "id": self.keys["line_id"],
            "mark": b"1" * 16,
            "to_unit_id": self.far,
            "search_key": "la hoac",
            "is_over": True,
            "is_explained": False,
        }
        _insert("plan_line", change | what | line)
        _insert("plan_word", {"id": new_id(), "run_id": self.keys["run"], "actor": actor, "person_id": self.officer, "unit_id": self.far,
                              "part": PlanPart.WHOLE, "reason": FAR, "given_at": now})  # fmt: skip
        held = {"id": self.keys["held_id"], "source": "ldap", "mark": b"2" * 16, "kind": ChangeKind.SUSPENDED, "reason": FAR}
        _insert("held_change", held | what | {"held_by": actor, "held_at": now})
        case = {"id": self.keys["case_id"], "kind": "returned", "source": "ldap", "fingerprint": "f" * 32, "facts": {}, "candidates": []}
        _insert("desk_case", case | what | {"opened_at": now, "state": "open"})
        _insert("leaving", {"id": new_id(), "person_id": person, "reason": FAR, "actor": actor, "withdrawn_at": now})
        _insert("idle_warning", {"id": new_id(), "person_id": person, "last_seen_at": now, "warned_at": now, "due_on": today()})
        _insert("missing_person", {"person_id": self.far_people[1], "since": now})
        review, sheet = self.keys["campaign_id"], self.keys["sheet_id"]
        _insert("review_campaign", {"id": review, "name": "Rà soát quý", "opened_by": "cli:t", "opened_at": now, "due_on": today()})
        _insert("review_sheet", {"id": sheet, "campaign_id": review, "unit_id": self.far, "unit_name": f"Sở {FAR}"})
        _insert("review_line", {"id": new_id(), "sheet_id": sheet, "person_id": person, "name": far, "roles": [], "applications": []})
        _insert("sheet_import", {"id": self.keys["import_id"], "source": "tep", "file_name": f"{FAR}.csv", "state": "uploaded", "is_whole": False,
                                 "key_field": "staff_code", "columns": {}, "rows": FIGURE, "created_by": actor, "created_at": now})  # fmt: skip
        _insert(
            "exemption", {"id": new_id(), "person_id": person, "reason": FAR, "from_day": today(), "decided_by": actor, "decided_at": now}
        )
        _insert("escalation", {"id": new_id(), "unit_id": self.far, "begun_on": today(), "missing": FIGURE})
        in_transaction(lambda c: self._words(c, actor, person))
        in_transaction(lambda c: take_snapshot(c, actor="cli:test"))

    def _words(self, connection: Connection, actor: str, person: uuid.UUID) -> None:
        grant(connection, person, Role.HR_OFFICER, unit_id=self.far, actor=actor)
        content = {"person_id": str(person), "role": "it_admin", "unit_id": str(self.far), "from": None, "until": None}
        self.keys["proposal_id"] = proposals.propose(connection, "role.grant", person, content, reason=FAR, actor=actor)
        draft = drafts.begin(connection, actor=actor)
        drafts.keep(connection, draft, {"owner": "H27.2", "client_name": f"Bản {FAR}"})
        self.keys["draft_id"] = draft

    def path(self, rule: str) -> str:
        """The address with what belongs to the other unit."""
        keys = {**self.keys, "person_id": self.far_people[0]}
        path = rule.replace("<client_id>", self.client.client_id)
        path = re.sub(r"<uuid:([a-z_]+)>", lambda found: str(keys.get(found[1], uuid.UUID(int=7))), path)
        path = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", path).replace("<kind>", "csv")
        return re.sub(r"<int[^>]*>", str(NUMBER), path)

    def told_in(self, page: str, path: str = "") -> list[str]:
        """What of the other unit a page tells, the address itself apart."""
        shown = page.replace(path, "") if path else page
        keys = [self.far, *self.far_people, self.officer, self.client.key]
        marks = [FAR, "la hoac", str(FIGURE), "7.777", "7,777", *(form for key in keys for form in (str(key), key.hex))]
        return [mark for mark in marks if mark in shown]


def text_of(answer: TestResponse) -> str:
    """What a page or a file says, a workbook unpacked."""
    body = answer.get_data()
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"".join(packed.read(name) for name in packed.namelist())
    return body.decode(errors="replace")


def _insert(name: str, row: dict[str, Any]) -> None:
    in_transaction(lambda c: c.execute(insert(Record.metadata.tables[name]), row))


def _browser(app: Flask, role: Role, place: Elsewhere) -> FlaskClient:
    return browser_of(app, role, unit_of_role=place.near, unit_id=place.near)


def test_no_page_and_no_file_of_the_console_tells_one_unit_s_people_of_another(app: Flask) -> None:
    """ADM-001"""
    place = Elsewhere(app)
    found = []
    for role in Role:
        browser, held = _browser(app, role, place), Holding(role, place.near)
        for route in table():
            if route.method != "GET" or route.needs not in held.permissions:
                continue
            path = place.path(route.rule)
            for address in (path, f"{path}?q=L%E1%BA%A1&unit=H27.2&all=1") if "<" not in route.rule else (path,):
                answer = browser.get(address)
                told = place.told_in(text_of(answer), path)
                if told and answer.status_code < 400:
                    found.append((role.value, address, told))
    assert not found, "\n".join(map(str, found))


def test_no_export_of_the_console_holds_anybody_of_another_unit(app: Flask) -> None:
    """ADM-001"""
    place = Elsewhere(app)
    browser = _browser(app, Role.IT_ADMIN, place)
    for path in ("/console/people/export", "/console/sessions/export"):
        answer = browser.post(path, data={"csrf_token": csrf_token(browser, path), "reason": WHY, "kind": "csv"})
        assert answer.status_code == 200, path
        assert place.told_in(text_of(answer)) == [], path


def test_no_operation_of_the_api_tells_a_program_of_one_unit_of_another(app: Flask) -> None:
    """ADM-001"""
    place = Elsewhere(app)
    rules = sorted({rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/") and "GET" in (rule.methods or ())})
    found, reached = [], 0
    for role in (one for one in Role if one is not Role.CLIENT_OWNER):
        machine = Machine(app, role, unit=place.near)
        for rule in rules:
            answer = machine.call("GET", place.path(rule).removeprefix("/api/v1"))
            reached += answer.status_code == 200
            told = place.told_in(json.dumps(answer.get_json(silent=True), ensure_ascii=False))
            if told and answer.status_code < 400:
                found.append((role.value, rule, told))
    assert not found, "\n".join(map(str, found))
    assert reached > 20, "this test asks nothing"


def test_whoever_sees_the_whole_province_is_told_all_of_it(app: Flask) -> None:
    """Else the tests above could not fail."""
    place = Elsewhere(app)
    browser, machine = browser_of(app, Role.IT_ADMIN), Machine(app, Role.IT_ADMIN)
    blind = [path for path in (
        "/console/people", "/console/sync", f"/console/sync/{NUMBER}", f"/console/sync/{NUMBER}/plan", f"/console/sync/{NUMBER}/plan.csv",
        "/console/sync/held", "/console/desk", "/console/leavings", "/console/idle", "/console/clients", "/console/drafts", "/console/proposals",
        "/console/roles", "/console/sessions", f"/console/reviews/{place.keys['campaign_id']}", "/console/enrollment",
    ) if not place.told_in(text_of(browser.get(path)))]  # fmt: skip
    assert blind == []
    for path in ("/people", "/units", "/clients", "/sync/runs", f"/sync/runs/{NUMBER}", f"/sync/plans/{NUMBER}"):
        assert place.told_in(json.dumps(machine.call("GET", path).get_json(), ensure_ascii=False)), path
