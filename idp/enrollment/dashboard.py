"""What the leaders' page shows of a day: one line of the tree with those below it, compared with a day before, and what to do next."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection

from idp.enrollment import figures_of_day as days
from idp.enrollment.figures_of_day import Day, Figures, Line, Point, Target
from idp.enrollment.forecast import UnitState, unit_state
from idp.errors import NotFound

COMPARED_AFTER = timedelta(days=28)
SHOWN_TREND = timedelta(days=365)
SCOPE = "scope"
SHOWN_LAGGING = 10
LAGS = frozenset({UnitState.SLOW, UnitState.NOT_STARTED})


@dataclass(frozen=True)
class Compared:
    """One line of a table. `gain`: so many people more on B6 than on the day before; None when it is not known. `above`: the unit
    right above, told of units that lag."""

    line: Line
    state: UnitState
    gain: int | None
    above: str = ""


@dataclass(frozen=True)
class Dashboard:
    """One page. `line`: what is shown; `path`: the units above it, top first; `before`: the day that is compared with."""

    day: Day
    line: Line
    path: Sequence[Line]
    below: Sequence[Compared]
    lagging: Sequence[Compared]
    reconciles: bool
    before: date | None
    gain: int | None
    target: Target | None
    targets: Sequence[Target]
    points: Sequence[Point]
    whole_province: bool


def dashboard_of(
    connection: Connection,
    day: date,
    unit_id: uuid.UUID | None = None,
    tops: Collection[uuid.UUID] | None = None,
    *,
    before: date | None = None,
) -> Dashboard:
    """The page of a day for the whole province or a unit. `tops`: the units that the reader may see; None: all. `before`: the kept
    day to compare with, else one of four weeks ago. Raises NotFound."""
    found = days.day_of(connection, day)
    line, path = _shown(connection, found, unit_id, tops)
    targets = found.targets(line)
    target = next_target(targets, day)
    before = before or day_before(connection, day)
    bound = tops if unit_id is None else None
    lines = _lines(connection, day, line, bound)
    past = _past_lines(connection, before, line, bound)
    return Dashboard(
        found, line, path, [_compared(one, target, past.get((one.kind, one.key)), before, day) for one in lines],
        _lagging(connection, day, before, target, _within(line, tops)),
        days.reconciles(lines, line), before, _gain_of(connection, before, line), target, targets,
        [] if line.kind == SCOPE else days.trend(connection, day - SHOWN_TREND, day, line.unit_id),
        line.kind == days.WHOLE,
    )  # fmt: skip


def _lagging(
    connection: Connection, day: date, before: date | None, target: Target | None, within: Collection[uuid.UUID] | None
) -> list[Compared]:
    late = days.lagging(connection, day, most=2 * SHOWN_LAGGING, within=within)
    then = days.unit_lines(connection, before, [one.unit_id for one in late if one.unit_id]) if before else {}
    above = days.unit_lines(connection, day, {uuid.UUID(one.parent_key) for one in late if one.parent_key})
    names = {str(unit_id): one.name for unit_id, one in above.items()}
    found = [
        _compared(one, target, then.get(one.unit_id) if one.unit_id else None, before, day, names.get(one.parent_key, "")) for one in late
    ]
    return [one for one in found if one.state in LAGS][:SHOWN_LAGGING]


def newest_headline(connection: Connection, tops: Collection[uuid.UUID] | None) -> tuple[date, Figures] | None:
    """The newest frozen day and the figures that its page begins with, for the whole province or the units that the reader may see;
    None while no day is kept, and where nobody was counted."""
    day = days.newest_day(connection)
    if day is None:
        return None
    if tops is None:
        return day, days.whole_line(connection, day).figures
    lines = days.units_below(connection, day, None, tops=tops)
    return (day, added(lines).figures) if lines else None


def lagging_now(connection: Connection, day: date, unit_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these units are slow or have not started on a day."""
    before = day_before(connection, day)
    target = next_target(days.day_of(connection, day).targets(), day)
    now, then = days.unit_lines(connection, day, unit_ids), days.unit_lines(connection, before, unit_ids) if before else {}
    return {unit_id for unit_id, line in now.items() if _compared(line, target, then.get(unit_id), before, day).state in LAGS}


def next_target(targets: Sequence[Target], day: date) -> Target | None:
    """The first target that is not past; when all are, the last one."""
    ahead = [one for one in targets if one.by >= day]
    return next(iter(ahead or targets[-1:]), None)


def _compared(line: Line, target: Target | None, past: Line | None, before: date | None, day: date, above: str = "") -> Compared:
    reached, past_reached = line.figures.seamless_entitled, past.figures.seamless_entitled if past else None
    since = (past_reached, (day - before).days) if before is not None and past_reached is not None else None
    percent, days_left = (target.percent, (target.by - day).days) if target else (100, 0)
    state = unit_state(reached, line.figures.entitled, percent, days_left, since)
    return Compared(line, state, None if past_reached is None else reached - past_reached, above)


def _shown(
    connection: Connection, found: Day, unit_id: uuid.UUID | None, tops: Collection[uuid.UUID] | None
) -> tuple[Line, Sequence[Line]]:
    if unit_id is None and tops is None:
        return found.whole, []
    if unit_id is None:
        assert tops is not None
        if len(tops) == 1:
            return days.unit_line(connection, found.day, next(iter(tops))), []
        return added(days.units_below(connection, found.day, None, tops=tops)), []
    path = days.path_to(connection, found.day, unit_id)
    if tops is not None:
        first = next((place for place, one in enumerate(path) if one.unit_id in tops), None)
        if first is None:
            raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
        path = path[first:]
    return path[-1], path[:-1]


def added(lines: Sequence[Line]) -> Line:
    """Several lines that share nobody as one."""
    sums = {one.name: sum(getattr(line.figures, one.name) for line in lines) for one in fields(Figures) if one.name != "rungs"}
    rungs = tuple(sum(places) for places in zip(*(line.figures.rungs for line in lines), strict=True)) or (0,) * 7
    return Line(SCOPE, "", "", "", "", "", True, Figures(rungs=rungs, **sums))


def _within(line: Line, tops: Collection[uuid.UUID] | None) -> Collection[uuid.UUID] | None:
    if line.kind == days.UNIT and line.unit_id is not None:
        return [line.unit_id]
    return tops


def day_before(connection: Connection, day: date) -> date | None:
    """The day that a day is compared with when nobody names one: the newest kept of four weeks ago or longer, else the oldest kept."""
    kept = days.days_kept(connection, day - 2 * COMPARED_AFTER, day - timedelta(days=1))
    long_ago = [one for one in kept if one <= day - COMPARED_AFTER]
    return long_ago[-1] if long_ago else next(iter(kept), None)


def _lines(connection: Connection, day: date, line: Line, tops: Collection[uuid.UUID] | None) -> list[Line]:
    """The lines below one; a province whose tree has a single top is shown by what is under that."""
    found = days.units_below(connection, day, line.unit_id if line.kind == days.UNIT else None, tops=tops)
    single = [one for one in found if one.kind == days.UNIT]
    if line.kind == days.WHOLE and len(single) == 1 and single[0].has_more and single[0].unit_id:
        return days.units_below(connection, day, single[0].unit_id) + [one for one in found if one is not single[0]]
    return found


def _past_lines(
    connection: Connection, before: date | None, line: Line, tops: Collection[uuid.UUID] | None
) -> Mapping[tuple[str, str], Line]:
    if before is None:
        return {}
    found = _lines(connection, before, line, tops)
    return {(one.kind, one.key): one for one in found}


def _line_before(connection: Connection, before: date | None, line: Line) -> Line | None:
    if before is None:
        return None
    try:
        if line.kind == days.WHOLE:
            return days.whole_line(connection, before)
        return days.unit_line(connection, before, line.unit_id) if line.unit_id else None
    except NotFound:
        return None


def _gain_of(connection: Connection, before: date | None, line: Line) -> int | None:
    past = _line_before(connection, before, line)
    return line.figures.seamless_entitled - past.figures.seamless_entitled if past else None
