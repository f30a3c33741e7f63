"""Rules of the alarm: a recount that disagrees with what was followed is loud in the log, the commands, the doctor, and on the pages."""

import uuid

import pytest
from flask import Flask
from sqlalchemy import update
from structlog.testing import capture_logs

from idp import audit
from idp.clock import ManualClock
from idp.database import db, in_transaction, reader, table_of
from idp.enrollment.alarm import gauges, remedy
from idp.enrollment.cli import enrollment
from idp.enrollment.following import look_job
from idp.people.models import Person
from idp.roles.models import Role
from tests.support.enrolled_people import add_person_on
from tests.support.signed_in import browser_of, words_of
from tests.support.tracked_province import build_province, freeze

_p = table_of(Person)


@pytest.fixture
def person_id(app: Flask, time: ManualClock) -> uuid.UUID:
    """Somebody of a province whose days are frozen."""
    province = build_province()
    found = add_person_on("B5", unit_id=province.department)
    in_transaction(audit.link_events)
    look_job()
    freeze()
    return found


def _change_behind_its_back(person_id: uuid.UUID) -> None:
    in_transaction(lambda connection: connection.execute(update(_p).where(_p.c.id == person_id), {"first_signed_in_at": None}))


def test_while_recounts_agree_nobody_is_alarmed(app: Flask, person_id: uuid.UUID) -> None:
    assert remedy() == ""
    assert "Lần đếm lại" not in words_of(browser_of(app, Role.LEADER).get("/console/enrollment"))
    assert app.test_cli_runner().invoke(enrollment, ["differences"]).output.strip() == "Every recount agreed."


def test_a_nightly_recount_that_disagrees_is_loud_everywhere(app: Flask, person_id: uuid.UUID, time: ManualClock) -> None:
    _change_behind_its_back(person_id)
    time.advance(days=1)
    with capture_logs() as logs:
        freeze()
    (line,) = [one for one in logs if one["log_level"] == "error"]
    assert (line["people"], line["day"]) == (1, "2026-11-25")
    assert "1 people elsewhere" in remedy()
    assert "hopnhat enrollment differences" in remedy()
    assert {name: value for name, _words, value in gauges(reader())}["tracker_differences"] == 1.0
    for path in ("/console", "/console/enrollment"):
        assert "Lần đếm lại" in words_of(browser_of(app, Role.LEADER).get(path)), path
    told = app.test_cli_runner().invoke(enrollment, ["differences"])
    assert told.exit_code == 1
    assert str(person_id) in told.output
    assert "B5" in told.output
    assert "B1" in told.output


def test_who_differs_night_after_night_is_one_person(app: Flask, person_id: uuid.UUID, time: ManualClock) -> None:
    for signed_in_at in (None, time()):
        with db.engine.begin() as connection:
            connection.execute(update(_p).where(_p.c.id == person_id).values(first_signed_in_at=signed_in_at))
        time.advance(days=1)
        freeze()
    assert "1 people elsewhere than the intervals said, last on 2026-11-26" in remedy()
    assert {name: value for name, _words, value in gauges(reader())}["tracker_differences"] == 1.0


def test_after_a_week_without_another_the_alarm_ends_and_the_record_stays(app: Flask, person_id: uuid.UUID, time: ManualClock) -> None:
    _change_behind_its_back(person_id)
    time.advance(days=1)
    freeze()
    time.advance(days=8)
    freeze()
    look_job()
    assert remedy() == ""
    told = app.test_cli_runner().invoke(enrollment, ["differences", "--json"])
    assert told.exit_code == 0
    assert str(person_id) in told.output


def test_a_tracker_that_nobody_runs_is_noticed(app: Flask, person_id: uuid.UUID, time: ManualClock) -> None:
    time.advance(minutes=16)
    assert "last looked 16 minutes ago" in remedy()
    time.advance(days=2)
    assert "No figures were frozen since 2026-11-24" in remedy()
