"""/console/enrollment/now: the figures counted at this moment, for the whole province or a part of the unit tree."""

import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from idp.database import reader
from idp.enrollment.figures import Tally, add, in_denominator, tally
from idp.enrollment.rungs import LABELS, Rung
from idp.enrollment.snapshots import list_days
from idp.enrollment.status import Milestone, Status, line_of, narrowed, status_now, status_of_day, unit_lines
from idp.errors import NotFound
from idp.people.models import Level
from idp.people.words import category_words, level_words
from idp.roles.permissions import scope_of
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("enrollment", __name__)
LEVEL_ORDER = {level.value: rank for rank, level in enumerate(Level)}
FUNNEL = (Rung.NOT_ACTIVATED, Rung.ACTIVATED, Rung.PROOFED, Rung.FACTOR_ENROLLED, Rung.AUTHENTICATED)


@blueprint.get("/console/enrollment/now")
@requires(Permission.SEE_TRACKER)
def overview() -> str:
    """Where we stand: headline, funnel, levels, categories, units; `?unit=` goes down the tree, `?day=` into the past."""
    return live_page()


def live_page(*, first_day_missing: bool = False) -> str:
    """The page, also in the place of a day's figures while no day is kept yet."""
    tops = scope_of(require_viewer().person_id, Permission.SEE_TRACKER).within
    status = _status_asked_for()
    if tops is not None:
        status = narrowed(status, tops)
    unit_id = _unit_asked_for(status, tops)
    path = [status.units[found] for found in reversed(line_of(status, unit_id))] if unit_id else []
    shown = narrowed(status, [unit_id]) if unit_id else status
    lines = unit_lines(status, unit_id, tops)
    return render_template(
        "enrollment/overview.html",
        status=shown, milestone=next_milestone(shown), funnel=_funnel(shown.whole), levels=_levels(shown), categories=_categories(shown),
        lines=lines, lines_reconcile=add(line.tally for line in lines) == shown.whole, path=_visible(path, tops), days=_days(tops),
        labels=LABELS, rungs=tuple(Rung), whole_province=tops is None and unit_id is None,
        first_day_missing=first_day_missing,
    )  # fmt: skip


def _status_asked_for() -> Status:
    asked = request.args.get("day")
    if not asked:
        return status_now(reader())
    try:
        return status_of_day(reader(), date.fromisoformat(asked))
    except ValueError:
        raise NotFound(_("Ngày ghi trong địa chỉ không đúng.")) from None


def _unit_asked_for(status: Status, tops: Collection[uuid.UUID] | None) -> uuid.UUID | None:
    asked = request.args.get("unit")
    if not asked:
        return None
    try:
        unit_id = uuid.UUID(asked)
    except ValueError:
        unit_id = uuid.UUID(int=0)
    outside = tops is not None and set(tops).isdisjoint(line_of(status, unit_id))
    if unit_id not in status.units or outside:
        raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
    return unit_id


def _visible(path: list[Any], tops: Collection[uuid.UUID] | None) -> list[Any]:
    if tops is None:
        return path
    first = next((place for place, unit in enumerate(path) if unit.id in tops), len(path))
    return path[first:]


def next_milestone(status: Status) -> Milestone | None:
    """The first target that is not past; when all are, the last one."""
    ahead = [milestone for milestone in status.milestones if milestone.by >= (status.day or today())]
    return next(iter(ahead or status.milestones[-1:]), None)


def _funnel(whole: Tally) -> list[tuple[Rung, str, int]]:
    return [
        (rung, str(LABELS[rung]) if rung > Rung.NOT_ACTIVATED else _("Có tài khoản dùng được"), whole.at_least(rung)) for rung in FUNNEL
    ]


def _levels(status: Status) -> list[tuple[str, Tally]]:
    found = sorted(status.by_level.items(), key=lambda item: LEVEL_ORDER.get(item[0], len(LEVEL_ORDER)))
    return [(level_words(level), one) for level, one in found]


def _categories(status: Status) -> list[tuple[str, Tally]]:
    return [(category_words(category), one) for category, one in sorted(status.by_category.items(), key=lambda item: item[0] or "~")]


def _days(tops: Collection[uuid.UUID] | None) -> list[tuple[Any, Tally]]:
    if tops is not None:
        return []
    return [(head, tally(in_denominator(rows, head.parameters["counts_contract_staff"])[0])) for head, rows in list_days(reader(), 14)]
