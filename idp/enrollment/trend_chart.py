"""The geometry of the trend: shares over days, the target and the forecast's band, as coordinates in percent. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from idp.enrollment.figures_of_day import Point

TOP, SIDE = 100, 1000  # units of the drawing: it is stretched to whatever room there is


@dataclass(frozen=True)
class Mark:
    """A day on the axis, in percent of the width from the left, and why it is marked."""

    left: float
    day: date
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """What the template draws. `lines`: pieces of the line, one after each gap, as points of an SVG polyline; `band`: a polygon."""

    lines: Sequence[str]
    dots: Sequence[tuple[float, float]]
    band: str
    middle: str
    breaks: Sequence[Mark]
    months: Sequence[Mark]
    target_left: float | None
    today_left: float


def share_of(part: int, whole: int) -> float:
    """The share in percent, for drawing alone; of nothing: none."""
    return 100 * part / whole if whole else 0.0


def draw(points: Sequence[Point], *, target_day: date | None = None, band: Sequence[tuple[date, float, float, float]] = ()) -> Chart | None:
    """The chart of a trend; None when there are fewer than two days. `band`: (day, low, middle, high) in percent, the last day first
    known included."""
    if len(points) < 2:
        return None
    first, last = points[0].day, points[-1].day
    end = max([last, *(one[0] for one in band), *([target_day] if target_day else [])])
    days = max(1, (end - first).days)

    def across(day: date) -> float:
        return round(SIDE * (day - first).days / days, 1)

    def height(percent: float) -> float:
        return round(TOP - max(0.0, min(100.0, percent)), 2)

    pieces: list[list[Point]] = []
    for point in points:
        if not pieces or "gap" in point.breaks:
            pieces.append([])
        pieces[-1].append(point)

    def drawn(piece: Sequence[Point]) -> str:
        return " ".join(f"{across(one.day)},{height(_share(one))}" for one in piece)

    low = [f"{across(day)},{height(value)}" for day, value, _middle, _high in band]
    high = [f"{across(day)},{height(value)}" for day, _low, _middle, value in band]
    return Chart(
        [drawn(piece) for piece in pieces if len(piece) > 1],
        [(across(piece[0].day) / 10, height(_share(piece[0]))) for piece in pieces if len(piece) == 1],
        " ".join([*low, *reversed(high)]),
        " ".join(f"{across(day)},{height(middle)}" for day, _low, middle, _high in band),
        [Mark(across(one.day) / 10, one.day, one.breaks) for one in points if one.breaks],
        _months(first, end, across),
        across(target_day) / 10 if target_day else None,
        across(last) / 10,
    )


def _share(point: Point) -> float:
    return share_of(point.figures.seamless_entitled, point.figures.entitled)


def _months(first: date, end: date, across: object) -> list[Mark]:
    assert callable(across)
    found, day = [], (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    while day <= end:
        found.append(Mark(across(day) / 10, day))
        day = (day + timedelta(days=32)).replace(day=1)
    return found[:: max(1, -(-len(found) // 6))]


def thinned(points: Sequence[Point], most: int = 12) -> list[Point]:
    """The points of the table under the chart, newest first: the last of each month, or every one when they are few."""
    if len(points) <= most:
        return list(reversed(points))
    by_month = {(one.day.year, one.day.month): one for one in points}
    return list(reversed(by_month.values()))[:most]
