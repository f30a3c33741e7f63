"""Rules of the desk where only what changed is read, and of twenty who decide at once."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from directory_sync import desk
from directory_sync.desk import Officer, Word
from directory_sync.desk_models import CaseState, Choice, DeskCase
from directory_sync.job import sync_job
from directory_sync.run import run_sync
from directory_sync.source.delta import directory_delta
from idp import clock
from idp.app import create_app
from idp.database import forget_connections, in_transaction, reader, table_of
from idp.errors import Refusal
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.staff_directory import COMMUNE, DEPARTMENT, StaffDirectory, everybody, person, sync

_d = table_of(DeskCase)


def test_who_is_made_again_is_found_again_in_a_delta_too(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = person("an.nv")
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    directory.add_person("an.nv", "Nguyễn Văn An", COMMUNE)
    run_sync(started_by="cli:test", source=directory_delta(set()))
    assert (person("an.nv").id, person("an.nv").state) == (before.id, "active")
    assert trail.events("person.suspended") == []


def test_what_the_desk_decided_is_carried_out_by_the_worker_without_a_whole_run(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("a", "Lò Thị A", employeeNumber=None)
    sync()
    directory.remove(f"uid=a,{DEPARTMENT}")
    directory.add_person("a", "Lò Thị A", COMMUNE, employeeNumber=None)
    run_sync(started_by="cli:test", source=directory_delta(set()))
    (case,) = reader().execute(select(_d).where(_d.c.state == CaseState.OPEN)).all()
    word = Word(Choice.NEW, "người khác")
    in_transaction(lambda connection: desk.decide(connection, case.id, word, Officer("cli:test")))
    sync_job()
    assert sorted(row.state for row in everybody().values() if row.username == "a") == ["active", "suspended"]


@pytest.fixture
def postgresql_app(postgresql_url: str) -> Iterator[Flask]:
    """An installation on PostgreSQL, for races."""
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        yield application
    close(application)


def test_of_twenty_who_decide_at_once_one_is_heard(postgresql_app: Flask) -> None:
    app, heard, told = postgresql_app, [], []
    facts = {"source": "ldap", "state": "suspended", "state_reason": "gone_from_directory"}
    people = [add_person(f"cu{number}", "Người Cũ", **facts) for number in range(2)]
    case_id = uuid.uuid4()
    candidates: list[dict[str, Any]] = [{"person_id": str(one), "hints": [], "unit_id": None} for one in people]
    row = {
        "id": case_id,
        "kind": "no_number",
        "source": "ldap",
        "fingerprint": "entry:ldap:x",
        "entry_key": "x",
        "name": "Mới",
        "candidates": candidates,
    }
    in_transaction(lambda c: c.execute(_d.insert(), {**row, "facts": {}, "state": "open", "opened_at": clock.now()}))
    start = threading.Barrier(20)

    def decide(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                word = Word(Choice.SAME, "đúng người này", people[number % 2])
                in_transaction(lambda c: desk.decide(c, case_id, word, Officer(f"cli:{number}")))
                heard.append(people[number % 2])
            except Refusal as refusal:
                told.append(refusal.reason)
            finally:
                forget_connections()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(heard), set(told)) == (1, {"decided_already"})
    assert [key for key, one in everybody().items() if one.state == "active"] == ["x"]
    assert everybody()["x"].id == heard[0]
    assert len(trail.events("desk_case.decided")) == 1


def test_a_delta_opens_and_settles_cases_of_what_is_shared(app: Flask, directory: StaffDirectory) -> None:
    sync()
    for mail in ("mai.vt@hagiang.gov.vn", "an@hagiang.gov.vn"):
        directory.change(f"uid=an.nv,{DEPARTMENT}", mail=mail)
        run_sync(started_by="cli:test", source=directory_delta(set()))
        states = reader().execute(select(_d.c.value, _d.c.state).where(_d.c.kind == "shared_mail")).all()
        assert states == [("mai.vt@hagiang.gov.vn", "open" if mail.startswith("mai") else "settled")]
