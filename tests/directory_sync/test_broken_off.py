"""Rules of runs that are killed: the next one goes on at once, and the end is what an unbroken run would have brought."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync import ledger, plans
from directory_sync.approvals import Officer, give_word
from directory_sync.asked import carry_out_approved
from directory_sync.models import RunState, SyncChange
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person, Unit
from tests.support.installation import SEALING_KEY, Databases, close, settings_for
from tests.support.staff_directory import COMMUNE, DEPARTMENT, LOCKED, StaffDirectory, everybody, ldap_settings, sync

PEOPLE = 40
KILLED = """
import os, signal, sys
from directory_sync import carrying_out, plans
from idp.database import reader
from directory_sync.run import run_sync
from idp.app import create_app
carrying_out.BATCH_PEOPLE = carrying_out.BATCH_WITHDRAWALS = 3
steps = 0
def progress(step, done):
    global steps
    steps += step != "read"
    if steps == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
with create_app().app_context():
    plan = plans.find_approved(reader()) if len(sys.argv) > 2 else None
    run_sync(started_by="cli:test", progress=progress, plan=plan)
"""


@pytest.fixture
def twin(empty_directory: StaffDirectory, sqlite_databases: Databases) -> Iterator[Flask]:
    """Another installation of the same directory, whose runs nobody breaks off."""
    with sqlite_databases.lent() as url:
        app = create_app(settings_for(url, **ldap_settings(empty_directory.server)))
        yield app
        close(app)


@pytest.fixture
def changed(app: Flask, twin: Flask, empty_directory: StaffDirectory) -> StaffDirectory:
    """A directory of forty people, synced by both, in which ten then moved, five were changed, four locked, four removed, eight added."""
    found = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}", DEPARTMENT) for number in range(PEOPLE)]
    sync()
    with twin.app_context():
        sync()
    for dn in found[:10]:
        empty_directory.move(dn, COMMUNE)
    for dn in found[10:15]:
        empty_directory.change(dn, title="Trưởng phòng")
    for dn in found[15:19]:
        empty_directory.change(dn, pwdAccountLockedTime=LOCKED)
    for dn in found[19:23]:
        empty_directory.remove(dn)
    for number in range(8):
        empty_directory.add_person(f"m{number}", f"Trần Thị Mới {number}", COMMUNE)
    return empty_directory


STEPS = 3 + 7 + 3  # batches of three: eight withdrawals, nineteen updates (the locked ones too), eight joins


def _start(database_url: str, directory: StaffDirectory, after: int, *also: str) -> subprocess.Popen[str]:
    given = {
        "database_url": database_url,
        "issuer": "http://127.0.0.1:8000",
        "sealing_keys": SEALING_KEY,
        **ldap_settings(directory.server),
    }
    environment = {f"HOPNHAT_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-c", KILLED, str(after), *also]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)


def _run_and_kill(database_url: str, directory: StaffDirectory, after: int, *also: str) -> None:
    """A run of its own process that dies after so many batches."""
    process = _start(database_url, directory, after, *also)
    _, told = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, told


def _state(table: type[Any], *names: str) -> list[tuple[Any, ...]]:
    t = table_of(table)
    return sorted(tuple(row) for row in reader().execute(select(*(t.c[name] for name in names))))


def _end_state() -> dict[str, Any]:
    """Everything about people and units that a run decides, and how often each thing was told."""
    e, c = table_of(AuditEvent), table_of(SyncChange)
    p = table_of(Person)
    about = e.outerjoin(p, p.c.id == e.c.person_id)
    events = (
        select(e.c.event, p.c.source_key, func.count())
        .select_from(about)
        .where(e.c.event.like("person.%"))
        .group_by(e.c.event, p.c.source_key)
    )
    lines = select(c.c.kind, c.c.name, func.count()).group_by(c.c.kind, c.c.name)
    facts = (
        "source_key", "directory_dn", "username", "mail", "staff_code", "name", "title", "state", "state_reason", "directory_locked",
        "directory_digest",
    )  # fmt: skip
    return {
        "people": {row.source_key: tuple(getattr(row, name) for name in facts) for row in everybody().values()},
        "units": _state(Unit, "source_key", "name", "level"),
        "events": sorted(map(tuple, reader().execute(events))),
        "lines": sorted(map(tuple, reader().execute(lines))),
    }


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_a_run_killed_twice_in_a_row_ends_as_an_unbroken_one(
    app: Flask, twin: Flask, changed: StaffDirectory, database_url: str, percent: int
) -> None:
    for after in (max(1, STEPS * percent // 100), 1):
        _run_and_kill(database_url, changed, after)
    assert sync().state == RunState.APPLIED
    told = ledger.list_runs(reader())[:3]
    assert [(run.state, run.reason) for run in told] == [("applied", None), ("failed", "interrupted"), ("failed", "interrupted")]
    assert (sum(run.joined for run in told), sum(run.suspended for run in told), sum(run.moved for run in told)) == (8, 8, 10)
    assert sync().state == RunState.UNCHANGED
    with twin.app_context():
        sync()
        unbroken = _end_state()
    assert _end_state() == unbroken


def test_an_approved_plan_that_breaks_off_is_carried_on_and_nothing_else_with_it(
    app: Flask, changed: StaffDirectory, database_url: str
) -> None:
    plan = sync(only_plan=True)
    changed.add_person("sau", "Trần Thị Sau", COMMUNE)
    word: dict[str, Any] = {"typed": str(plans.require_plan(reader(), plan.number).typed_number), "reason": "đã kiểm tra với Phòng Nội vụ"}
    assert in_transaction(lambda c: give_word(c, plan.number, Officer("cli:an"), **word))
    for after in (4, 2):
        _run_and_kill(database_url, changed, after, "approved")
    done = carry_out_approved("system:sync")
    assert done is not None
    assert (done.state, plans.require_plan(reader(), plan.number).state) == (RunState.APPLIED, "applied")
    told = ledger.list_runs(reader())[:3]
    assert (sum(run.joined for run in told), sum(run.suspended for run in told), sum(run.moved for run in told)) == (8, 8, 10)
    assert sync().found["joined"] == 1


def test_two_runs_at_once_are_one_run_and_one_refusal(app: Flask, changed: StaffDirectory, database_url: str) -> None:
    first, second = (_start(database_url, changed, 1000) for _ in range(2))
    codes = sorted([first.wait(60), second.wait(60)])
    assert codes[0] == 0
    assert [run.state for run in ledger.list_runs(reader())].count("applied") == 2
    assert sync().state == RunState.UNCHANGED
