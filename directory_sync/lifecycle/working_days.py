"""Working days of the province: Monday to Friday without the holidays of the settings."""

from datetime import date, timedelta

from idp.settings import current_settings

SATURDAY = 5
FIXED_HOLIDAYS = frozenset({(1, 1), (30, 4), (1, 5), (2, 9)})  # day and month; Tết and days in lieu are told by the settings each year


def is_working(day: date) -> bool:
    """Whether offices work on this day."""
    return day.weekday() < SATURDAY and (day.day, day.month) not in FIXED_HOLIDAYS and day not in current_settings().holidays


def add_working_days(day: date, count: int) -> date:
    """The last of `count` working days that follow `day`; the day itself does not count (Civil Code 2015, article 147)."""
    while count:
        day += timedelta(days=1)
        count -= is_working(day)
    return day
