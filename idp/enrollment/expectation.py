"""What may be expected of the next target, for a page: the forecast of its trend, worked out once for each frozen day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from idp.enrollment.dashboard import Dashboard
from idp.enrollment.forecast import Forecast, forecast

KEPT = 512


@dataclass(frozen=True)
class Expectation:
    """`state`: a word of forecast.Outlook for the next target; paces in people per working day; `band`: (day, low, middle, high) in
    percent of today's denominator."""

    state: str
    by: date | None
    earliest: date | None
    latest: date | None
    pace: float | None
    required: float | None
    days_late: int | None
    band: Sequence[tuple[date, float, float, float]]


def expected(found: Dashboard) -> Expectation | None:
    """The expectation of a page; None without a target or a trend."""
    if found.target is None or not found.points:
        return None
    points = tuple((one.day, one.figures.seamless_entitled, one.figures.entitled) for one in found.points)
    # Of the target that is shown alone: a path's weeks are the same however far others lie ahead.
    told = _forecast(points, ((found.target.by, found.target.percent),))
    (one,) = told.targets
    whole = points[-1][2] or 1
    band = [
        (step.day, 100 * step.low / whole, 100 * step.middle / whole, 100 * step.high / whole) for step in told.band if step.day <= one.by
    ]
    return Expectation(
        one.outlook.value, one.expected_on, one.earliest, one.latest, told.per_working_day, one.needed_per_working_day, one.days_late,
        band,
    )  # fmt: skip


@lru_cache(KEPT)
def _forecast(points: tuple[tuple[date, int, int], ...], targets: tuple[tuple[date, int], ...]) -> Forecast:
    # A frozen day has one forecast: it is drawn once in each process, not once a reader.
    return forecast(points, targets)
