"""/public/enrollment: figures that everybody may read, of ten people or more; only when the province has opened it."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask_babel import gettext as _

from idp.database import reader
from idp.enrollment import figures_of_day as days
from idp.enrollment.figures import reaches
from idp.enrollment.figures_of_day import Day
from idp.enrollment.reports.suppression import Cell, in_tens, publishable, suppressed
from idp.errors import NotFound
from idp.people.words import level_words
from idp.settings import current_settings
from idp.web.viewer import anyone

blueprint = Blueprint("public_figures", __name__)
KEPT_SECONDS = 3600


@blueprint.get("/public/enrollment")
@anyone
def page() -> Response:
    """The page."""
    day = _day()
    whole, levels = published(day)
    return _kept(Response(render_template("enrollment/public.html", day=day, whole=whole, levels=levels, level_words=level_words)))


@blueprint.get("/public/enrollment.json")
@anyone
def as_json() -> Response:
    """The same for programs."""
    day = _day()
    whole, levels = published(day)
    told = {
        "day": day.day.isoformat(), "rules_version": day.parameters["rules_version"], "hash": day.hash.hex(), "counted_in": 10,
        "systems": {"integrated": day.coverage.integrated, "in_scope": day.coverage.in_scope},
        "whole": _told(whole), "levels": [{"level": one.key or None, **_told(one)} for one in levels],
        "milestones": [{"by": one.by.isoformat(), "percent": one.percent, "reached": _reached(whole, one.percent)} for one in day.targets()],
        "least_group": 10,
    }  # fmt: skip
    return _kept(jsonify(told))


def _day() -> Day:
    newest = days.newest_day(reader()) if current_settings().tracker_public else None
    if newest is None:
        raise NotFound(_("Trang này chưa được công khai."))
    return days.day_of(reader(), newest)


def published(day: Day) -> tuple[Cell, list[Cell]]:
    """What everybody may know of a day: the whole and the levels."""
    figures = day.whole.figures
    if not publishable(figures.entitled, figures.seamless_entitled):
        return Cell("", None, None), []
    whole = Cell("", *in_tens(figures.entitled, figures.seamless_entitled))
    return whole, suppressed({one.key: (one.figures.entitled, one.figures.seamless_entitled) for one in day.levels})


def _told(cell: Cell) -> dict[str, Any]:
    hundredths = 10_000 * cell.reached // cell.people if cell.people and cell.reached is not None else None
    share = None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02d}"
    return {"entitled": cell.people, "seamless": cell.reached, "percent": share, "hidden": cell.people is None}


def _reached(whole: Cell, percent: int) -> bool | None:
    # By what is published: the exact test would tell of a whole that is hidden, and of the very number on the day it turns.
    return None if whole.people is None or whole.reached is None else reaches(whole.reached, whole.people, percent)


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response
