"""Rules of the snapshots."""

import threading
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from idp.app import create_app
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment.snapshots import first_broken_day, list_days, read_snapshot, snapshot_job, take_snapshot
from idp.enrollment.status import count_now, status_of_day
from idp.errors import NotFound
from tests.support.enrolled_people import add_person_on
from tests.support.installation import close, settings_for

TODAY = date(2026, 11, 24)


def _take() -> bool:
    return in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))


def test_a_day_has_one_snapshot_however_often_it_is_asked_for(app: Flask, time: ManualClock) -> None:
    add_person_on("B1")
    assert _take()
    add_person_on("B5")
    assert not _take()
    assert status_of_day(reader(), TODAY).whole.people == 1


def test_the_day_is_that_of_the_province(app: Flask, time: ManualClock) -> None:
    add_person_on("B1")
    time.advance(hours=15, minutes=59)  # 23:59 in Hà Giang
    assert _take()
    time.advance(minutes=1)
    assert _take()
    assert [head.day for head, _ in list_days(reader())] == [date(2026, 11, 25), TODAY]


def test_the_job_waits_for_ten_past_midnight_and_for_somebody_to_count(app: Flask, time: ManualClock) -> None:
    snapshot_job()
    assert read_snapshot(reader(), TODAY) is None
    add_person_on("B1")
    time.advance(hours=16, minutes=5)  # 00:05 on the 25th
    snapshot_job()
    assert list_days(reader()) == []
    time.advance(minutes=5)
    snapshot_job()
    snapshot_job()
    assert [head.day for head, _ in list_days(reader())] == [date(2026, 11, 25)]


def test_the_past_stays_as_it_was_counted(app: Flask, time: ManualClock) -> None:
    add_person_on("B5")
    _take()
    time.advance(days=31)
    assert count_now(reader()).whole.authenticated == 0
    assert status_of_day(reader(), TODAY).whole.authenticated == 1
    assert first_broken_day(reader()) is None


def test_a_snapshot_says_by_which_rules_it_was_counted(app: Flask, time: ManualClock) -> None:
    add_person_on("B1")
    _take()
    told = status_of_day(reader(), TODAY).parameters
    assert told["rules_version"] == "1.2"
    assert told["recent_days"] == 30
    assert told["counts_contract_staff"] is False
    assert told["entry_days"] == 90
    assert told["milestones"][0] == {"by": "2026-12-31", "percent": 50}
    assert {"sync_run", "unit_tree", "integrated_systems"} <= set(told)


def test_a_missed_day_is_a_gap_and_not_an_invention(app: Flask, time: ManualClock) -> None:
    with pytest.raises(NotFound):
        status_of_day(reader(), TODAY)


@pytest.mark.parametrize("statement", ["UPDATE snapshot_count SET people = 9", "DELETE FROM snapshot", "DELETE FROM snapshot_count"])
def test_the_database_refuses_to_rewrite_the_past(app: Flask, time: ManualClock, statement: str) -> None:
    add_person_on("B1")
    _take()
    with pytest.raises(DBAPIError, match="append-only"):
        in_transaction(lambda connection: connection.execute(text(statement)))


def test_a_figure_changed_behind_our_back_breaks_the_chain_on_its_day(app: Flask, time: ManualClock) -> None:
    add_person_on("B1")
    for _ in range(3):
        _take()
        time.advance(days=1)
    sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    drop = "DROP TRIGGER snapshot_count_no_update" if sqlite else "DROP TRIGGER snapshot_count_append_only ON snapshot_count"
    for statement in (drop, "UPDATE snapshot_count SET people = 9 WHERE day = '2026-11-25'"):
        in_transaction(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]
    assert first_broken_day(reader()) == date(2026, 11, 25)


def test_of_twenty_who_take_it_at_once_one_takes_it(postgresql_url: str, time: ManualClock) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        add_person_on("B1")
    won: list[bool] = []
    gate = threading.Barrier(20)

    def run() -> None:
        with app.app_context():
            gate.wait()
            won.append(_take())

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 19 + [True]
    with app.app_context():
        assert first_broken_day(reader()) is None
    close(app)
