"""A name that nobody has is not told by the time that its refusal takes."""

import time

import pytest

from idp.credentials import even_time


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    for remembered in (even_time._compared, even_time._not_compared):
        remembered.clear()
    return waits


def test_who_was_not_compared_waits_as_much_longer_as_comparing_takes(slept: list[float]) -> None:
    """LOG-007: a directory that hashes for 80 ms."""
    for _ in range(20):
        even_time.even_out(time.monotonic() - 0.082, compared=True)
        even_time.even_out(time.monotonic() - 0.002, compared=False)
    assert slept[-1] == pytest.approx(0.08, abs=0.01)


def test_nobody_waits_where_comparing_takes_no_time_and_never_longer_than_half_a_second(slept: list[float]) -> None:
    for took, longest in ((0.002, 0.005), (30.0, 0.5)):
        for _ in range(80):
            even_time.even_out(time.monotonic() - took, compared=True)
            even_time.even_out(time.monotonic() - 0.002, compared=False)
        assert slept[-1] <= longest
