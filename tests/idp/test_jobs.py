"""Rules of the worker's jobs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from flask import Flask

from idp import clock, jobs
from idp.app import create_app
from idp.database import in_transaction
from idp.jobs import Job
from tests.support.installation import close, settings_for


def test_a_job_runs_when_it_is_due_and_not_before(app: Flask, time: clock.ManualClock) -> None:
    ran: list[int] = []
    job = Job("sync", 60, lambda: ran.append(1), lease_seconds=30)
    jobs.ensure_leases([job])
    assert [jobs.run_if_due(job), jobs.run_if_due(job)] == [True, False]
    time.advance(seconds=60)
    assert jobs.run_if_due(job)
    assert len(ran) == 2


def test_a_job_that_fails_is_due_again(app: Flask, time: clock.ManualClock) -> None:
    def fail() -> None:
        raise ValueError("a bug")

    job = Job("sync", 60, fail, lease_seconds=30)
    jobs.ensure_leases([job])
    assert jobs.run_if_due(job)
    time.advance(seconds=60)
    assert jobs.run_if_due(job)


def test_the_lease_of_a_worker_that_died_runs_out(app: Flask, time: clock.ManualClock) -> None:
    job = Job("sync", 60, lambda: None, lease_seconds=30)
    jobs.ensure_leases([job])
    assert in_transaction(lambda connection: jobs.take_lease(connection, job, "dead worker"))
    assert not jobs.run_if_due(job)
    time.advance(seconds=30)
    assert jobs.run_if_due(job)


def test_of_twenty_workers_one_runs_the_job(postgresql_url: str, time: clock.ManualClock) -> None:
    app = create_app(settings_for(postgresql_url))
    job = Job("sync", 60, lambda: None, lease_seconds=30)
    with app.app_context():
        jobs.ensure_leases([job])

    def run(_: int) -> bool:
        with app.app_context():
            return jobs.run_if_due(job)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(run, range(20))) == 1
    close(app)


def test_the_worker_stops_when_it_is_told(app: Flask) -> None:
    stop, ran = Event(), Event()

    def run_and_stop() -> None:
        ran.set()
        stop.set()

    jobs.work(app, [Job("only", 0.01, run_and_stop)], stop)
    assert ran.is_set()
