"""Rules of when the worker reads the directory whole, and when only what changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync.job import directory_jobs, remedy_of_silence, sync_job
from directory_sync.models import SyncRun
from directory_sync.schedule import newest_night
from idp import audit, clock, jobs
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import in_transaction, reader, table_of
from idp.settings import current_settings
from tests.support.installation import close, settings_for
from tests.support.services import free_port
from tests.support.slapd import slapd
from tests.support.staff_directory import DEPARTMENT, TOP, StaffDirectory, ldap_settings, person

_r, _e = table_of(SyncRun), table_of(AuditEvent)


@pytest.fixture(scope="module", params=["names deletions", "does not"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, StaffDirectory]]:
    with slapd(tmp_path_factory.mktemp("slapd"), remembers=1000 if request.param == "names deletions" else None) as started:
        found = StaffDirectory(started)
        for dn, code in ((TOP, "02"), (DEPARTMENT, "S01")):
            found.add_unit(dn, code)
        found.add_person("mai.vt", "Vàng Thị Mai")
        yield request.param, found


@pytest.fixture
def app(server: tuple[str, StaffDirectory], database_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(database_url, **ldap_settings(server[1].server)))
    with application.app_context():
        yield application
    close(application)


def kinds() -> list[str]:
    """How much each run read, oldest first."""
    return list(reader().execute(select(_r.c.kind).order_by(_r.c.number)).scalars())


def test_the_first_read_is_whole_and_deltas_follow(app: Flask, server: tuple[str, StaffDirectory], time: clock.ManualClock) -> None:
    for _ in range(3):
        sync_job()
        time.advance(seconds=60)
    assert kinds() == ["full", "delta", "delta"]


def test_once_a_night_everything_is_read(app: Flask, server: tuple[str, StaffDirectory], time: clock.ManualClock) -> None:
    sync_job()
    time.advance(hours=18, minutes=29)  # from 08:00 to 02:29 in Hà Giang
    sync_job()
    wished = [] if server[0] == "names deletions" else ["full"]
    assert kinds() == ["full", "delta", *wished]
    time.advance(minutes=1)
    sync_job()
    sync_job()
    assert kinds() == ["full", "delta", *wished, "full", "delta"]


def test_who_is_deleted_is_out_with_the_next_read_that_can_tell(
    app: Flask, server: tuple[str, StaffDirectory], time: clock.ManualClock
) -> None:
    server[1].add_person("an.nv", "Nguyễn Văn An")
    sync_job()
    server[1].remove(f"uid=an.nv,{DEPARTMENT}")
    time.advance(seconds=60)
    sync_job()
    assert (person("an.nv").state == "suspended") == (server[0] == "names deletions")
    time.advance(seconds=240)
    sync_job()
    assert person("an.nv").state_reason == "gone_from_directory"


def test_the_hour_of_the_night_is_that_of_the_province(app: Flask) -> None:
    settings = current_settings()
    assert newest_night(datetime(2026, 11, 24, 19, 29, tzinfo=UTC), settings) == datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
    assert newest_night(datetime(2026, 11, 24, 19, 30, tzinfo=UTC), settings) == datetime(2026, 11, 24, 19, 30, tzinfo=UTC)


def test_silence_is_alarming_once_and_until_a_run_succeeds(database_url: str, time: clock.ManualClock) -> None:
    app = create_app(settings_for(database_url, **ldap_settings_of_nobody()))
    with app.app_context():
        sync_job()
        assert remedy_of_silence() == ""
        for _ in range(3):
            time.advance(hours=1)
            sync_job()
        assert reader().execute(select(func.count()).where(_e.c.event == audit.Event.SYNC_OVERDUE.value)).scalar() == 1
        assert "hopnhat sync runs" in remedy_of_silence()
    close(app)


def ldap_settings_of_nobody() -> dict[str, str]:
    access = {"ldap_bind_dn": "cn=x,dc=vn", "ldap_bind_password": "x", "ldap_base_dn": "dc=vn"}
    return {"ldap_url": f"ldap://127.0.0.1:{free_port()}", **access}


def test_the_alarm_ends_with_the_next_success(app: Flask, time: clock.ManualClock) -> None:
    sync_job()
    time.advance(hours=3)
    assert remedy_of_silence() != ""
    sync_job()
    assert remedy_of_silence() == ""


def test_of_twenty_workers_one_syncs(postgresql_url: str, tmp_path: Path, time: clock.ManualClock) -> None:
    with slapd(tmp_path / "slapd") as started:
        StaffDirectory(started).add_unit(TOP, "02")
        StaffDirectory(started).add_person("an.nv", "Nguyễn Văn An", TOP)
        app = create_app(settings_for(postgresql_url, **ldap_settings(started)))
        [job] = directory_jobs(60)
        with app.app_context():
            jobs.ensure_leases([job])

        def work(_: int) -> bool:
            with app.app_context():
                return jobs.run_if_due(job)

        for expected in (["full"], ["full", "delta"]):
            with ThreadPoolExecutor(20) as pool:
                assert sum(pool.map(work, range(20))) == 1
            with app.app_context():
                assert kinds() == expected
            time.advance(seconds=60)
        close(app)


def test_a_worker_that_died_holds_up_the_sync_for_as_long_as_its_lease(app: Flask, time: clock.ManualClock) -> None:
    [job] = directory_jobs(60)
    jobs.ensure_leases([job])
    in_transaction(lambda connection: jobs.take_lease(connection, job, "somebody who died"))
    assert not jobs.run_if_due(job)
    time.advance(seconds=timedelta(seconds=job.lease_seconds or 0).seconds)
    assert jobs.run_if_due(job)
