"""Reporting periods: a month, quarter, half-year, nine months or year, each closed on the 14th of its last month."""

import enum
import re
from datetime import date

from flask_babel import gettext as _

from idp.errors import Refusal

CLOSING_DAY = 14


class PeriodKind(enum.StrEnum):
    """The periods that are reported."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    NINE_MONTHS = "nine_months"
    YEAR = "year"


_FORMS = {
    PeriodKind.MONTH: re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    PeriodKind.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    PeriodKind.HALF_YEAR: re.compile(r"(\d{4})-H1"),
    PeriodKind.NINE_MONTHS: re.compile(r"(\d{4})-9M"),
    PeriodKind.YEAR: re.compile(r"(\d{4})"),
}
_LAST_MONTH = {PeriodKind.HALF_YEAR: 6, PeriodKind.NINE_MONTHS: 9, PeriodKind.YEAR: 12}


def closing_day(kind: PeriodKind, period: str) -> date:
    """The 14th of the last month of a period: 2026-11, 2026-Q4, 2026-H1, 2026-9M or 2026. Raises Refusal."""
    found = _FORMS[kind].fullmatch(period)
    if found is None:
        raise Refusal(_("Kỳ báo cáo ghi như 2026-11, 2026-Q4, 2026-H1, 2026-9M hoặc 2026."), "period_mistaken")
    year = int(found[1])
    if kind == PeriodKind.MONTH:
        return date(year, int(found[2]), CLOSING_DAY)
    if kind == PeriodKind.QUARTER:
        return date(year, 3 * int(found[2]), CLOSING_DAY)
    return date(year, _LAST_MONTH[kind], CLOSING_DAY)


def period_of(kind: PeriodKind, day: date) -> str:
    """The period of this kind whose last month is that of a day, or which the day lies in."""
    quarter = (day.month + 2) // 3
    return {
        PeriodKind.MONTH: f"{day:%Y-%m}",
        PeriodKind.QUARTER: f"{day.year}-Q{quarter}",
        PeriodKind.HALF_YEAR: f"{day.year}-H1",
        PeriodKind.NINE_MONTHS: f"{day.year}-9M",
        PeriodKind.YEAR: f"{day.year}",
    }[kind]
