"""Rules of the guard beyond suspensions: limits by kind and unit, entries that cannot be taken in, and races with administrators."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from directory_sync import ledger
from directory_sync.ledger import AlreadyRunning
from directory_sync.models import RunState
from directory_sync.source.ldap_full import whole_directory
from directory_sync.source.reading import Kind, Reading, Source, Unreadable
from directory_sync.unit_tree import UnitTree
from idp import access
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import forget_connections, in_transaction, reader, table_of
from idp.people.models import Person
from tests.support.installation import close, settings_for
from tests.support.staff_directory import COMMUNE, DEPARTMENT, LOCKED, StaffDirectory, approve, everybody, ldap_settings, person, sync

Install = Callable[..., Any]
MANY = 30


def _fill(directory: StaffDirectory, count: int, unit: str = DEPARTMENT, prefix: str = "u") -> list[str]:
    return [directory.add_person(f"{prefix}{number:03d}", f"Lê Văn Người {number}", unit) for number in range(count)]


@pytest.mark.parametrize(
    ("limit", "code"),
    [("join", "too_many_joins people=4 of=30"), ("move", "too_many_moves people=4 of=30"), ("return", "too_many_returns people=4 of=30")],
)
def test_each_kind_of_change_has_a_limit_of_its_own(install: Install, empty_directory: StaffDirectory, limit: str, code: str) -> None:
    install(**{f"sync_{limit}_limit_people": 3, f"sync_{limit}_limit_percent": 10})
    people = _fill(empty_directory, MANY)
    for dn in people[:4] if limit == "return" else ():
        empty_directory.change(dn, pwdAccountLockedTime=LOCKED)
    sync()
    for number, dn in enumerate(people[:4]):
        if limit == "join":
            empty_directory.add_person(f"moi{number}", "Trần Thị Mới")
        elif limit == "move":
            empty_directory.move(dn, COMMUNE)
        else:
            empty_directory.change(dn, pwdAccountLockedTime=None)
    before = everybody()
    report = sync()
    assert (report.state, report.reason) == (RunState.STOPPED, code)
    assert everybody() == before
    assert approve(report.number).state == RunState.APPLIED


def test_a_unit_that_loses_most_of_its_people_stops_the_run_although_they_are_few_of_all(
    install: Install, empty_directory: StaffDirectory
) -> None:
    install(sync_unit_suspend_limit_people=3, sync_suspend_limit_percent=50)
    _fill(empty_directory, MANY)
    few = _fill(empty_directory, 6, COMMUNE, "x")
    sync()
    for dn in few[:4]:
        empty_directory.remove(dn)
    assert sync().reason == "too_many_in_a_unit people=4 units=1"


def test_half_of_a_directory_missing_suspends_nobody(app: Flask, empty_directory: StaffDirectory) -> None:
    """SYN-001."""
    people = _fill(empty_directory, 60)
    sync()
    for dn in people[:30]:
        empty_directory.remove(dn)
    before = everybody()
    assert sync().reason == "too_many_suspensions people=30 active=60"
    assert everybody() == before


def test_a_read_that_fails_while_units_are_read_keeps_the_units_and_the_next_one_is_right_at_once(
    install: Install, directory: StaffDirectory
) -> None:
    """SYN-003."""
    install()
    sync()
    before = everybody()
    install(ldap_url=f"{directory.server.url}", ldap_bind_password="wrong")
    assert sync().state == RunState.FAILED
    assert everybody() == before
    install()
    directory.move(f"uid=an.nv,{DEPARTMENT}", COMMUNE)
    assert (sync().found["moved"], sync().state) == (1, RunState.UNCHANGED)


def _delta(gone: set[str]) -> Source:
    return Source("ldap", lambda *_: Reading(UnitTree((), {}, {}, b""), set(), {}, gone=gone, is_whole=False, has_units=False), Kind.DELTA)


def test_what_deltas_take_out_within_an_hour_counts_together(app: Flask, time: Any, empty_directory: StaffDirectory) -> None:
    _fill(empty_directory, 60)
    sync()
    keys = sorted(everybody())
    assert [sync(source=_delta({key})).state for key in keys[:2]] == [RunState.APPLIED] * 2
    assert sync(source=_delta(set(keys[2:20]))).state == RunState.APPLIED
    assert sync(source=_delta({keys[20]})).reason == "too_many_suspensions people=1 active=40 recent=20"
    time.advance(minutes=61)
    assert sync(source=_delta({keys[20]})).state == RunState.APPLIED


@pytest.fixture
def whole() -> Source:
    """The test's directory, read whole."""
    return whole_directory()


def _with(unreadable: list[Unreadable], directory: Source) -> Source:
    def read(*given: Any) -> Reading:
        bad = {one.entry for one in unreadable}
        seen = {key for key, row in everybody().items() if row.directory_dn not in bad}
        return replace(directory.read(*given), seen=seen, unreadable=list(unreadable))

    return Source(directory.name, read, directory.kind)


def test_one_bad_entry_is_listed_sinks_no_run_and_takes_nobody_out(app: Flask, whole: Source, directory: StaffDirectory) -> None:
    sync()
    directory.change(f"uid=mai.vt,{DEPARTMENT}", title="Trưởng phòng")
    bad = [Unreadable(person("an.nv").directory_dn, "no_entry_uuid"), Unreadable("uid=la,ou=x", "unusable_key")]
    report = sync(source=_with(bad, whole))
    assert (report.state, report.found["suspended"], report.found["changed"]) == (RunState.APPLIED, 0, 1)
    assert report.found["flaws"] == {"no_entry_uuid": 1, "unusable_key": 1}
    assert [flaw["entry"] for flaw in ledger.require_run(reader(), report.number).flaws] == [one.entry for one in bad]


def test_a_read_of_many_bad_entries_comes_to_nothing(app: Flask, whole: Source, directory: StaffDirectory) -> None:
    sync()
    report = sync(source=_with([Unreadable(f"uid={number},ou=x", "no_entry_uuid") for number in range(21)], whole))
    assert (report.state, report.reason) == (RunState.FAILED, "no_entry_uuid entries=21")


@pytest.fixture
def racing(postgresql_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    app = create_app(settings_for(postgresql_url, **ldap_settings(empty_directory.server), sync_return_limit_people=1000))
    with app.app_context():
        yield app
    close(app)


def _disable_all(app: Flask, person_ids: list[Any], start: threading.Barrier) -> None:
    with app.app_context():
        start.wait()
        for person_id in person_ids:
            in_transaction(lambda c, who=person_id: access.withdraw(c, who, reason="by_administrator", actor="cli:admin"))  # type: ignore[misc]
        forget_connections()


def test_an_administrator_s_word_outlasts_a_sync_of_the_same_people_and_nothing_is_lost_or_told_twice(
    racing: Flask, empty_directory: StaffDirectory
) -> None:
    """SYN-007: half of two hundred come back from a lock while they are disabled, all of them get another title."""
    people = _fill(empty_directory, 200)
    sync()
    p, e = table_of(Person), table_of(AuditEvent)
    in_transaction(
        lambda c: c.execute(update(p).where(p.c.username < "u100").values(state="suspended", state_reason="locked_in_directory"))
    )
    for dn in people:
        empty_directory.change(dn, title="Trưởng phòng")
    ids, together = [row.id for row in everybody().values()], threading.Barrier(5)

    def run() -> str:
        with racing.app_context():
            together.wait()
            try:
                return str(sync().state)
            except AlreadyRunning:
                return "second"
            finally:
                forget_connections()

    with ThreadPoolExecutor(5) as threads:
        disabling = [threads.submit(_disable_all, racing, ids[part::3], together) for part in range(3)]
        syncing = [threads.submit(run) for _ in range(2)]
        assert [one.result() for one in disabling] == [None] * 3
        assert "applied" in [one.result() for one in syncing]
    assert {(row.state, row.state_reason, row.title) for row in everybody().values()} == {("suspended", "by_administrator", "Trưởng phòng")}
    for event in ("person.suspended", "person.changed"):
        of_admin = (e.c.actor == "cli:admin") if event == "person.suspended" else (e.c.actor == "cli:test")
        counts = select(func.count()).where(e.c.event == event, of_admin).group_by(e.c.person_id)
        assert list(reader().execute(counts).scalars()) == [1] * 200, event
