"""Rules of the ledger: one run at a time, none is lost, and a dead one is taken over."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from directory_sync import ledger
from directory_sync.ledger import AlreadyRunning, LeaseLost
from directory_sync.models import RunState, SyncRun
from directory_sync.source.ldap_full import SOURCE
from idp.app import create_app
from idp.clock import ManualClock
from idp.database import forget_connections, in_transaction, new_id, reader
from tests.support.installation import close, settings_for
from tests.support.staff_directory import StaffDirectory, everybody, ldap_settings, sync


def begin() -> ledger.Run:
    return in_transaction(lambda connection: ledger.begin(connection, "cli:test", SOURCE))


@pytest.fixture
def postgresql_app(postgresql_url: str, directory: StaffDirectory) -> Iterator[Flask]:
    app = create_app(settings_for(postgresql_url, **ldap_settings(directory.server)))
    with app.app_context():
        yield app
    close(app)


def test_twenty_runs_at_once_are_one_run_and_nineteen_refusals(postgresql_app: Flask) -> None:
    together = threading.Barrier(20)

    def try_it(_: int) -> str:
        with postgresql_app.app_context():
            together.wait()
            try:
                return str(sync().state)
            except AlreadyRunning as refusal:
                return refusal.reason
            finally:
                forget_connections()

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(try_it, range(20)))
    done = [outcome for outcome in outcomes if outcome != "already_running"]
    assert outcomes.count("applied") == 1
    assert len(everybody()) == 3
    assert len({row.number for row in ledger.list_runs(reader())}) == len(done)


def test_a_second_run_is_refused_while_one_is_under_way(app: Flask, directory: StaffDirectory, time: ManualClock) -> None:
    begin()
    with pytest.raises(AlreadyRunning, match="số 1"):
        sync()


def test_a_run_that_died_is_taken_over_when_its_lease_is_out(app: Flask, directory: StaffDirectory, time: ManualClock) -> None:
    dead = begin()
    time.advance(seconds=121)
    assert sync().state == RunState.APPLIED
    assert [(row.number, row.state, row.reason) for row in ledger.list_runs(reader())] == [
        (2, "applied", None),
        (1, "failed", "interrupted"),
    ]
    for deed in (ledger.renew, lambda connection, run: ledger.finish(connection, run, RunState.APPLIED)):
        with pytest.raises(LeaseLost):
            in_transaction(lambda connection, deed=deed: deed(connection, dead))  # type: ignore[misc]


def test_a_run_that_shows_that_it_is_alive_is_not_taken_over(app: Flask, directory: StaffDirectory, time: ManualClock) -> None:
    alive = begin()
    time.advance(seconds=100)
    in_transaction(lambda connection: ledger.renew(connection, alive))
    time.advance(seconds=100)
    with pytest.raises(AlreadyRunning):
        sync()


def test_runs_that_found_nothing_are_forgotten_after_a_day_and_no_number_is_given_twice(
    app: Flask, directory: StaffDirectory, time: ManualClock
) -> None:
    for _ in range(3):
        sync()
    time.advance(hours=25)
    report = sync()
    assert [(row.number, row.state) for row in ledger.list_runs(reader())] == [(4, "unchanged"), (3, "unchanged"), (1, "applied")]
    assert report.number == 4


def test_runs_of_another_source_do_not_stand_in_the_way(app: Flask, directory: StaffDirectory, time: ManualClock) -> None:
    row: dict[str, Any] = {"id": new_id(), "number": 1, "source": SOURCE + "-other", "started_by": "cli:test", "started_at": time()}
    in_transaction(lambda connection: connection.execute(insert(SyncRun), {**row, "state": RunState.RUNNING}))
    assert sync().number == 2
