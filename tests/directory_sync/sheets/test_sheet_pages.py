"""Rules of the pages of spreadsheets: step by step, nothing changed before a plan is approved, nobody reaches beyond their units."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from directory_sync.job import sync_job
from directory_sync.models import RunState
from directory_sync.sheets import imports
from directory_sync.sheets.models import SheetImport
from idp.database import reader, table_of
from idp.jobs import Job, ensure_leases
from idp.people.models import Person
from idp.roles.models import Role
from idp.web.table_file import LARGEST_BYTES
from tests.support.installation import close, settings_for
from tests.support.sheets import sheet
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from tests.support.staff_directory import StaffDirectory, approve, ldap_settings, person, sync, unit
from wsgi import build

START = "/console/sync/import"


@pytest.fixture
def app(database_url: str, directory: StaffDirectory) -> Iterator[Flask]:
    """The whole application, its directory synced."""
    application = build(settings_for(database_url, **ldap_settings(directory.server)))
    with application.app_context():
        ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
        sync()
        yield application
    close(application)


def _send(browser: FlaskClient, content: bytes, **given: str) -> Any:
    data = {
        "name": "noi-vu",
        "extent": "part",
        **given,
        "file": (io.BytesIO(content), "cán bộ.csv"),
        "csrf_token": csrf_token(browser, START),
    }
    return browser.post(START, data=data, content_type="multipart/form-data")


def _to_check(browser: FlaskClient, content: bytes, **given: str) -> str:
    columns = _send(browser, content, **given).location
    form = {"column": _chosen(words_of(browser.get(columns))), "key_field": "staff_code", "extent": given.get("extent", "part")}
    found = send_form(browser, columns, form).location
    assert found, words_of(browser.get(columns))
    return str(found)


def _chosen(page: str) -> list[str]:
    selects = re.findall(r'name="column">(.*?)</select>', page, re.DOTALL)
    return [(re.findall(r'<option value="([^"]*)" selected', one) or [""])[0] for one in selects]


def test_a_file_goes_step_by_step_into_a_plan_that_changes_nothing_before_it_is_approved(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    check = _to_check(browser, sheet(("HG-an.nv", "", "", "", "", "", "", "0912345678"), ("HG-moi", "Lê Thị Mới", "S01")))
    sent = send_form(browser, check.replace("/check", "/submit"), {}, page=check)
    assert "đang lập kế hoạch" in words_of(browser.get(sent.location))
    sync_job()
    page = words_of(browser.get(sent.location))
    number = int(re.findall(r"/console/sync/(\d+)/plan", page)[0])
    assert person("an.nv").phone is None
    assert approve(number).state == RunState.APPLIED
    assert person("an.nv").phone == "0912345678"
    p = table_of(Person)
    assert reader().execute(select(p.c.name).where(p.c.staff_code == "HG-moi")).scalar_one() == "Lê Thị Mới"


def test_wrong_rows_are_told_corrected_in_place_or_downloaded_with_what_is_wrong(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    check = _to_check(browser, sheet(("HG-an.nv", "=1+1", "Z99"), ("HG-mai.vt", "", "S01")))
    page = words_of(browser.get(check))
    assert "không có đơn vị đang hoạt động với mã Z99" in page
    wrong = browser.get(check.replace("/check", "/errors.csv")).get_data(as_text=True)
    assert wrong.splitlines()[1].startswith("HG-an.nv,'=1+1,Z99,")
    assert "mã Z99" in wrong
    send_form(browser, check, {"cell-2-2": "S01", "cell-2-1": "Nguyễn Văn An"})
    page = words_of(browser.get(check))
    assert "Lập kế hoạch với 2 dòng" in page


def test_the_encoding_is_told_shown_and_can_be_changed(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    content = "Mã CBCCVC;Họ và tên\nHG-1;Nguyễn Thị Ngọc Ánh\n".encode("utf-16")
    columns = _send(browser, content).location
    page = words_of(browser.get(columns))
    assert "Nguyễn Thị Ngọc Ánh" in page
    assert '<option value="utf-16" selected>' in page
    send_form(browser, columns.replace("/columns", "/encoding"), {"encoding": "tcvn3"}, page=columns)
    refused = send_form(browser, columns.replace("/columns", "/encoding"), {"encoding": "utf-8"}, page=columns)
    assert refused.status_code == 422
    assert "bảng mã" in words_of(refused)


@pytest.mark.parametrize("role", [None, Role.HELP_DESK, Role.AUDITOR])
def test_who_may_not_send_is_refused_before_anything_of_the_file_is_read(app: Flask, role: Role | None) -> None:
    browser = browser_of(app, role)
    data = {"file": (io.BytesIO(b"x" * (LARGEST_BYTES - 1)), "t.csv")}
    assert browser.post(START, data=data, content_type="multipart/form-data").status_code == 403


def test_only_this_door_takes_ten_megabytes_and_no_more(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    big = sheet(*((f"HG-{number}", "Lê Văn " + "A" * 60) for number in range(20_000)))
    assert len(big) > 10 * 128 * 1024
    assert _send(browser, big).status_code == 303
    token = csrf_token(browser, START)
    huge = browser.post(
        START, data={"csrf_token": token, "file": (io.BytesIO(b"x" * (LARGEST_BYTES + 2**20)), "t")}, content_type="multipart/form-data"
    )
    assert huge.status_code == 413
    other = {"csrf_token": token, "file": (io.BytesIO(big), "t.csv")}
    assert browser.post("/console/sync/run", data=other, content_type="multipart/form-data").status_code == 413


def test_a_file_without_the_token_of_the_form_is_refused(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    data = {"name": "noi-vu", "file": (io.BytesIO(sheet(("HG-1", "An"))), "t.csv")}
    assert browser.post(START, data=data, content_type="multipart/form-data").status_code == 400
    i = table_of(SheetImport)
    assert reader().execute(select(func.count()).select_from(i)).scalar_one() == 0


def test_one_units_officer_reaches_nobody_of_another_unit_and_sends_no_whole_file(app: Flask) -> None:
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=unit("Sở Nội vụ").id)
    rows = (
        ("HG-an.nv", "", "", "Phó phòng"),
        ("HG-pao.ga", "", "", "Phó phòng"),
        ("HG-moi", "Lê Thị Mới", "00715"),
        ("HG-lạ", "Không Đơn Vị"),
        ("HG-pao.ga2", "Lê Văn A", "S01"),
    )
    check = _to_check(officer, sheet(*rows), extent="whole")
    page = words_of(officer.get(check))
    assert "tệp một phần" in page
    assert page.count("ngoài phạm vi được giao") == 3
    assert "Lập kế hoạch với 2 dòng" in page
    send_form(officer, check.replace("/check", "/submit"), {}, page=check)
    found = imports.find_submitted(reader(), "spreadsheet:noi-vu")
    assert found is not None
    assert [row.key for row in imports.rows_of(found)] == ["HG-an.nv", "HG-pao.ga2"]


def test_nobody_sees_or_hands_on_what_somebody_else_has_sent(app: Flask) -> None:
    check = _to_check(browser_of(app, Role.HR_OFFICER), sheet(("HG-an.nv", "Nguyễn Văn An")))
    other = browser_of(app, Role.IT_ADMIN)
    for path in (check, check.replace("/check", "/columns"), check.replace("/check", "/errors.csv"), check.replace("/check", "")):
        assert other.get(path).status_code == 404
    assert send_form(other, check.replace("/check", "/submit"), {}, page=START).status_code == 404


def test_the_template_is_understood_without_matching_anything_by_hand(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    for kind in ("csv", "xlsx"):
        content = browser.get(f"{START}/template.{kind}").get_data()
        page = words_of(browser.get(_send(browser, content).location))
        assert "" not in _chosen(page)


def test_who_owns_what_is_shown_and_decided_with_a_reason(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    refused = send_form(browser, "/console/sources", {"attribute": "title", "source": "ldap", "reason": "vì thế"})
    assert refused.status_code == 422
    form = {"attribute": "title", "source": "ldap", "reason": "Sở Nội vụ quản lý chức vụ trong danh bạ"}
    assert send_form(browser, "/console/sources", form).status_code == 303
    page = words_of(browser.get("/console/sources"))
    assert "Sở Nội vụ quản lý chức vụ trong danh bạ" in page
    scoped = browser_of(app, Role.HR_OFFICER, unit_of_role=unit("Sở Nội vụ").id)
    assert scoped.get("/console/sources").status_code == 403
