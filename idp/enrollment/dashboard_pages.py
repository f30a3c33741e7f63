"""/console/enrollment: the leaders' page of a day, for the whole province or down the tree, from frozen aggregates alone."""

import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from idp.database import reader
from idp.enrollment import figures_of_day as days
from idp.enrollment.dashboard import Dashboard
from idp.enrollment.drawn_days import drawn
from idp.enrollment.other_tree import day_by_tree_of, trees_to_show, unit_key
from idp.enrollment.pages import live_page
from idp.enrollment.periods_shown import choices
from idp.enrollment.quality_words import QUALITY
from idp.enrollment.reports.system_words import own_password_words, standing_words, system_level
from idp.enrollment.rungs import Rung
from idp.enrollment.tracker_words import (
    BREAKS,
    FACTORS,
    FUNNEL,
    NEXT_STEPS,
    SEGMENTS,
    STATES,
    cause_words,
    headline,
    line_words,
)
from idp.errors import NotFound
from idp.roles.permissions import scope_of
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("dashboard", __name__)
SHOWN_LINES = 30
BADGES = {"integrated": "ok", "connected": "warn", "not_connected": "bad", "retired": "plain"}
WORDS: dict[str, Any] = {"line_words": line_words, "states": STATES, "break_words": BREAKS, "rungs": tuple(Rung)}


def reach() -> Collection[uuid.UUID] | None:
    """The units whose figures the viewer may see; None: the whole province."""
    return scope_of(require_viewer().person_id, Permission.SEE_TRACKER).within


def asked_day() -> date | None:
    """The day that the address names, or the newest one; None when no day is kept yet. Raises NotFound."""
    asked = request.args.get("day")
    if not asked:
        return days.newest_day(reader())
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise NotFound(_("Ngày ghi trong địa chỉ không đúng.")) from None


def asked_unit() -> uuid.UUID | None:
    """The unit that the address names. Raises NotFound."""
    asked = request.args.get("unit")
    if not asked:
        return None
    try:
        return uuid.UUID(asked)
    except ValueError:
        raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao.")) from None


@blueprint.get("/console/enrollment")
@requires(Permission.SEE_TRACKER)
def dashboard() -> str:
    """The page; while no day is kept yet, the figures of this moment."""
    day = asked_day()
    if day is None:
        return live_page(first_day_missing=True)
    tops, newest = reach(), days.newest_day(reader())
    found = drawn(reader(), day, asked_unit(), tops, asked_before(day))
    shown = found.shown
    days_to_show, days_to_compare = choices(reader(), day, newest)
    return render_template(
        "enrollment/dashboard.html",
        shown=shown, outlook=found.outlook, funnel=funnel_of(shown), chart=found.chart, table_points=found.table,
        headline=headline(shown.line.figures, shown.day.coverage.integrated, shown.day.coverage.in_scope),
        lines=shown.below[:SHOWN_LINES], lines_left=max(0, len(shown.below) - SHOWN_LINES), steps=to_do(shown), newest=newest,
        days_to_show=days_to_show, days_to_compare=days_to_compare, trees=trees_to_show(reader(), day) if tops is None else [],
        next_step=next_step, **WORDS,
    )  # fmt: skip


def asked_before(day: date) -> date | None:
    """The day to compare with that the address names; None: the usual one. Raises NotFound for a gap and for a later day."""
    asked = request.args.get("before")
    if not asked:
        return None
    try:
        before = date.fromisoformat(asked)
    except ValueError:
        before = day
    if before >= day or not days.days_kept(reader(), before, before):
        raise NotFound(_("Ngày để so sánh phải trước ngày đang xem và có số liệu chốt."))
    return before


@blueprint.get("/console/enrollment/tree")
@requires(Permission.SEE_TRACKER)
def other_tree() -> str:
    """The day's people by the unit tree of another day: before a reorganisation, or after it."""
    if reach() is not None:
        raise NotFound(_("Trang này dành cho người xem toàn tỉnh."))
    day, unit = asked_day(), unit_key(asked_unit())
    trees = dict(trees_to_show(reader(), day)) if day else {}
    try:
        tree_day = date.fromisoformat(request.args.get("tree", ""))
    except ValueError:
        tree_day = next(iter(trees), None)  # type: ignore[assignment]
    if day is None or tree_day not in trees:
        raise NotFound(_("Không có cây đơn vị nào khác cho ngày này."))
    found = day_by_tree_of(reader(), day, tree_day)
    path = found.path_to(unit) if unit else []
    lines, above = found.below(unit), path[-1] if path else found.whole
    return render_template(
        "enrollment/other_tree.html", found=found, changed_on=trees[tree_day], path=path, lines=lines, above=above,
        reconciles=days.reconciles(lines, above), line_words=line_words,
    )  # fmt: skip


def next_step(line: days.Line) -> tuple[Rung, Any, int] | None:
    """What most people of a line still need: their rung, the step, how many they are; None when nobody needs anything."""
    rungs = line.figures.rungs
    found = max(((rungs[place], rung) for place, rung in enumerate(Rung) if rung in NEXT_STEPS), key=lambda one: one[0])
    return (found[1], NEXT_STEPS[found[1]], found[0]) if found[0] else None


def funnel_of(found: Dashboard) -> list[tuple[Rung, Any, int]]:
    """How many reached each rung."""
    return [(rung, words, found.line.figures.at_least(rung)) for rung, words in FUNNEL]


def to_do(found: Dashboard) -> list[tuple[Rung, Any, Any, int]]:
    """The segments of those still missing, most people first, with the step that each needs."""
    rungs = found.line.figures.rungs
    counted = [(rung, SEGMENTS[rung], NEXT_STEPS[rung], rungs[place]) for place, rung in enumerate(Rung) if rung in SEGMENTS]
    return sorted((one for one in counted if one[3]), key=lambda one: -one[3])


@blueprint.get("/console/enrollment/systems")
@requires(Permission.SEE_TRACKER)
def systems() -> str:
    """Each system of the catalogue on the day: integrated or not, who may enter it, who did."""
    day = asked_day()
    return render_template("enrollment/day_systems.html", day=days.day_of(reader(), day) if day else None, badges=BADGES,
                           level_words=system_level, standing_words=standing_words, own_password_words=own_password_words)  # fmt: skip


@blueprint.get("/console/enrollment/quality")
@requires(Permission.SEE_TRACKER)
def quality() -> str:
    """What is wrong with the data that the figures stand on, and why people fell or rose since the day before."""
    day = asked_day()
    return render_template("enrollment/quality.html", day=days.day_of(reader(), day) if day else None, quality=QUALITY, factors=FACTORS,
                           cause_words=cause_words)  # fmt: skip
