"""Rules of public figures, attacked: by differences between days, between levels, and between what is public and what is on paper."""

import re

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.clock import ManualClock
from idp.database import reader
from idp.enrollment.figures_of_day import day_of, newest_day
from idp.enrollment.reports.checker import in_tens as in_tens_by_hand
from idp.enrollment.reports.suppression import LEAST, Cell, in_tens, publishable, suppressed
from tests.support.enrolled_people import add_person_on
from tests.support.signed_in import words_of
from tests.support.tracked_province import build_province, freeze

groups = st.dictionaries(
    st.sampled_from(["province", "district", "commune", ""]),
    st.integers(0, 400).flatmap(lambda people: st.tuples(st.just(people), st.integers(0, people))),
    min_size=1,
)


def _parts(cell: Cell) -> tuple[int, int] | None:
    return None if cell.people is None or cell.reached is None else (cell.reached, cell.people - cell.reached)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(groups)
def test_no_group_of_fewer_than_ten_is_told_nor_follows_from_the_rest(told: dict[str, tuple[int, int]]) -> None:
    cells = suppressed(told)
    for cell in cells:
        people, reached = told[cell.key]
        if parts := _parts(cell):
            assert people == 0 or people >= LEAST
            assert all(part == 0 or part >= LEAST for part in parts)
            assert parts[0] <= reached
            assert parts[1] >= people - reached  # a share is never told too high
    hidden = [told[cell.key] for cell in cells if cell.people is None]
    if hidden and len(hidden) < len(cells):
        people, reached = sum(one[0] for one in hidden), sum(one[1] for one in hidden)
        assert len(hidden) >= 2
        assert publishable(people, reached)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.integers(20, 5000).flatmap(lambda people: st.tuples(st.just(people), st.integers(10, people - 10))))
def test_ten_worlds_of_different_people_are_published_alike(told: tuple[int, int]) -> None:
    """Whoever sees yesterday's figures and today's cannot tell which of ten numbers lies behind each, so not that one person enrolled."""
    people, reached = told
    same = [
        other for other in range(reached // 10 * 10, reached // 10 * 10 + 10) if in_tens(people - reached + other, other) == in_tens(*told)
    ]
    assert len(same) == 10
    assert all(number % 10 == 0 for number in in_tens(*told))


def test_what_is_public_and_what_is_on_paper_differ_by_less_than_ten_and_give_no_level_away() -> None:
    told = {"province": (237, 101), "commune": (412, 99), "district": (14, 12)}
    whole = in_tens(663, 212)
    cells = {cell.key: _parts(cell) for cell in suppressed(told)}
    assert cells == {"province": None, "commune": (90, 320), "district": None}
    rest = (whole[1] - 90, whole[0] - whole[1] - 320)
    exact = (237 + 14 - 101 - 12, 101 + 12)
    assert rest == (120, 140)
    assert (exact[1] - rest[0], exact[0] - rest[1]) != (0, 0)  # not even the sum of the hidden ones follows exactly


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(0, 300).flatmap(lambda people: st.tuples(st.just(people), st.integers(0, people))))
def test_the_supervisors_script_rounds_as_the_product_does(told: tuple[int, int]) -> None:
    expected = list(in_tens(*told)) if publishable(*told) else [None, None]
    assert in_tens_by_hand(*told) == expected


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(100, 5000), st.sampled_from([(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1)]))
def test_one_persons_step_shows_in_one_world_of_ten_for_each_number_it_changes(people: int, step: tuple[int, int]) -> None:
    """Who enrols, falls, comes or goes: of the ten numbers that may lie behind a ten, one lets the step be seen."""
    for first in range(20, 80, 10):
        shown = 0
        for reached in range(first, first + 10):
            before, after = in_tens(people, reached), in_tens(people + step[0], reached + step[1])
            shown += before != after
            assert all(abs(one - other) <= 10 for one, other in zip(before, after, strict=True))
        # A step of enrolling changes both numbers, who reached it and who did not: two worlds at the most, in which two things show.
        assert shown <= sum(part != 0 for part in (step[1], step[0] - step[1]))


@pytest.fixture
def opened(app: Flask, time: ManualClock) -> Flask:
    """The public page, opened."""
    app.extensions["hopnhat.settings"] = app.extensions["hopnhat.settings"].model_copy(update={"tracker_public": True})
    return app


def test_whether_a_target_is_reached_tells_nothing_of_a_whole_that_is_hidden(opened: Flask) -> None:
    build_province()  # two people only on B6
    freeze()
    told = opened.test_client().get("/public/enrollment.json").json
    assert told
    assert told["whole"]["hidden"]
    assert {one["reached"] for one in told["milestones"]} == {None}


def test_page_and_json_tell_the_same_tens_and_a_target_is_told_by_these(opened: Flask) -> None:
    province = build_province()
    for _number in range(23):  # 25 of 47 on B6: reached in truth, and not by what is told (20 of 50)
        add_person_on("B6", unit_id=province.department)
    freeze()
    day = newest_day(reader())
    assert day
    exact = day_of(reader(), day).whole.figures
    assert (exact.seamless_entitled, exact.entitled) == (25, 47)
    browser = opened.test_client()
    told = browser.get("/public/enrollment.json").json
    assert told
    assert (told["whole"]["seamless"], told["whole"]["entitled"], told["whole"]["percent"]) == (20, 50, "40.00")
    assert [one["reached"] for one in told["milestones"] if one["percent"] == 50] == [False]
    page = re.sub(r"<[^>]+>", " ", words_of(browser.get("/public/enrollment")))
    assert "20 / 50" in page
    assert not re.search(r"(?<![\d.:/])(25|47|53)(?![\d/.])", page)
