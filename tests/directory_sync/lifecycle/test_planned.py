"""Rules of changes that wait for their day, of absences and of idle accounts."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from directory_sync.lifecycle import idle, planned
from directory_sync.lifecycle.job import lifecycle_job
from directory_sync.lifecycle.planned import Plan
from idp import access, clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.people.career_models import PlannedKind
from idp.people.models import Person
from tests.support import trail
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from wsgi import build

_p = table_of(Person)
TODAY = date(2026, 11, 24)  # where the clock of the tests stands


@pytest.fixture(autouse=True)
def standing_clock(time: ManualClock) -> ManualClock:
    """Every test here tells the time itself."""
    return time


def plan(person_id: uuid.UUID, kind: PlannedKind, day: date, **given: Any) -> uuid.UUID:
    return in_transaction(lambda c: planned.plan(c, person_id, Plan(kind, day, "12/QĐ-SNV", **given), actor="cli:test"))


def standing(person_id: uuid.UUID) -> tuple[str, str | None]:
    row = reader().execute(select(_p.c.state, _p.c.state_reason).where(_p.c.id == person_id)).one()
    return row.state, row.state_reason


def test_who_leaves_is_in_until_the_end_of_the_last_day_in_the_province(app: Flask, time: ManualClock) -> None:
    person_id = add_person()
    plan(person_id, PlannedKind.LEAVING, TODAY)
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    time.advance(hours=15, minutes=59)  # 23:59 in Hà Giang
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    time.advance(minutes=1)
    lifecycle_job()
    assert standing(person_id) == ("suspended", "service_ended")


def test_a_change_is_carried_out_on_its_day_and_once(app: Flask, time: ManualClock) -> None:
    person_id = add_person()
    plan(person_id, PlannedKind.SUSPENSION, TODAY + timedelta(days=2))
    time.advance(days=1)
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    time.advance(days=1)
    lifecycle_job()
    assert standing(person_id) == ("suspended", "planned")
    in_transaction(lambda c: access.restore(c, person_id, reason="nhầm", actor="cli:test"))
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    assert len(trail.events("person.suspended")) == 1


def test_a_change_called_off_never_happens_and_one_that_happened_cannot_be_called_off(app: Flask, time: ManualClock) -> None:
    person_id = add_person()
    change = plan(person_id, PlannedKind.SUSPENSION, TODAY + timedelta(days=1))
    in_transaction(lambda c: planned.call_off(c, person_id, change, actor="cli:test"))
    done = plan(person_id, PlannedKind.RETURN, TODAY)
    time.advance(days=1)
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    for which in (change, done):
        with pytest.raises(NotFound):
            in_transaction(partial(planned.call_off, person_id=person_id, change_id=which, actor="cli:test"))


def test_a_long_absence_rests_access_and_gives_it_back_unless_something_else_keeps_them_out(app: Flask, time: ManualClock) -> None:
    back, kept, locked = add_person("a"), add_person("b"), add_person("c")
    for person_id, keeps in ((back, False), (kept, True), (locked, False)):
        plan(person_id, PlannedKind.ABSENCE, TODAY, to_day=TODAY + timedelta(days=9), keeps_access=keeps)
    lifecycle_job()
    assert [standing(one) for one in (back, kept, locked)] == [
        ("suspended", "long_absence"),
        ("active", None),
        ("suspended", "long_absence"),
    ]
    in_transaction(lambda c: c.execute(update(_p).where(_p.c.id == locked).values(state_reason="kỷ luật")))
    time.advance(days=9)
    lifecycle_job()
    assert standing(back)[0] == "suspended"
    time.advance(days=1)
    lifecycle_job()
    assert [standing(one) for one in (back, locked)] == [("active", "absence_over"), ("suspended", "kỷ luật")]


@pytest.mark.parametrize(
    ("kind", "day", "given"),
    [
        (PlannedKind.ABSENCE, TODAY, {}),
        (PlannedKind.ABSENCE, TODAY, {"to_day": TODAY - timedelta(days=1)}),
        (PlannedKind.LEAVING, date(2126, 1, 1), {}),
    ],
)
def test_days_that_make_no_sense_are_refused(app: Flask, kind: PlannedKind, day: date, given: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        plan(add_person(), kind, day, **given)


def seen(username: str, days_ago: int, **given: Any) -> uuid.UUID:
    """Somebody who signed in last so many days ago."""
    then = clock.now() - timedelta(days=days_ago)
    return add_person(username, last_signed_in_at=then, first_signed_in_at=then, **given)


def test_idle_accounts_are_warned_first_and_suspended_after_the_grace(app: Flask, time: ManualClock) -> None:
    long_away, lately, never = seen("a", 46), seen("b", 44), add_person("c")
    lifecycle_job()
    assert [row.person_id for row in idle.warned(reader(), None)] == [long_away]
    time.advance(days=6)
    lifecycle_job()
    assert standing(long_away)[0] == "active"
    time.advance(days=1)
    lifecycle_job()
    assert standing(long_away) == ("suspended", "idle")
    assert (standing(lately)[0], standing(never)[0]) == ("active", "active")
    in_transaction(lambda c: access.restore(c, long_away, reason="đã liên hệ", actor="cli:test"))
    lifecycle_job()
    assert long_away not in [row.person_id for row in idle.warned(reader(), None)]


def test_whoever_signs_in_after_a_warning_is_not_suspended(app: Flask, time: ManualClock) -> None:
    person_id = seen("a", 50)
    lifecycle_job()
    in_transaction(lambda c: c.execute(update(_p).where(_p.c.id == person_id).values(last_signed_in_at=clock.now())))
    time.advance(days=8)
    lifecycle_job()
    assert standing(person_id)[0] == "active"
    assert idle.warned(reader(), None) == []


def test_who_is_away_by_decision_is_not_idle(app: Flask, time: ManualClock) -> None:
    person_id = seen("a", 50)
    plan(person_id, PlannedKind.ABSENCE, TODAY, to_day=TODAY + timedelta(days=100), keeps_access=True)
    lifecycle_job()
    assert idle.warned(reader(), None) == []


def test_a_clock_gone_wrong_suspends_nobody(app: Flask, time: ManualClock) -> None:
    people = [seen(f"p{number}", 1) for number in range(30)]
    time.advance(days=400)
    lifecycle_job()
    time.advance(days=400)
    lifecycle_job()
    assert {standing(one)[0] for one in people} == {"active"}
    assert len(trail.events("idle.stopped")) == 1


@pytest.fixture
def unhurried(database_url: str) -> Iterator[Flask]:
    """An installation that suspends no idle account."""
    application = build(settings_for(database_url, idle_days=0))
    with application.app_context():
        yield application
    close(application)


def test_idle_accounts_are_left_alone_where_the_settings_say_so(unhurried: Flask) -> None:
    seen("a", 500)
    lifecycle_job()
    assert idle.warned(reader(), None) == []
