"""Rules of the pages of sync runs."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from directory_sync.directory_text import Flaw
from directory_sync.models import ChangeKind, RunState, SyncChange, SyncRun
from directory_sync.pages import PAGE_CHANGES
from directory_sync.words import CHANGES, FLAWS, STATES
from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, new_id, reader, table_of
from idp.jobs import Job, JobLease, ensure_leases
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.signed_in import browser_of, send_form, words_of
from wsgi import build


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, with the pages of all three packages."""
    application = build(settings_for(database_url))
    with application.app_context():
        yield application
    close(application)


def _add_run(number: int, state: RunState = RunState.APPLIED, **given: Any) -> uuid.UUID:
    now = clock.now()
    row = {
        "id": new_id(), "number": number, "source": "ldap", "started_by": "system:sync", "started_at": now, "finished_at": now, "state": state,
        "flaws": [], **given,
    }  # fmt: skip
    in_transaction(lambda connection: connection.execute(insert(SyncRun), row))
    return row["id"]  # type: ignore[no-any-return]


def _add_change(run_id: uuid.UUID, kind: ChangeKind, name: str, **given: Any) -> None:
    row = {"id": new_id(), "run_id": run_id, "kind": kind, "name": name, "before": {}, "after": {}, **given}
    in_transaction(lambda connection: connection.execute(insert(SyncChange), row))


def test_every_state_change_and_flaw_has_its_words() -> None:
    assert set(STATES) == set(RunState)
    assert set(CHANGES) == set(ChangeKind)
    assert set(FLAWS) == set(Flaw)


def test_who_may_see_and_who_may_start_a_run(app: Flask, time: ManualClock) -> None:
    _add_run(1)
    in_transaction(lambda connection: connection.execute(insert(JobLease), _lease(time)))
    for role, sees, starts in ((Role.LEADER, 403, 403), (Role.AUDITOR, 200, 403), (Role.HR_OFFICER, 200, 303), (Role.IT_ADMIN, 200, 303)):
        browser = browser_of(app, role)
        for path in ("/console/sync", "/console/sync/1"):
            assert browser.get(path).status_code == sees, role
        if starts == 303:
            assert send_form(browser, "/console/sync/run", {}, page="/console/sync").status_code == 303
        else:
            assert "/console/sync/run" not in words_of(browser.get("/console/sync"))


def _lease(time: ManualClock) -> dict[str, Any]:
    return {"name": "sync", "holder": "", "leased_until": time(), "next_run_at": time() + timedelta(hours=1)}


def test_run_now_makes_the_worker_s_job_due_and_says_so_when_no_worker_was_ever_here(app: Flask, time: ManualClock) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert send_form(browser, "/console/sync/run", {}, page="/console/sync").status_code == 409
    ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
    time.advance(seconds=30)
    assert send_form(browser, "/console/sync/run", {}, page="/console/sync").status_code == 303
    assert reader().execute(select(table_of(JobLease).c.next_run_at)).scalar_one() == time()


def test_runs_that_found_nothing_are_hidden_until_asked_for(app: Flask) -> None:
    _add_run(1)
    _add_run(2, RunState.UNCHANGED)
    browser = browser_of(app, Role.AUDITOR)
    assert "/console/sync/2" not in words_of(browser.get("/console/sync"))
    assert "/console/sync/2" in words_of(browser.get("/console/sync?all=1"))


def test_a_run_shows_what_was_before_and_after(app: Flask) -> None:
    run_id, person_id = _add_run(7, moved=1), add_person()
    change = {"before": {"unit_name": "UBND xã Lũng Cú"}, "after": {"unit_name": "UBND xã Đồng Văn"}, "person_id": person_id}
    _add_change(run_id, ChangeKind.MOVED, "Vàng Mí Sính", **change)
    page = words_of(browser_of(app, Role.AUDITOR).get("/console/sync/7"))
    for words in ("Vàng Mí Sính", "UBND xã Lũng Cú</del>", "UBND xã Đồng Văn</ins>", "Chuyển đơn vị", f"/console/people/{person_id}"):
        assert words in page


def test_a_run_that_stopped_says_why_and_that_nothing_was_changed(app: Flask) -> None:
    _add_run(3, RunState.STOPPED, reason="too_many_suspensions people=80 active=300")
    page = words_of(browser_of(app, Role.HR_OFFICER).get("/console/sync/3"))
    for words in ("80 trên 300", "Không có gì bị thay đổi", "hopnhat sync approve 3"):
        assert words in page


def test_changes_are_shown_a_page_at_a_time(app: Flask) -> None:
    run_id = _add_run(1)
    for number in range(PAGE_CHANGES + 1):
        _add_change(run_id, ChangeKind.JOINED, f"Người số {number}.")
    browser = browser_of(app, Role.AUDITOR)
    first = words_of(browser.get("/console/sync/1"))
    second = words_of(browser.get("/console/sync/1?after=" + first.split("?after=")[1].split('"')[0]))
    seen = [[f"Người số {number}." in page for number in range(PAGE_CHANGES + 1)] for page in (first, second)]
    assert [sum(page) for page in seen] == [PAGE_CHANGES, 1]
    assert all(map(any, zip(*seen, strict=True)))
    assert browser.get("/console/sync/1?after=nonsense").status_code == 404


def test_flaws_are_counted_by_kind_and_listed_harmlessly(app: Flask) -> None:
    flaw = {"kind": "no_mail", "name": "<b>An</b>", "entry": "uid=an,ou=x", "unit": None}
    _add_run(1, flaws=[flaw, flaw])
    page = words_of(browser_of(app, Role.AUDITOR).get("/console/sync/1"))
    assert "Thiếu thư điện tử công vụ" in page
    assert "<b>An</b>" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/console/sync/99",
        "/console/sync/1x",
        "/console/sync/99999999999999999999",
        "/console/sync?before=x",
        "/console/sync?before=99999999999999999999",
    ],
)
def test_nonsense_in_the_address_is_no_error_of_ours(app: Flask, path: str) -> None:
    assert browser_of(app, Role.AUDITOR).get(path).status_code in (200, 404)


def test_the_home_of_the_console_says_how_the_sync_stands(app: Flask, time: ManualClock) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    assert "Chưa có lượt đồng bộ nào thành công" in words_of(browser.get("/console"))
    _add_run(1)
    time.advance(minutes=12)
    assert "cách đây 12 phút" in words_of(browser.get("/console"))
    _add_run(2, RunState.FAILED, reason="unreachable")
    assert "Không kết nối được tới danh bạ" in words_of(browser.get("/console"))
    assert "đồng bộ" not in words_of(browser_of(app, Role.LEADER).get("/console")).split('<main id="main">')[1]
