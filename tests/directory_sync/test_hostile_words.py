"""Rules of words that a directory, a file or an officer may write into names and reasons: every page shows them, none obeys them (ADM-007)."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from directory_sync import plans
from directory_sync.desk_models import DeskCase
from directory_sync.models import PlanLine
from directory_sync.reorganisation_file import read_scheme
from directory_sync.reorganisation_models import Origin
from directory_sync.reorganisations import propose
from directory_sync.sheets import imports
from idp.clock import now
from idp.database import in_transaction, reader, table_of
from idp.jobs import Job, ensure_leases
from idp.people.models import Unit
from idp.roles.models import Role
from idp.wire.distinguished_names import escape
from tests.support.installation import close, settings_for
from tests.support.sheets import sheet
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.staff_directory import TOP, StaffDirectory, ldap_settings, person, sync, unit
from wsgi import build

EVIL = '"><script>alert(1)</script>{{7*7}}'
CELL = EVIL[1:]  # a quotation mark would end the cell
REASON = f"lý do đủ dài để ghi lại {EVIL}"
HOSTILE_UNIT = f"ou={escape('Phòng ' + EVIL)},{TOP}"


@pytest.fixture
def app(database_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    """The whole application on a directory whose unit and people have hostile names."""
    application = build(settings_for(database_url, **ldap_settings(empty_directory.server)))
    with application.app_context():
        ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
        empty_directory.add_unit(HOSTILE_UNIT, "S66")
        for number in range(3):
            facts = {"title": EVIL, "mail": "chung@hagiang.gov.vn"}
            empty_directory.add_person(f"u{number}", f"Lê {EVIL} {number}", HOSTILE_UNIT, rdn=f"uid=u{number}", **facts)
        sync()
        yield application
    close(application)


def _paths(plan: int, held_line: uuid.UUID, import_id: uuid.UUID, scheme: int) -> list[str]:
    who = person("u0").id
    cases = reader().execute(select(table_of(DeskCase).c.id)).scalars().all()
    assert cases
    return [
        "/console", "/console/sync", "/console/sync/1", f"/console/sync/{plan}", f"/console/sync/{plan}/plan", f"/console/sync/{plan}/approve",
        f"/console/sync/{plan}/plan/{held_line}/hold", "/console/sync/held", "/console/desk", "/console/desk/rules", "/console/desk/waiting",
        *(f"/console/desk/{case}" for case in cases), f"/console/people/{who}", f"/console/people/{who}/service", "/console/reviews",
        "/console/idle", f"/console/sync/import/{import_id}/columns", f"/console/sync/import/{import_id}/check", "/console/sync/import",
        "/console/reorganisations", f"/console/reorganisations/{scheme}", f"/console/reorganisations/{scheme}?flawed=1", "/console/sources",
    ]  # fmt: skip


def test_hostile_words_are_shown_and_never_obeyed(app: Flask, empty_directory: StaffDirectory) -> None:
    empty_directory.remove(f"uid=u1,{HOSTILE_UNIT}")
    empty_directory.change(f"uid=u2,{HOSTILE_UNIT}", title=f"Trưởng {EVIL}")
    number, officer = sync(only_plan=True).number, add_official(Role.HR_OFFICER)
    line = table_of(PlanLine)
    ids = reader().execute(select(line.c.id).where(line.c.run_id == plans.require_plan(reader(), number).run_id)).scalars().all()
    browser, actor = sign_in(app, officer), f"person:{officer}"
    assert send_form(browser, f"/console/sync/{number}/plan/{ids[0]}/hold", {"reason": REASON}).status_code == 303
    rows = sheet({"Mã CBCCVC": f"HG-u0{CELL}"[:40], "Họ và tên": CELL, "Mã đơn vị": CELL, "Chức vụ": CELL, "Số quyết định": CELL})
    import_id = in_transaction(lambda c: imports.take(c, imports.source_name("noi-vu"), f"{EVIL}.csv", rows, is_whole=False, actor=actor))
    scheme_rows = read_scheme(f"mã cũ,tên cũ,mã mới,tên mới\nS66,{CELL},S01,\n,{CELL},,{CELL}\n".encode())
    day = now().date()
    scheme = in_transaction(
        lambda c: propose(c, scheme_rows, name=EVIL, decision=EVIL, effective_on=day, origin=Origin.FILE, actor="cli:test")
    )
    seen = 0
    for path in _paths(number, ids[1], import_id, scheme):
        answer = browser.get(path)
        page = words_of(answer)
        assert answer.status_code == 200, (path, answer.status_code)
        assert "<script>alert" not in page, path
        assert "}}49" not in page, path
        assert ">49" not in page, path
        seen += "&lt;script&gt;" in page
    assert seen > 10
    lines = browser.get(f"/console/sync/{number}/plan.csv").get_data(as_text=True).splitlines()
    assert not [cell for row in lines[1:] for cell in row.split(",") if cell.startswith(("=", "+", "-", "@"))]


def test_an_officer_of_the_unit_sees_them_the_same(app: Flask) -> None:
    hostile = reader().execute(select(table_of(Unit).c.id).where(table_of(Unit).c.code == "S66")).scalar_one()
    browser = sign_in(app, add_official(Role.HR_OFFICER, unit_of_role=hostile))
    for path in ("/console/sync", "/console/sync/1", "/console/desk", "/console/reviews", f"/console/people/{person('u0').id}/service"):
        assert "<script>alert" not in words_of(browser.get(path)), path


def test_what_waits_too_long_stands_above_the_runs(app: Flask) -> None:
    page = words_of(browser_of(app, Role.HR_OFFICER).get("/console/sync"))
    assert "1 thay đổi nhân sự chưa thực hiện, 0 quá 3 ngày làm việc" in page
    other = unit("Sở Nội vụ").id
    page = words_of(sign_in(app, add_official(Role.HR_OFFICER, unit_of_role=other)).get("/console/sync"))
    assert "thay đổi nhân sự chưa thực hiện" not in page
