"""Rules of how dates, numbers and shares are written."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from idp.clock import ManualClock
from idp.web.formats import format_age, format_date, format_number, format_seconds, format_share, format_time, today

INSTANT = datetime(2026, 3, 4, 18, 5, 9, tzinfo=UTC)


def test_dates_have_day_month_and_four_digits_of_the_year_in_the_province_s_zone(app: Flask) -> None:
    assert format_date(INSTANT) == "05/03/2026"
    assert format_date(date(2026, 3, 5)) == "05/03/2026"
    assert format_time(INSTANT) == "05/03/2026 01:05"
    assert format_seconds(INSTANT) == "05/03/2026 01:05:09"
    assert format_date(None) == format_time(None) == format_number(None) == "—"


@pytest.mark.parametrize(("number", "decimals", "vietnamese", "english"), [(1234567.891, 2, "1.234.567,89", "1,234,567.89"), (12480, 0, "12.480", "12,480"), (0, 0, "0", "0"), (-1234, 0, "-1.234", "-1,234")])  # fmt: skip
def test_numbers_have_the_signs_of_the_language(app: Flask, number: float, decimals: int, vietnamese: str, english: str) -> None:
    assert format_number(number, decimals) == vietnamese
    with force_locale("en"):
        assert format_number(number, decimals) == english


@pytest.mark.parametrize(("part", "whole", "shown"), [(4241, 12480, "33,98%"), (99_999, 100_000, "99,99%"), (1, 1, "100,00%"), (2, 3, "66,66%"), (0, 5, "0,00%"), (0, 0, "không có đối tượng")])  # fmt: skip
def test_a_share_is_cut_and_never_rounded_up_and_of_nobody_there_is_none(app: Flask, part: int, whole: int, shown: str) -> None:
    assert format_share(part, whole) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        ({"seconds": 59}, "vừa xong"),
        ({"minutes": 37}, "cách đây 37 phút"),
        ({"hours": 23, "minutes": 59}, "cách đây 23 giờ"),
        ({"days": 1200}, "cách đây 1.200 ngày"),
        ({"minutes": -5}, "vừa xong"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(app: Flask, time: ManualClock, ago: dict[str, float], shown: str) -> None:
    assert format_age(time() - timedelta(**ago)) == shown


def test_the_day_turns_at_midnight_of_the_province(app: Flask, time: ManualClock) -> None:
    assert today() == date(2026, 11, 24)
    time.advance(hours=16)
    assert today() == date(2026, 11, 25)
