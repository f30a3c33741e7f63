"""/api/v1/tracker: where the province stands, or the units that the client's roles reach: now, day by day, by unit, and what may be expected."""

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy import Connection

from idp.api.client_shapes import Day
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import Asked, Key, Shown, Told
from idp.enrollment import figures_of_day as days
from idp.enrollment.dashboard import Dashboard, dashboard_of
from idp.enrollment.expectation import expected
from idp.enrollment.figures import percent_text
from idp.enrollment.rungs import Rung
from idp.enrollment.status import status_within
from idp.errors import NotFound
from idp.roles.permissions import scope_of
from idp.web.problems import NotAsDeclared
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_tracker")
TRACKER, SEE = f"{PATH}/tracker", Permission.SEE_TRACKER
LONGEST_SPAN = timedelta(days=3 * 366)


class LineQuery(Asked):
    """Which figures: of a frozen day (the newest one without), of a unit with all below it (all that is within reach without)."""

    day: Day | None = None
    unit: Key | None = None


class DaysQuery(Asked):
    """Which days, both included: at most three years."""

    since: Day
    until: Day
    unit: Key | None = None


class FiguresTold(Shown):
    """People. `people` D0, `entitled` D1, `accounts` D2; `seamless_entitled` of `entitled` is the headline."""

    people: int
    entitled: int
    accounts: int
    rungs: dict[str, int]
    authenticated: int
    seamless: int
    seamless_entitled: int
    percent: str | None = Field(description="of the headline: two decimals, cut off")
    absent: int
    exempt: int


class NowTold(Shown):
    """Counted at this moment."""

    at: Told
    people: int
    authenticated: int
    seamless: int
    missing: int
    percent: str | None
    rungs: dict[str, int]


class LineTold(Shown):
    """A line of the tree. `own`: the people right at the unit, so that the lines below a unit add up to it."""

    kind: str
    unit_id: Key | None
    code: str
    name: str
    level: str
    has_more: bool
    figures: FiguresTold
    state: str | None = None


class TargetTold(Shown):
    """A dated target, tested in whole numbers."""

    by: str
    percent: int
    reached: bool
    missing: int


class DayTold(Shown):
    """The frozen figures of a day. `hash`: its link in the chain of snapshots."""

    day: str
    taken_at: Told
    hash: str
    line: LineTold
    below: list[LineTold]
    targets: list[TargetTold]
    systems_integrated: int
    systems_in_scope: int


class PointTold(Shown):
    """One day of a trend. `breaks`: what makes it hard to compare with the day before."""

    day: str
    figures: FiguresTold
    breaks: list[str]


class TrendTold(Shown):
    """Days with a snapshot, the oldest first."""

    items: list[PointTold]


class ForecastTold(Shown):
    """What may be expected of the next target; `state` says when nothing can be said."""

    state: str
    target: TargetTold | None
    expected_on: str | None
    earliest: str | None
    latest: str | None
    per_working_day: float | None
    needed_per_working_day: float | None
    days_late: int | None


def _reach() -> Collection[uuid.UUID] | None:
    return scope_of(require_viewer().person_id, Permission.SEE_TRACKER).within


@operation(blueprint, "GET", f"{TRACKER}/now", "trackNow", "The figures of this moment", SEE, Scope.TRACKER_READ, answer=NowTold)
def now(connection: Connection) -> NowTold:
    """Within 20 seconds the same ones."""
    status = status_within(connection, _reach())
    whole = status.whole
    return NowTold(
        at=status.at, people=whole.people, authenticated=whole.authenticated, seamless=whole.seamless, missing=whole.missing,
        percent=percent_text(whole.authenticated, whole.people), rungs={rung.value: whole.on.get(rung, 0) for rung in Rung},
    )  # fmt: skip


@operation(blueprint, "GET", TRACKER, "trackDay", "The frozen figures of a day", SEE, Scope.TRACKER_READ, query=LineQuery, answer=DayTold)
def day(connection: Connection, query: LineQuery) -> DayTold:
    """A line of the tree with those right below it."""
    found = _dashboard(connection, query)
    return DayTold(
        day=found.day.day.isoformat(), taken_at=found.day.taken_at, hash=found.day.hash.hex(), line=_line(found.line),
        below=[_line(one.line, one.state.value) for one in found.below], targets=[_target(one) for one in found.targets],
        systems_integrated=found.day.coverage.integrated, systems_in_scope=found.day.coverage.in_scope,
    )  # fmt: skip


@operation(blueprint, "GET", f"{TRACKER}/forecast", "trackForecast", "What may be expected", SEE, Scope.TRACKER_READ, query=LineQuery,
           answer=ForecastTold)  # fmt: skip
def forecast(connection: Connection, query: LineQuery) -> ForecastTold:
    """Of the next target, from the newest 56 days."""
    found = _dashboard(connection, query)
    told, target = expected(found), _target(found.target) if found.target else None
    if told is None:
        return ForecastTold(
            state="too_few_days", target=target, expected_on=None, earliest=None, latest=None, per_working_day=None,
            needed_per_working_day=None, days_late=None,
        )  # fmt: skip
    return ForecastTold(
        state=told.state, target=target, expected_on=_written(told.by), earliest=_written(told.earliest), latest=_written(told.latest),
        per_working_day=told.pace, needed_per_working_day=told.required, days_late=told.days_late,
    )  # fmt: skip


@operation(blueprint, "GET", f"{TRACKER}/days", "trackDays", "Day by day", SEE, Scope.TRACKER_READ, query=DaysQuery, answer=TrendTold)
def trend(connection: Connection, query: DaysQuery) -> TrendTold:
    """A line of the tree through time. A client that reaches single units names one of them."""
    since, until = _day("since", query.since), _day("until", query.until)
    if until - since > LONGEST_SPAN:
        raise NotAsDeclared([("since", _("Nhiều nhất ba năm một lần."))], status=422)
    unit_id, reach = query.unit, _reach()
    if reach is not None and unit_id is None:
        if len(reach) != 1:
            raise NotAsDeclared([("unit", _("Nêu một đơn vị trong phạm vi được giao."))], status=422)
        unit_id = next(iter(reach))
    if unit_id is not None and reach is not None:
        newest = days.newest_day(connection)
        if newest is None:
            raise NotFound(_("Chưa có ngày nào được chốt."), reason="no_day_yet")
        dashboard_of(connection, newest, unit_id, reach)  # refuses what is out of reach, as the page does
    return TrendTold(items=[_point(one) for one in days.trend(connection, since, until, unit_id)])


def _dashboard(connection: Connection, query: LineQuery) -> Dashboard:
    wanted = _day("day", query.day) if query.day else days.newest_day(connection)
    if wanted is None:
        raise NotFound(_("Chưa có ngày nào được chốt."), reason="no_day_yet")
    return dashboard_of(connection, wanted, query.unit, _reach())


def _day(name: str, written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise NotAsDeclared([(name, _("Ngày này không có."))], status=422) from None


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _point(point: Any) -> PointTold:
    return PointTold(day=point.day.isoformat(), figures=_figures(point.figures), breaks=list(point.breaks))


def _line(line: Any, state: str | None = None) -> LineTold:
    same = {name: getattr(line, name) for name in ("kind", "unit_id", "code", "name", "level", "has_more")}
    return LineTold(**same, figures=_figures(line.figures), state=state)


def _figures(figures: Any) -> FiguresTold:
    same = ("people", "entitled", "accounts", "authenticated", "seamless", "seamless_entitled", "absent", "exempt")
    return FiguresTold(
        **{name: getattr(figures, name) for name in same}, percent=percent_text(figures.seamless_entitled, figures.entitled),
        rungs={rung.value: figures.rungs[place] for place, rung in enumerate(Rung)},
    )  # fmt: skip


def _target(target: Any) -> TargetTold:
    return TargetTold(by=target.by.isoformat(), percent=target.percent, reached=target.reached, missing=target.missing)
