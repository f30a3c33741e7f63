"""When a target will be reached, if people go on as in the last eight weeks: the Theil–Sen slope, a range, and the pace required.

The range comes from paths of resampled weekly increments: each path first draws which weeks are typical and whether times to come are
better or worse than these and whether the pace will rise or fall as time goes on (a rise may be at its beginning or near its end: what
eight weeks cannot tell makes the range wider), then strings weeks together in pairs (good weeks follow good ones). Gains shrink with the people who are left. p10 and p90 of the paths are told. The same days always give the same
forecast.
"""

import enum
import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from idp.enrollment.figures import reaches, still_missing

WINDOW_DAYS = 56
FEWEST_DAYS = 14
PATHS = 200
WEEK = 7
HORIZON_WEEKS = 520
FARTHEST_DAYS = 50 * 366
LOW, HIGH = 0.10, 0.90
# Measured on simulated provinces (bench/forecasts.py): with less the range held in fewer of them than it says.
SPREAD, LASTING, TURN = 1.5, 0.75, 1.4
HALF_YEAR, MOST_TURNED = 26, 1000.0
WORKING_DAYS = 5


class Outlook(enum.StrEnum):
    """What can be said."""

    TOO_FEW_DAYS = "too_few_days"
    NOBODY = "nobody"
    REACHED = "reached"
    NO_PROGRESS = "no_progress"
    ON_ITS_WAY = "on_its_way"


class UnitState(enum.StrEnum):
    """How a unit stands to the next target."""

    REACHED = "reached"
    ON_TRACK = "on_track"
    SLOW = "slow"
    NOT_STARTED = "not_started"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Band:
    """People on a day to come: p10, median and p90 of the paths."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class TargetOutlook:
    """One dated target. `expected_on` by the slope, `earliest` and `latest` p10 and p90 of the paths (None: not within ten years);
    `on_the_day`: people on the day of the target; `needed_per_working_day` from now to the target; `days_late`: expected after it."""

    by: date
    percent: int
    outlook: Outlook
    missing: int
    expected_on: date | None
    earliest: date | None
    latest: date | None
    on_the_day: Band | None
    needed_per_working_day: float | None
    days_late: int | None


@dataclass(frozen=True)
class Forecast:
    """The whole. `per_working_day`: the present pace, in people; `band`: week by week to the farthest target not yet past, at most a
    year, for the chart."""

    outlook: Outlook
    days: int
    slope_per_day: float | None
    per_working_day: float | None
    targets: Sequence[TargetOutlook]
    band: Sequence[Band]


def theil_sen(points: Sequence[tuple[int, int]]) -> float:
    """The median of the slopes between all pairs of points (x distinct)."""
    slopes = [(second[1] - first[1]) / (second[0] - first[0]) for place, first in enumerate(points) for second in points[place + 1 :]]
    return median(slopes)


def forecast(points: Sequence[tuple[date, int, int]], targets: Sequence[tuple[date, int]]) -> Forecast:
    """From (day, people who reached, people in the denominator) of each snapshot, oldest first, and (by, percent) of each target."""
    recent = [one for one in points if points[-1][0] - one[0] <= timedelta(days=WINDOW_DAYS)] if points else []
    if not recent or recent[-1][2] == 0:
        return _without(Outlook.NOBODY if recent else Outlook.TOO_FEW_DAYS, len(recent), recent, targets)
    if len(recent) < FEWEST_DAYS:
        return _without(Outlook.TOO_FEW_DAYS, len(recent), recent, targets)
    today, part, whole = recent[-1]
    slope = theil_sen([(day.toordinal(), count) for day, count, _whole in recent])
    paths = _paths(recent, _weeks_to(today, [by for by, _percent in targets]))
    told = tuple(_target(by, percent, today, part, whole, slope, paths) for by, percent in targets)
    outlook = _outlook(told, slope)
    ahead = [by for by, _percent in targets if by > today]
    weeks = min(52, math.ceil((max(ahead) - today).days / WEEK)) if ahead else 0
    band = [_band(today + timedelta(weeks=week), [path[week] for path in paths]) for week in range(weeks + 1)]
    return Forecast(outlook, len(recent), slope, slope * WEEK / WORKING_DAYS, told, band)


def unit_state(part: int, whole: int, percent: int, days_left: int, before: tuple[int, int] | None) -> UnitState:
    """How a unit stands: `before` is (people who had reached, how many days ago), None when unknown. With nobody there yet it has not
    started; on track is who gets there by going on as since then."""
    if whole == 0:
        return UnitState.NOBODY
    if reaches(part, whole, percent):
        return UnitState.REACHED
    if part == 0:
        return UnitState.NOT_STARTED
    if before is None or before[1] <= 0:
        return UnitState.SLOW
    gained = part - before[0]
    return UnitState.ON_TRACK if gained * max(days_left, 0) >= still_missing(part, whole, percent) * before[1] else UnitState.SLOW


def _outlook(told: Sequence[TargetOutlook], slope: float) -> Outlook:
    if told and all(one.outlook == Outlook.REACHED for one in told):
        return Outlook.REACHED
    return Outlook.ON_ITS_WAY if slope > 0 else Outlook.NO_PROGRESS


def _without(outlook: Outlook, days: int, recent: Sequence[tuple[date, int, int]], targets: Sequence[tuple[date, int]]) -> Forecast:
    part, whole = recent[-1][1:] if recent else (0, 0)
    told = tuple(
        TargetOutlook(
            by, percent, Outlook.REACHED if reaches(part, whole, percent) else outlook, still_missing(part, whole, percent), None, None,
            None, None, _pace(still_missing(part, whole, percent), recent[-1][0], by) if recent else None, None,
        )
        for by, percent in targets
    )  # fmt: skip
    return Forecast(outlook, days, None, None, told, ())


def _target(by: date, percent: int, today: date, part: int, whole: int, slope: float, paths: Sequence[Sequence[int]]) -> TargetOutlook:
    missing = still_missing(part, whole, percent)
    needed = part + missing
    ahead = (by - today).days
    on_the_day = _band(by, [_on_day(path, ahead) for path in paths]) if 0 <= ahead <= HORIZON_WEEKS * WEEK else None
    if reaches(part, whole, percent):
        return TargetOutlook(by, percent, Outlook.REACHED, 0, None, None, None, on_the_day, None, None)
    expected = None
    if slope > 0 and missing / slope <= FARTHEST_DAYS:
        expected = today + timedelta(days=math.ceil(missing / slope))
    reached = sorted(_days_until(path, needed) for path in paths)
    early, late = (_quantile(reached, share) for share in (LOW, HIGH))
    outlook = Outlook.ON_ITS_WAY if slope > 0 else Outlook.NO_PROGRESS
    return TargetOutlook(
        by, percent, outlook, missing, expected,
        today + timedelta(days=int(early)) if early < math.inf else None,
        today + timedelta(days=int(late)) if late < math.inf else None,
        on_the_day, _pace(missing, today, by), max(0, (expected - by).days) if expected else None,
    )  # fmt: skip


def _pace(missing: int, today: date, by: date) -> float | None:
    """People a working day (Monday to Friday) until a day; None when it is past."""
    working = sum((today + timedelta(days=ahead)).weekday() < WORKING_DAYS for ahead in range(1, (by - today).days + 1))
    return missing / working if working else None


def _weeks_to(today: date, days: Sequence[date]) -> int:
    """A year beyond the farthest target, at most ten years."""
    return min(HORIZON_WEEKS, 52 + max(0, *((day - today).days // WEEK for day in days), 0))


def _paths(recent: Sequence[tuple[date, int, int]], weeks: int) -> list[list[int]]:
    """People week by week on each path, between nobody and everybody of today's denominator."""
    today, part, whole = recent[-1]
    gains = _weekly(recent)
    typical = sum(gains) / len(gains)
    wide = [typical + SPREAD * (one - typical) for one in gains]
    # Seeded by the data: a forecast is reproducible, and a path's weeks do not depend on how far ahead is asked. Nothing secret hangs on it.
    seed, left = f"{today} {part} {whole} {gains}", max(1, whole - part)
    return [_path(random.Random(f"{seed} {number}"), wide, (part, whole, left), weeks) for number in range(PATHS)]  # noqa: S311


def _path(draw: random.Random, wide: Sequence[float], known: tuple[int, int, int], weeks: int) -> list[int]:
    """One path. Written for speed: a page draws 200 of them, hundreds of weeks long."""
    part, whole, left = known
    pace, uniform, count = math.exp(draw.gauss(0, LASTING)), draw.random, len(wide)
    # What a week gains for each who is left, or takes away, and the same of the week after it.
    typical = [(pace * one / left, 0.0) if one > 0 else (0.0, one / pace) for one in draw.choices(wide, k=count)]
    pairs = [(*typical[place], *typical[(place + 1) % count]) for place in range(count)]
    level, path, top = float(part), [part], float(whole)
    turn, turned = math.exp(2 * draw.gauss(0, TURN) / HALF_YEAR), 1.0
    for _pair in range((weeks + 1) // 2):
        gain, loss, next_gain, next_loss = pairs[int(uniform() * count)]
        level += gain * turned * (top - level) + loss
        level = top if level > top else level if level > 0.0 else 0.0
        path.append(int(level))
        level += next_gain * turned * (top - level) + next_loss
        level = top if level > top else level if level > 0.0 else 0.0
        path.append(int(level))
        turned = min(turned * turn, MOST_TURNED)
    return path[: weeks + 1]


def _weekly(recent: Sequence[tuple[date, int, int]]) -> list[float]:
    """What each week back from the newest day brought; over days without a snapshot the line is drawn straight."""
    days = [one[0].toordinal() for one in recent]
    counts = [one[1] for one in recent]

    def level(day: int) -> float:
        place = bisect_left(days, day)
        if days[place] == day or place == 0:
            return float(counts[place])
        share = (day - days[place - 1]) / (days[place] - days[place - 1])
        return counts[place - 1] + share * (counts[place] - counts[place - 1])

    weeks = max(1, (days[-1] - days[0]) // WEEK)
    return [level(days[-1] - WEEK * week) - level(max(days[0], days[-1] - WEEK * (week + 1))) for week in range(weeks)]


def _days_until(path: Sequence[int], needed: int) -> float:
    if max(path) < needed:
        return math.inf
    return next(week for week, level in enumerate(path) if level >= needed) * WEEK


def _on_day(path: Sequence[int], ahead: int) -> int:
    week, rest = divmod(ahead, WEEK)
    before, after = path[min(week, len(path) - 1)], path[min(week + 1, len(path) - 1)]
    return before + (after - before) * rest // WEEK


def _band(day: date, levels: Sequence[int]) -> Band:
    found = sorted(levels)
    return Band(day, int(_quantile(found, LOW)), int(_quantile(found, 0.5)), int(_quantile(found, HIGH)))


def _quantile(found: Sequence[float], share: float) -> float:
    return found[min(len(found) - 1, int(share * len(found)))]
