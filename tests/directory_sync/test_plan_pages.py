"""Rules of the pages of plans: seen by agency and within one's units, approved by whom it takes, held back line by line."""

import uuid
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import insert, select

from clients.models import Client
from directory_sync import plans
from directory_sync.asked import carry_out_approved, take_next
from directory_sync.models import PlanLine, RunState
from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, new_id, reader, table_of
from idp.jobs import Job, ensure_leases
from idp.oidc.models import Authorization
from idp.roles.models import Role
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.staff_directory import COMMUNE, DEPARTMENT, StaffDirectory, ldap_settings, person, sync, unit
from wsgi import build

REASON = "đã đối chiếu với Phòng Nội vụ huyện"


@pytest.fixture
def app(database_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    """The whole application on the test's directory, whose plans want two people above 25."""
    given = {**ldap_settings(empty_directory.server), "sync_second_limit_people": 25, "sync_second_limit_percent": 0}
    application = build(settings_for(database_url, **given))
    with application.app_context():
        ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
        yield application
    close(application)


@pytest.fixture
def people(app: Flask, empty_directory: StaffDirectory) -> list[str]:
    """Thirty people of a department and five of a commune, synced."""
    found = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}", DEPARTMENT) for number in range(30)]
    found += [empty_directory.add_person(f"x{number}", f"Vàng Mí {number}", COMMUNE) for number in range(5)]
    sync()
    return found


@pytest.fixture
def stopped(people: list[str], empty_directory: StaffDirectory) -> int:
    """A run that stopped because 21 of the department and 2 of the commune are gone; one more was changed."""
    for dn in (*people[:21], *people[30:32]):
        empty_directory.remove(dn)
    empty_directory.change(people[25], title="Trưởng phòng")
    report = sync()
    assert report.state == RunState.STOPPED
    return report.number


def _form(**given: str) -> dict[str, str]:
    return {"typed": "23", "reason": REASON, "part": "whole", **given}


def test_a_plan_shows_agencies_consequences_and_what_is_over_the_limit(app: Flask, stopped: int) -> None:
    person_id, party, client = person("u00").id, register_party(client_name="Một cửa"), table_of(Client)
    client_id = reader().execute(select(client.c.id).where(client.c.client_id == party.client_id)).scalar_one()
    official = sign_in(app, person_id)
    assert official.get("/account").status_code == 200
    row = {"id": new_id(), "client_id": client_id, "person_id": person_id, "scope": "openid", "created_at": clock.now()}
    in_transaction(lambda connection: connection.execute(insert(Authorization), row))
    page = words_of(browser_of(app, Role.AUDITOR).get(f"/console/sync/{stopped}/plan"))
    for words in (
        "vô hiệu hóa 23",
        "cập nhật 1",
        "1 phiên đăng nhập đang mở sẽ kết thúc",
        "1 người sẽ mất quyền vào Một cửa",
        "21 vượt ngưỡng",
        "2 vượt ngưỡng",
    ):
        assert words in page, words


def test_the_plan_is_narrowed_by_agency_kind_and_name(app: Flask, stopped: int) -> None:
    browser = browser_of(app, Role.AUDITOR)
    commune = words_of(browser.get(f"/console/sync/{stopped}/plan?unit={unit('UBND xã Lũng Cú, Đồng Văn').id}"))
    assert ("Vàng Mí 0" in commune, "Lê Văn Người 3" in commune) == (True, False)
    changed = words_of(browser.get(f"/console/sync/{stopped}/plan?kind=changed"))
    assert ("Lê Văn Người 25" in changed, "Vàng Mí 0" in changed) == (True, False)
    assert "Vàng Mí 1" in words_of(browser.get(f"/console/sync/{stopped}/plan?q=vang+mi+1"))
    assert browser.get(f"/console/sync/{stopped}/plan?unit=x").status_code == 404
    assert browser.get("/console/sync/999/plan").status_code == 404


def test_the_plan_is_had_as_a_workbook_and_as_csv(app: Flask, stopped: int) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    sheet = load_workbook(BytesIO(browser.get(f"/console/sync/{stopped}/plan.xlsx").data)).active
    assert isinstance(sheet, Worksheet)
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 1 + 24
    lines = browser.get(f"/console/sync/{stopped}/plan.csv").get_data(as_text=True).splitlines()
    assert len(lines) == 1 + 24
    assert sum("Vô hiệu hóa" in line for line in lines) == 23


def test_one_officer_approves_below_the_second_limit_and_the_worker_carries_it_out(app: Flask, stopped: int) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    path = f"/console/sync/{stopped}/approve"
    assert "23 trên 35" in words_of(browser.get(path))
    for wrong in (_form(typed="22"), _form(reason="đúng"), _form(reason=" " * 30)):
        answer = send_form(browser, path, wrong)
        assert (answer.status_code, "Lỗi:" in words_of(answer)) == (200, True)
    assert plans.find_approved(reader()) is None
    assert send_form(browser, path, _form()).status_code == 303
    done = carry_out_approved("system:sync")
    assert done is not None
    assert (done.state, done.found["suspended"], done.found["changed"]) == (RunState.APPLIED, 23, 1)
    assert "Đã áp dụng" in words_of(browser.get(f"/console/sync/{stopped}/plan"))
    assert sync().state == RunState.UNCHANGED
    assert carry_out_approved("system:sync") is None


def test_above_the_second_limit_it_takes_two_people_of_different_units(
    app: Flask, people: list[str], empty_directory: StaffDirectory
) -> None:
    for dn in people[:26]:
        empty_directory.remove(dn)
    number, top = sync().number, unit("Cấp tỉnh").id
    path, form = f"/console/sync/{number}/approve", _form(typed="26")
    officers = [sign_in(app, add_official(Role.HR_OFFICER, unit_id=unit_id)) for unit_id in (top, top, unit("Huyện Đồng Văn").id)]
    assert send_form(officers[0], path, form).status_code == 303
    assert plans.find_approved(reader()) is None
    assert officers[0].post(path, data=form).status_code in (400, 403)
    assert send_form(officers[1], path, form).status_code == 409
    assert plans.find_approved(reader()) is None
    assert send_form(officers[2], path, form).status_code == 303
    assert plans.find_approved(reader()) is not None
    assert [event.detail["run"] for event in trail.events("sync_plan.word_given")] == [number, number]


def test_only_the_part_below_the_limits_may_be_applied(app: Flask, stopped: int) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    assert send_form(browser, f"/console/sync/{stopped}/approve", _form(part="below_limits", typed="")).status_code == 303
    done = carry_out_approved("system:sync")
    assert done is not None
    assert (done.state, done.found["suspended"], done.found["changed"]) == (RunState.APPLIED, 0, 1)
    assert sync().state == RunState.STOPPED


def test_a_plan_that_was_sent_back_is_not_asked_about_again_as_long_as_it_says_the_same(app: Flask, stopped: int) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    rejected = send_form(browser, f"/console/sync/{stopped}/reject", {"reason": REASON}, page=f"/console/sync/{stopped}/approve")
    assert rejected.status_code == 303
    assert sync().found["plan_number"] == stopped
    assert plans.list_waiting(reader()) == []


def test_a_plan_can_be_approved_for_a_day_only(time: ManualClock, app: Flask, stopped: int) -> None:
    time.advance(hours=25)
    browser = browser_of(app, Role.HR_OFFICER)
    assert "không còn chờ phê duyệt" in words_of(browser.get(f"/console/sync/{stopped}/approve"))
    assert sync().found["plan_number"] == stopped + 1


def test_a_unit_s_officer_sees_and_decides_only_what_is_within_the_unit(app: Flask, stopped: int) -> None:
    commune = unit("UBND xã Lũng Cú, Đồng Văn").id
    browser = sign_in(app, add_official(Role.HR_OFFICER, unit_of_role=commune))
    page = words_of(browser.get(f"/console/sync/{stopped}/plan"))
    assert ("Vàng Mí 0" in page, "Lê Văn Người" in page, "vô hiệu hóa 2" in page) == (True, False, True)
    assert len(browser.get(f"/console/sync/{stopped}/plan.csv").get_data(as_text=True).splitlines()) == 1 + 2
    theirs, others = (_line_of(name, stopped) for name in ("Vàng Mí 0", "Lê Văn Người 3"))
    form = f"/console/sync/{stopped}/plan/{theirs}/hold"
    assert send_form(browser, f"/console/sync/{stopped}/approve", _form(), page=form).status_code == 403
    assert send_form(browser, f"/console/sync/{stopped}/reject", {"reason": REASON}, page=form).status_code == 403
    assert browser.get(f"/console/sync/{stopped}/plan/{others}/hold").status_code == 403
    assert send_form(browser, f"/console/sync/{stopped}/plan/{theirs}/hold", {"reason": REASON}).status_code == 303
    assert browser.post("/console/sync/run").status_code in (400, 403)
    assert "Lê Văn Người" not in words_of(browser.get("/console/sync/1"))


def test_a_plan_wholly_within_the_unit_is_approved_by_its_officer(app: Flask, people: list[str], empty_directory: StaffDirectory) -> None:
    empty_directory.change(people[30], title="Trưởng phòng")
    report = _plan()
    browser = sign_in(app, add_official(Role.HR_OFFICER, unit_of_role=unit("UBND xã Lũng Cú, Đồng Văn").id))
    assert send_form(browser, f"/console/sync/{report.number}/approve", _form(typed="1")).status_code == 303
    assert plans.find_approved(reader()) is not None


def _plan() -> Any:
    return sync(only_plan=True)


def _line_of(name: str, number: int) -> uuid.UUID:
    line = table_of(PlanLine)
    run_id = plans.require_plan(reader(), number).run_id
    return reader().execute(select(line.c.id).where(line.c.name == name, line.c.run_id == run_id)).scalar_one()  # type: ignore[no-any-return]


def test_a_change_that_is_held_back_is_applied_by_no_run_until_it_is_released(
    app: Flask, people: list[str], empty_directory: StaffDirectory
) -> None:
    empty_directory.remove(people[0])
    empty_directory.change(people[1], title="Trưởng phòng")
    number = _plan().number
    browser = browser_of(app, Role.HR_OFFICER)
    path = f"/console/sync/{number}/plan/{_line_of('Lê Văn Người 0', number)}/hold"
    assert "Ít nhất" in words_of(send_form(browser, path, {"reason": "chờ"}))
    assert send_form(browser, path, {"reason": REASON}).status_code == 303
    report = sync()
    assert (report.found["suspended"], report.found["changed"], report.found["left_out"]) == (0, 1, 1)
    assert person("u00").state == "active"
    held = words_of(browser.get("/console/sync/held"))
    assert REASON in held
    action = held.split('action="')[1].split('"')[0]
    assert send_form(browser, action, {}, page="/console/sync/held").status_code == 303
    assert sync().found["suspended"] == 1


def test_a_plan_is_asked_of_the_worker_once(app: Flask, people: list[str]) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    for _ in range(2):
        assert send_form(browser, "/console/sync/plan", {}, page="/console/sync").status_code == 303
    asked = take_next()
    assert asked is not None
    assert asked.kind == "plan"
    assert take_next() is None
