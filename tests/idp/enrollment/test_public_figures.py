"""Rules of public figures, attacked: by differences between days, between levels, and between what is public and what is on paper."""

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.enrollment.reports.checker import in_tens as in_tens_by_hand
from idp.enrollment.reports.suppression import LEAST, Cell, in_tens, publishable, suppressed

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
