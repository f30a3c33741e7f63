"""Rules of parameters and of how a unit stands: one proposes and another approves, from a day to come; states are told in integers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment import parameters
from idp.enrollment.cli import enrollment
from idp.enrollment.figures_of_day import day_of, newest_day, trend
from idp.enrollment.forecast import UnitState, unit_state
from idp.errors import NotFound, Refusal
from idp.roles.models import Role
from tests.support.enrolled_people import add_person_on
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from tests.support.tracked_province import freeze

PAGE = "/console/enrollment/parameters"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _propose(days_ahead: int, actor: str = "cli:a", **changed: Any) -> int:
    wanted = replace(parameters.in_force(reader()), **changed)
    day = clock.now().date() + timedelta(days=days_ahead)
    return in_transaction(lambda connection: parameters.propose(connection, wanted, day, reason="Nghị quyết mới", actor=actor))


def _approve(version: int, actor: str) -> None:
    in_transaction(lambda connection: parameters.approve(connection, version, actor=actor))


def test_parameters_hold_from_their_day_on_when_another_person_approved_them(app: Flask, time: ManualClock) -> None:
    add_person_on("B5", last_two_factor_at=clock.now() - timedelta(days=20))
    freeze()
    version = _propose(2, recent_days=10)
    with pytest.raises(Refusal) as own:
        _approve(version, "cli:a")
    assert own.value.reason == "same_person"
    _approve(version, "cli:b")
    with pytest.raises(Refusal):
        _approve(version, "cli:c")
    assert parameters.in_force(reader()).recent_days == 30
    for _day in range(2):
        time.advance(days=1)
        freeze()
    newest = newest_day(reader())
    assert newest
    days = [day_of(reader(), newest - timedelta(days=back)) for back in (2, 1, 0)]
    assert [one.parameters["recent_days"] for one in days] == [30, 30, 10]
    assert [one.whole.figures.authenticated for one in days] == [1, 1, 0]
    assert trend(reader(), days[0].day, newest)[-1].breaks == ("parameters",)


@on_one_database
@pytest.mark.parametrize(
    ("days_ahead", "changed", "reason"),
    [
        (0, {}, "day_is_past"),
        (1, {"recent_days": 0}, "days_out_of_range"),
        (1, {"entry_days": 4000}, "days_out_of_range"),
        (1, {"milestones": ({"by": "2027-12-31", "percent": 101},)}, "percent_out_of_range"),
    ],
)
def test_what_cannot_be_meant_is_not_proposed(app: Flask, time: ManualClock, days_ahead: int, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        _propose(days_ahead, **changed)
    assert refused.value.reason == reason


def test_a_proposal_is_withdrawn_until_its_day_and_not_approved_after_it(app: Flask, time: ManualClock) -> None:
    withdrawn, late = _propose(1), _propose(1, recent_days=20)
    in_transaction(lambda connection: parameters.withdraw(connection, withdrawn, actor="cli:a"))
    with pytest.raises(Refusal):
        _approve(withdrawn, "cli:b")
    time.advance(days=1)
    with pytest.raises(Refusal) as past:
        _approve(late, "cli:b")
    assert past.value.reason == "day_is_past"
    with pytest.raises(NotFound):
        _approve(99, "cli:b")
    assert parameters.in_force(reader()).version == 0


@on_one_database
def test_two_administrators_change_a_target_on_the_page(app: Flask, time: ManualClock) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    form = {
        "recent_days": "30",
        "entry_days": "90",
        "effective_from": "2027-01-01",
        "by1": "2027-12-31",
        "percent1": "70",
        "level1": "commune",
    }
    assert "Cần ghi lý do" in words_of(send_form(first, PAGE, form))
    assert send_form(first, PAGE, {**form, "reason": "Kế hoạch năm 2027"}).status_code == 303
    own = first.post(f"{PAGE}/1/approve", data={"csrf_token": csrf_token(first, PAGE)})
    assert "cần một người khác" in words_of(own)
    assert second.post(f"{PAGE}/1/approve", data={"csrf_token": csrf_token(second, PAGE)}).status_code == 303
    told = parameters.in_force_on(reader(), clock.now().date().replace(year=2027, month=1, day=1))
    assert told.milestones == ({"by": "2027-12-31", "percent": 70, "level": "commune"},)
    assert browser_of(app, Role.LEADER).get(PAGE).status_code == 200
    refused = browser_of(app, Role.LEADER).post(PAGE, data=form)
    assert refused.status_code in (400, 403)


@on_one_database
def test_parameters_by_command(app: Flask, time: ManualClock) -> None:
    run = app.test_cli_runner()
    args = [
        "parameters",
        "propose",
        "--from",
        "2027-01-01",
        "--target",
        "2027-12-31:70",
        "--target",
        "2027-12-31:60:commune",
        "--reason",
        "x",
    ]
    assert '"version": 1' in run.invoke(enrollment, [*args, "--json"]).output
    assert isinstance(run.invoke(enrollment, ["parameters", "approve", "1"]).exception, Refusal)  # nobody approves their own
    assert run.invoke(enrollment, ["parameters", "withdraw", "1"]).exit_code == 0
    assert run.invoke(enrollment, ["parameters", "propose", "--from", "2027-01-01", "--target", "x", "--reason", "x"]).exit_code == 2


@pytest.mark.parametrize(
    ("part", "whole", "days_left", "before", "state"),
    [
        (0, 0, 30, None, UnitState.NOBODY),
        (50, 100, 30, None, UnitState.REACHED),
        (49, 99, 30, (49, 28), UnitState.SLOW),  # 100·49 < 50·99: no rounding
        (0, 100, 30, (0, 28), UnitState.NOT_STARTED),
        (0, 100, 30, (9, 28), UnitState.NOT_STARTED),
        (40, 100, 28, (30, 28), UnitState.ON_TRACK),  # ten in four weeks, ten missing, four weeks left
        (40, 100, 27, (30, 28), UnitState.SLOW),
        (40, 100, -1, (30, 28), UnitState.SLOW),
        (40, 100, 300, (45, 28), UnitState.SLOW),
        (40, 100, 300, None, UnitState.SLOW),
    ],
)
def test_a_unit_has_reached_is_on_track_is_slow_or_has_not_started(
    part: int, whole: int, days_left: int, before: tuple[int, int] | None, state: UnitState
) -> None:
    assert unit_state(part, whole, 50, days_left, before) is state
