"""Rules of the status: every breakdown adds up, and for scripts the keys are stable."""

import json
from datetime import date

import pytest
from flask import Flask

from idp.clock import ManualClock
from idp.database import reader
from idp.enrollment.cli import enrollment
from idp.enrollment.figures import add, percent_text
from idp.enrollment.status import count_now, narrowed, status_now, unit_lines
from idp.people.models import Level
from tests.support.enrolled_people import add_person_on
from tests.support.people import add_unit

KEYS = {
    "at", "day", "frozen", "hash", "people", "authenticated", "missing", "percent", "rungs", "contract_staff_left_out", "proofing_recorded",
    "systems", "entitled", "accounts", "seamless", "seamless_entitled", "absent", "exempt", "milestones", "levels", "categories", "units", "reconciles", "parameters",
}  # fmt: skip


def _province() -> dict[str, object]:
    top = add_unit("Tỉnh Hà Giang", level=Level.PROVINCE.value)
    district = add_unit("Huyện Đồng Văn", level=Level.DISTRICT.value, parent_id=top)
    commune = add_unit("UBND xã Lũng Cú", parent_id=district)
    department = add_unit("Sở Nội vụ", level=Level.PROVINCE.value, parent_id=top)
    for unit_id, rungs in {top: ["B1"], district: ["B5"], commune: ["B0", "B2", "B5"], department: ["B4", "B5"], None: ["B1"]}.items():
        for rung in rungs:
            add_person_on(rung, unit_id=unit_id)
    return {"top": top, "district": district, "commune": commune, "department": department}


def test_every_breakdown_adds_up_to_the_whole(app: Flask, time: ManualClock) -> None:
    _province()
    status = count_now(reader())
    assert (status.whole.people, status.whole.authenticated) == (8, 3)
    for breakdown in (status.by_level, status.by_category, status.by_unit):
        assert add(breakdown.values()) == status.whole
    assert add(line.tally for line in unit_lines(status, None)) == status.whole


def test_the_lines_below_a_unit_add_up_to_the_unit_and_most_people_missing_come_first(app: Flask, time: ManualClock) -> None:
    units = _province()
    status = count_now(reader())
    lines = unit_lines(status, units["top"])  # type: ignore[arg-type]
    assert [(line.name, line.tally.missing, line.has_more) for line in lines] == [
        ("Huyện Đồng Văn", 2, True),
        ("Sở Nội vụ", 1, False),
        ("Trực thuộc", 1, False),
    ]
    assert add(line.tally for line in lines) == narrowed(status, [units["top"]]).whole  # type: ignore[list-item]


def test_a_part_of_the_tree_shows_nothing_of_the_rest(app: Flask, time: ManualClock) -> None:
    units = _province()
    part = narrowed(count_now(reader()), [units["district"]])  # type: ignore[list-item]
    assert part.whole.people == 4
    assert [line.name for line in unit_lines(part, None, [units["district"]])] == ["UBND xã Lũng Cú", "Trực thuộc"]  # type: ignore[list-item]


def test_with_nobody_to_count_no_share_is_claimed(app: Flask, time: ManualClock) -> None:
    status = count_now(reader())
    assert status.whole.people == 0
    assert not any(milestone.reached for milestone in status.milestones)
    assert percent_text(0, 0) is None


def test_many_readers_within_seconds_cost_one_count_and_later_ones_see_the_present(app: Flask, time: ManualClock) -> None:
    add_person_on("B1")
    first = status_now(reader())
    add_person_on("B5")
    assert status_now(reader()) is first
    time.advance(seconds=20)
    assert status_now(reader()).whole.people == 2


@pytest.mark.parametrize(("part", "whole", "shown"), [(1, 3, "33.33"), (2, 3, "66.66"), (99_999, 100_000, "99.99"), (1, 1, "100.00")])
def test_a_percentage_is_cut_and_never_rounded_up(part: int, whole: int, shown: str) -> None:
    assert percent_text(part, whole) == shown


def test_scripts_get_the_documented_keys(app: Flask, time: ManualClock) -> None:
    _province()
    result = app.test_cli_runner().invoke(enrollment, ["status", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert set(told) == KEYS
    assert told["people"] == 8
    assert told["rungs"] == {"B0": 1, "B1": 2, "B2": 1, "B3": 0, "B4": 1, "B5": 3, "B6": 0}
    assert told["percent"] == "37.50"
    assert told["milestones"][0] == {"by": "2026-12-31", "percent": 50, "reached": False, "missing": 1}
    assert told["reconciles"] is True


def test_the_command_freezes_today_once_and_shows_a_frozen_day(app: Flask, time: ManualClock) -> None:
    _province()
    run = app.test_cli_runner()
    assert json.loads(run.invoke(enrollment, ["snapshot", "--json"]).output)["taken"] is True
    assert json.loads(run.invoke(enrollment, ["snapshot", "--json"]).output)["taken"] is False
    told = json.loads(run.invoke(enrollment, ["status", "--day", "2026-11-24", "--json"]).output)
    assert (told["frozen"], told["day"], told["people"]) == (True, date(2026, 11, 24).isoformat(), 8)
    assert run.invoke(enrollment, ["verify"]).exit_code == 0
    assert run.invoke(enrollment, ["status", "--day", "not a day"]).exit_code == 2
