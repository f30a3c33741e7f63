"""Rules of the arithmetic."""

import uuid
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from idp.enrollment.figures import Tally, add, in_denominator, reaches, still_missing, sum_up_the_tree, tally
from idp.enrollment.rungs import Rung

COUNTS = st.integers(min_value=0, max_value=3_000_000)
PERCENT = st.integers(min_value=1, max_value=100)


@given(COUNTS, COUNTS, PERCENT)
def test_a_target_is_reached_exactly_when_nobody_is_missing(part: int, more: int, percent: int) -> None:
    whole = part + more
    assert reaches(part, whole, percent) == (whole > 0 and still_missing(part, whole, percent) == 0)


@given(COUNTS, COUNTS, PERCENT)
def test_with_the_people_missing_the_target_is_reached_and_with_one_less_it_is_not(part: int, more: int, percent: int) -> None:
    whole = part + more
    missing = still_missing(part, whole, percent)
    if missing:
        assert reaches(part + missing, whole, percent)
        assert not reaches(part + missing - 1, whole, percent)


def test_a_target_cannot_be_reached_by_rounding() -> None:
    assert not reaches(49_999, 100_000, 50)
    assert reaches(50_000, 100_000, 50)
    assert not reaches(1, 3, 34)


def test_where_there_is_nobody_no_target_is_reached() -> None:
    assert not reaches(0, 0, 50)


def test_contract_staff_stay_out_of_the_denominator_unless_they_are_switched_in() -> None:
    rows = [SimpleNamespace(staff_category=kind, rung="B1", people=2) for kind in ("can_bo", "hop_dong", "")]
    kept, left_out = in_denominator(rows, counts_contract_staff=False)
    assert (tally(kept).people, left_out) == (4, 2)
    kept, left_out = in_denominator(rows, counts_contract_staff=True)
    assert (tally(kept).people, left_out) == (6, 0)


def test_a_unit_has_its_own_people_and_those_of_all_units_below() -> None:
    top, middle, leaf = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    own = {middle: Tally({Rung.ACTIVATED: 1}), leaf: Tally({Rung.AUTHENTICATED: 2})}
    totals = sum_up_the_tree(own, {leaf: middle, middle: top, top: None})
    assert {unit_id: one.people for unit_id, one in totals.items()} == {leaf: 2, middle: 3, top: 3}
    assert totals[top] == add(own.values())


def test_a_loop_in_the_tree_ends() -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    totals = sum_up_the_tree({first: Tally({Rung.ACTIVATED: 1})}, {first: second, second: first})
    assert totals[first].people == 1
