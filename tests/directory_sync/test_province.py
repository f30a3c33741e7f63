"""Rules of the demo's province: a sync takes all of it, and the people it introduces come out as they should."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from directory_sync.cli import sync as sync_commands
from directory_sync.demo import province
from directory_sync.demo.entries import REPLACE
from directory_sync.demo.ldap_server import DirectoryServer, open_province
from directory_sync.job import sync_job
from directory_sync.models import RunState, SyncRun
from directory_sync.source.delta import directory_delta
from directory_sync.source.way import DELETIONS_UNTOLD
from idp.app import create_app
from idp.database import reader, table_of
from idp.people.models import Person, Unit
from tests.support.installation import close, settings_for
from tests.support.services import free_port
from tests.support.staff_directory import person, sync


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DirectoryServer]:
    with open_province(tmp_path / "directory.jsonl", 300) as started:
        started.start()
        yield started
        started.shutdown()


def ldap_settings(url: str) -> dict[str, str]:
    account = {"ldap_bind_dn": province.SYNC_DN, "ldap_bind_password": province.SYNC_PASSWORD}
    return {"ldap_url": url, "ldap_base_dn": province.BASE_DN, **account}


@pytest.fixture
def app(server: DirectoryServer, database_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(database_url, **ldap_settings(server.url)))
    with application.app_context():
        yield application
    close(application)


def test_the_whole_province_comes_in_and_a_second_run_changes_nothing(app: Flask) -> None:
    report = sync()
    assert (report.state, report.found["joined"]) == (RunState.APPLIED, 300)
    assert set(report.found["flaws"]) >= {"no_mail", "no_staff_code", "no_title", "decomposed_text", "stray_blanks", "shared_staff_code"}
    p, u = table_of(Person), table_of(Unit)
    homes = select(u.c.level, func.count()).select_from(p.join(u, u.c.id == p.c.unit_id)).group_by(u.c.level)
    levels: dict[str, int] = {level: people for level, people in reader().execute(homes)}  # noqa: C416 - rows are no pairs to mypy
    assert set(levels) == {"province", "district", "commune"}
    assert sum(levels.values()) == 300
    assert reader().execute(select(func.count()).where(u.c.level == "commune")).scalar_one() > 100
    assert sync().state == RunState.UNCHANGED


@pytest.mark.parametrize("account", province.DEMO_ACCOUNTS, ids=lambda account: account.role)
def test_each_person_the_demo_introduces_is_active_and_has_a_unit(app: Flask, account: province.DemoAccount) -> None:
    sync()
    found = person(account.username)
    assert (found.name, found.title, found.state) == (account.name, account.title, "active")
    assert found.unit_id is not None


def test_a_province_of_another_size_is_taken_as_well(tmp_path: Path) -> None:
    for staff in (20, 2000):
        with open_province(tmp_path / f"{staff}.jsonl", staff) as server:
            assert sum(1 for entry in server.tree.below(server.tree.suffix_key) if entry.values("employeetype")) == staff


def test_the_worker_syncs_and_stays_silent_without_a_directory(app: Flask, database_url: str) -> None:
    sync_job()
    assert reader().execute(select(table_of(SyncRun).c.started_by)).scalars().all() == ["system:sync"]
    other = create_app(settings_for(database_url))
    with other.app_context():
        sync_job()
        assert len(reader().execute(select(table_of(SyncRun).c.id)).all()) == 1
    close(other)


def invoke(app: Flask, *arguments: str) -> tuple[int, str]:
    result = FlaskCliRunner(app).invoke(sync_commands, list(arguments))
    return result.exit_code, result.output


def test_the_command_shows_what_a_run_would_do_did_and_noticed(app: Flask) -> None:
    assert invoke(app, "preview")[0] == 0
    code, output = invoke(app, "run")
    assert (code, "Run 1: applied (people read 300" in output) == (0, True)
    assert invoke(app, "run", "--json")[0] == 0
    assert "unchanged" in invoke(app, "runs")[1]
    code, output = invoke(app, "show", "1", "--json")
    assert (code, output.count('"kind": "joined"'), '"shared_staff_code"' in output) == (0, 300, True)
    assert invoke(app, "show", "nonsense")[0] == 2


def test_a_run_that_failed_exits_with_one(database_url: str) -> None:
    app = create_app(settings_for(database_url, **ldap_settings(f"ldap://127.0.0.1:{free_port()}")))
    assert invoke(app, "run")[0] == 1
    assert invoke(app, "preview")[0] == 1
    close(app)


def test_the_demo_s_own_directory_tells_what_changed(app: Flask, server: DirectoryServer) -> None:
    sync()
    wishes: set[str] = set()
    dn = next(entry.dn for entry in server.tree.below(server.tree.suffix_key) if entry.text("uid") == "maivt")
    server.tree.modify(dn, [(REPLACE, "title", ["Phó Chánh Văn phòng".encode()])], province.ADMIN_DN)
    report = sync(source=directory_delta(wishes))
    assert (report.found["people_read"], report.found["changed"], wishes) == (1, 1, {DELETIONS_UNTOLD})
