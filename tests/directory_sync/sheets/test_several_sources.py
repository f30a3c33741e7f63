"""Rules of several sources: nobody is added twice, a source does not overwrite what it does not own, and absent in one is not gone."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync import sources
from directory_sync.attribute_owners import give
from directory_sync.desk_models import CaseKind, DeskCase
from directory_sync.job import sync_job
from directory_sync.lifecycle.job import lifecycle_job
from directory_sync.lifecycle.planned import changes_of
from directory_sync.models import RunState
from directory_sync.plans import lines_in_batches, list_waiting
from directory_sync.scim.setting_up import set_up_scim
from directory_sync.sheets import imports
from directory_sync.sheets.source import find_source
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.jobs import Job, ensure_leases
from idp.people.models import Person
from idp.people.sign_in_name import find_for_sign_in
from idp.people.source_models import SourceEntry
from tests.support.scim import ENTERPRISE, USER, Pusher, add_source
from tests.support.sheets import run_sheet, send, sheet
from tests.support.staff_directory import DEPARTMENT, StaffDirectory, person, sync, unit

pytestmark = pytest.mark.usefixtures("app")
REASON = "quyết định của Sở Nội vụ về dữ liệu gốc"


@pytest.fixture(autouse=True)
def synced(app: Flask, directory: StaffDirectory) -> None:
    """The directory's three people are known."""
    ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
    sync()


@pytest.fixture
def scim(app: Flask) -> Pusher:
    """A source that pushes."""
    set_up_scim(app)
    return add_source(app.test_client())


def _own(attribute: str) -> None:
    in_transaction(lambda c: give(c, attribute, "spreadsheet:noi-vu", reason=REASON, actor="cli:test"))


def _people() -> int:
    return int(reader().execute(select(func.count()).select_from(table_of(Person))).scalar_one())


def _entries(username: str) -> dict[str, Any]:
    e = table_of(SourceEntry)
    return {row.source: row for row in reader().execute(select(e).where(e.c.person_id == person(username).id))}


def test_a_row_with_the_number_of_somebody_known_is_their_second_entry_and_nobody_is_added() -> None:
    send(sheet(("HG-an.nv", "Nguyễn Văn An")))
    report = run_sheet()
    assert (report.state, _people()) == (RunState.UNCHANGED, 3)
    assert set(_entries("an.nv")) == {"ldap", "spreadsheet:noi-vu"}
    assert not _entries("mai.vt"), "nothing is kept for people of one source only"


def test_what_a_source_does_not_own_it_does_not_overwrite_and_what_it_owns_no_other_does(directory: StaffDirectory) -> None:
    _own("title")
    send(sheet(("HG-an.nv", "Tên Khác", "", "Trưởng phòng", "", "", "", "0912345678")))
    assert run_sheet().state == RunState.APPLIED
    found = person("an.nv")
    assert (found.name, found.title, found.phone) == ("Nguyễn Văn An", "Trưởng phòng", "0912345678")
    directory.change(f"uid=an.nv,{DEPARTMENT}", title="Phó phòng", mobile="0987654321")
    sync()
    found = person("an.nv")
    assert (found.title, found.phone) == ("Trưởng phòng", "0987654321"), "the directory owns the number, not the title"
    assert sync().state == RunState.UNCHANGED
    assert run_sheet().state == RunState.UNCHANGED


def test_absent_in_one_source_and_present_in_another_is_in_service(directory: StaffDirectory) -> None:
    send(sheet(("HG-an.nv", "Nguyễn Văn An"), ("HG-mai.vt", "Vàng Thị Mai")), is_whole=True)
    run_sheet()
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    assert sync().state == RunState.UNCHANGED
    assert person("an.nv").state == "active"
    send(sheet(("HG-mai.vt", "Vàng Thị Mai")), is_whole=True)
    assert run_sheet().found["suspended"] == 1, "now no source has them any more"
    assert person("an.nv").state_reason == "gone_from_directory"
    send(sheet(("HG-an.nv", "Nguyễn Văn An"), ("HG-mai.vt", "Vàng Thị Mai")), is_whole=True)
    assert run_sheet().found["returned"] == 1
    assert person("an.nv").state == "active"


def test_where_one_source_vouches_for_service_its_word_alone_counts(directory: StaffDirectory) -> None:
    _own("employment")
    send(sheet(("HG-an.nv", "Nguyễn Văn An"), ("HG-mai.vt", "Vàng Thị Mai")), is_whole=True)
    run_sheet()
    send(
        sheet(
            ("HG-an.nv", "", "", "", "Thôi việc"),
        )
    )
    assert run_sheet().found["suspended"] == 1
    assert person("an.nv").state == "suspended"
    assert sync().state == RunState.UNCHANGED, "that the directory still has them brings nobody back"
    assert person("an.nv").state == "suspended"
    directory.remove(f"uid=mai.vt,{DEPARTMENT}")
    sync()
    assert person("mai.vt").state == "active"
    assert person("pao.ga").state == "active", "of whom only the directory knows, the directory decides"


def test_the_directorys_lock_counts_whoever_vouches(directory: StaffDirectory) -> None:
    _own("employment")
    send(sheet(("HG-an.nv", "Nguyễn Văn An")))
    run_sheet()
    directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime="000001010000Z")
    sync()
    assert person("an.nv").state_reason == "locked_in_directory"
    directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime=None)
    sync()
    assert person("an.nv").state == "active"


def test_a_number_of_two_people_is_for_the_desk(directory: StaffDirectory) -> None:
    for username in ("x1", "x2"):
        directory.add_person(username, "Lê Văn Hai", employeeNumber="HG-x")
    sync()
    send(sheet(("HG-x", "Lê Văn Hai")))
    run_sheet()
    d = table_of(DeskCase)
    cases = reader().execute(select(d).where(d.c.source == "spreadsheet:noi-vu")).all()
    assert [case.kind for case in cases] == [CaseKind.NUMBER_NOT_UNIQUE]
    assert _people() == 5


def test_who_is_new_in_a_file_is_added_to_the_unit_of_the_code_and_found_by_the_directory_later(directory: StaffDirectory) -> None:
    send(sheet(("HG-moi", "Lê Thị Mới", "S01", "Chuyên viên")))
    assert run_sheet().found["joined"] == 1
    p = table_of(Person)
    found = reader().execute(select(p).where(p.c.staff_code == "HG-moi")).one()
    assert (found.source, found.unit_id, found.username) == ("spreadsheet:noi-vu", unit("Sở Nội vụ").id, None)
    dn = directory.add_person("moi.lt", "Lê Thị Mới", employeeNumber="HG-moi")
    sync()
    later = person("moi.lt")
    assert (later.id, later.subject) == (found.id, found.subject)
    named = find_for_sign_in(reader(), "moi.lt")
    assert named is not None
    assert (named.person_id, named.source_key, named.directory_dn) == (found.id, directory.entry_uuid(dn), dn), (
        "their password is asked for there"
    )
    assert sync().state == RunState.UNCHANGED


def test_a_part_changes_only_what_it_names_and_an_empty_cell_says_nothing() -> None:
    send(sheet(("HG-moi", "Lê Thị Mới", "S01", "Chuyên viên"), ("HG-moi2", "Lê Thị Hai", "S01", "Chuyên viên", "", "", "", "0912345678")))
    run_sheet()
    send(sheet(("HG-moi2", "", "", "Phó phòng")))
    run_sheet()
    p = table_of(Person)
    rows = {row.staff_code: row for row in reader().execute(select(p).where(p.c.source == "spreadsheet:noi-vu"))}
    assert rows["HG-moi"].state == "active"
    assert (rows["HG-moi2"].name, rows["HG-moi2"].title, rows["HG-moi2"].phone) == ("Lê Thị Hai", "Phó phòng", "0912345678")


def test_a_file_that_is_only_a_part_keeps_nobody_in_service(directory: StaffDirectory) -> None:
    send(sheet(("HG-an.nv", "", "", "", "", "", "", "0912345678")))
    run_sheet()
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    assert sync().found["suspended"] == 1
    assert person("an.nv").state_reason == "gone_from_directory"


def test_a_leaving_to_come_waits_among_the_planned_changes_once_and_ends_access_on_its_day(time: ManualClock) -> None:
    send(sheet(("HG-an.nv", "", "", "", "Nghỉ hưu", "01/12/2026", "15/QĐ-SNV")))
    run_sheet()
    run_sheet()
    plans = changes_of(reader(), person("an.nv").id)
    assert [(plan.kind, plan.from_day, plan.decision) for plan in plans] == [("leaving", date(2026, 11, 30), "15/QĐ-SNV")]
    assert person("an.nv").state == "active"
    time.advance(days=7)
    lifecycle_job()
    assert person("an.nv").state_reason == "service_ended"


def test_other_rows_wait_for_their_day_and_are_then_planned(app: Flask, time: ManualClock) -> None:
    sources.add_source(app, find_source)
    send(sheet(("HG-an.nv", "", "", "", "", "01/12/2026", "15/QĐ-SNV", "0911111111")))
    assert run_sheet().state == RunState.UNCHANGED
    send(sheet(("HG-mai.vt", "", "", "", "", "", "", "0912345678")))
    run_sheet()
    time.advance(days=8)
    assert in_transaction(imports.due_again) == ["spreadsheet:noi-vu"]
    sync_job()
    plan = next(one for one in list_waiting(reader()) if one.source == "spreadsheet:noi-vu")
    assert [line.name for line in lines_in_batches(reader(), plan.run_id)] == ["Nguyễn Văn An"], "carried over into the later file"


def test_a_mass_of_leavings_to_come_is_held_by_the_guard(directory: StaffDirectory) -> None:
    for number in range(25):
        directory.add_person(f"u{number}", f"Lê Văn {number}")
    sync()
    send(sheet(*((f"HG-u{number}", "", "", "", "Nghỉ việc", "01/12/2026", "15/QĐ") for number in range(25))))
    report = run_sheet()
    assert (report.state, report.reason) == (RunState.STOPPED, "too_many_suspensions people=25 active=0")


def test_what_pushes_obeys_too(scim: Pusher) -> None:
    _own("title")
    told = {"emails": [{"value": "lan@hagiang.gov.vn"}], "title": "Chuyên viên", ENTERPRISE: {"employeeNumber": "HG-lan"}}
    made = scim.add("lan.nt", "Nguyễn Thị Lan", **told)
    send(sheet(("HG-lan", "", "", "Trưởng phòng")))
    run_sheet()
    assert person("lan.nt").title == "Trưởng phòng"
    scim.send("PUT", f"/Users/{made['id']}", {"schemas": [USER], "userName": "lan.nt", "name": {"formatted": "Nguyễn Thị Lan Anh"}, **told})
    found = person("lan.nt")
    assert (found.title, found.name) == ("Trưởng phòng", "Nguyễn Thị Lan Anh")
    assert run_sheet().state == RunState.UNCHANGED
