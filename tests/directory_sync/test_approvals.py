"""Rules of the word for a plan: of many who give it at once one is heard, and another directory takes nobody over without it."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync.approvals import Officer, give_word
from directory_sync.models import PlanWord, RunState
from directory_sync.plans import find_approved, require_plan
from idp.app import create_app
from idp.database import forget_connections, in_transaction, new_id, reader, table_of
from idp.errors import Refusal
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.staff_directory import StaffDirectory, approve, everybody, ldap_settings, sync, unit

REASON = "đã đối chiếu với Phòng Nội vụ huyện"
MANY = 20


@pytest.fixture
def racing(postgresql_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    app = create_app(settings_for(postgresql_url, **ldap_settings(empty_directory.server)))
    with app.app_context():
        yield app
    close(app)


def _word(app: Flask, number: int, typed: str, together: Barrier, unit_id: uuid.UUID | None = None) -> str:
    with app.app_context():
        officer = Officer(f"cli:{new_id()}", unit_id=unit_id)
        together.wait()
        try:
            return str(in_transaction(lambda c: give_word(c, number, officer, typed=typed, reason=REASON)))
        except Refusal as refusal:
            return str(refusal.reason)
        finally:
            forget_connections()


def test_of_twenty_who_approve_at_once_one_is_heard(racing: Flask, empty_directory: StaffDirectory) -> None:
    for number in range(3):
        empty_directory.add_person(f"u{number}", f"Lê Văn Người {number}")
    number, together = sync(only_plan=True).number, Barrier(MANY)
    typed = str(require_plan(reader(), number).typed_number)
    with ThreadPoolExecutor(MANY) as threads:
        told = list(threads.map(lambda _: _word(racing, number, typed, together), range(MANY)))
    assert sorted(set(told)) == ["True", "plan_closed"]
    assert told.count("True") == 1
    assert find_approved(reader()) is not None
    assert reader().execute(select(func.count()).select_from(table_of(PlanWord))).scalar_one() == 1
    assert len(trail.events("sync_plan.approved")) == 1


def test_two_of_different_units_who_approve_at_once_are_both_heard(racing: Flask, empty_directory: StaffDirectory) -> None:
    people = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}") for number in range(30)]
    sync()
    for dn in people:
        empty_directory.change(dn, mail=None)
    number, together = sync().number, Barrier(2)
    plan = require_plan(reader(), number)
    assert plan.words_wanted == 2
    units = (unit("Sở Nội vụ").id, unit("Huyện Đồng Văn").id)
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda unit_id: _word(racing, number, str(plan.typed_number), together, unit_id), units))
    assert sorted(told) == ["False", "True"]


def test_another_directory_with_the_same_numbers_takes_nobody_over_unasked(app: Flask, empty_directory: StaffDirectory) -> None:
    """A source switched for another one: every key is new, every staff number known."""
    people = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}") for number in range(60)]
    sync()
    before = everybody()
    for number, dn in enumerate(people):
        empty_directory.remove(dn)
        empty_directory.add_person(f"moi{number:02d}", f"Lê Văn Người {number}", employeeNumber=f"HG-u{number:02d}")
    report = sync()
    assert (report.state, report.reason) == (RunState.STOPPED, "too_many_found_again people=60 of=60")
    assert everybody() == before
    done = approve(report.number)
    assert (done.state, done.found["suspended"], done.found["joined"]) == (RunState.APPLIED, 0, 0)
    assert {row.subject for row in everybody().values()} == {row.subject for row in before.values()}
