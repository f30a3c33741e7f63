"""Rules of the clock over changes of staff that are not carried out."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from directory_sync.desk_models import DeskCase
from directory_sync.lifecycle import deadlines, working_days
from directory_sync.lifecycle.job import lifecycle_job
from directory_sync.models import RunState, SyncRun
from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, new_id, reader, table_of
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.people import add_unit
from wsgi import build


def add_case(unit_id: uuid.UUID | None = None) -> None:
    row = {
        "id": new_id(), "kind": "no_number", "source": "ldap", "fingerprint": uuid.uuid4().hex, "unit_id": unit_id, "name": "Người Mới", "facts": {},
        "candidates": [], "opened_at": clock.now(), "state": "open",
    }  # fmt: skip
    in_transaction(lambda c: c.execute(insert(table_of(DeskCase)), row))


def add_run(number: int, state: RunState, at: datetime) -> None:
    row: dict[str, Any] = {
        "id": new_id(),
        "number": number,
        "source": "ldap",
        "started_by": "system:sync",
        "started_at": at,
        "finished_at": at,
    }
    in_transaction(lambda c: c.execute(insert(SyncRun), {**row, "state": state, "flaws": []}))


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 11, 24), date(2026, 11, 27)),  # Tuesday to Friday
        (date(2026, 11, 27), date(2026, 12, 2)),  # over a weekend
        (date(2026, 12, 31), date(2027, 1, 6)),  # New Year's Day, a Friday, and a weekend
        (date(2026, 4, 28), date(2026, 5, 5)),  # 30 April and 1 May
        (date(2026, 8, 31), date(2026, 9, 4)),
    ],
)
def test_working_days_leave_out_weekends_and_holidays(app: Flask, day: date, due: date) -> None:
    assert working_days.add_working_days(day, 3) == due


def test_holidays_that_move_are_told_by_the_settings(database_url: str) -> None:
    application = build(settings_for(database_url, holidays=["2027-02-08", "2027-02-09"]))
    with application.app_context():
        assert working_days.add_working_days(date(2027, 2, 5), 1) == date(2027, 2, 10)
    close(application)


def test_a_case_is_overdue_after_three_working_days_and_alarms_once_a_day(app: Flask, time: ManualClock) -> None:
    add_case()
    time.advance(days=3)  # Friday the 27th: the last day in time
    assert deadlines.overdue(reader()) == []
    time.advance(days=1)
    assert len(deadlines.overdue(reader())) == 1
    lifecycle_job()
    lifecycle_job()
    assert [event.detail["changes"] for event in trail.events("changes.overdue")] == [1]
    assert "have waited for more than 3 working days" in deadlines.remedy()
    time.advance(days=1)
    lifecycle_job()
    assert len(trail.events("changes.overdue")) == 2


def test_runs_stopped_again_and_again_count_from_the_first(app: Flask, time: ManualClock) -> None:
    start = datetime(2026, 11, 20, 1, tzinfo=UTC)
    for number, (state, day) in enumerate([(RunState.STOPPED, 0), (RunState.APPLIED, 1), (RunState.STOPPED, 2), (RunState.STOPPED, 3)], 1):
        add_run(number, state, start + timedelta(days=day))
    assert [(one.kind, one.key) for one in deadlines.waiting(reader(), None)] == [("stopped_run", "3")]
    add_run(5, RunState.UNCHANGED, start + timedelta(days=4))
    assert deadlines.waiting(reader(), None) == []


def test_an_officer_of_a_unit_sees_what_waits_there_only(app: Flask, time: ManualClock) -> None:
    mine, other = add_unit(), add_unit("UBND xã Đồng Văn")
    add_case(mine)
    add_case(other)
    add_run(1, RunState.STOPPED, clock.now())
    assert len(deadlines.waiting(reader(), [mine])) == 1
    assert len(deadlines.waiting(reader(), None)) == 3
