"""What the leaders' page draws of a frozen day: worked out once in each process, since a frozen day never changes.

Kept by the day's hash and by what the reader may see, so that a reader who may see less is never shown what was worked out for another:
who may see what is asked anew at each view, and decides which of the kept ones it is.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection

from idp.enrollment import figures_of_day as days
from idp.enrollment.dashboard import Dashboard, dashboard_of
from idp.enrollment.expectation import Expectation, expected
from idp.enrollment.figures_of_day import Point
from idp.enrollment.trend_chart import Chart, draw, thinned
from idp.errors import NotFound

KEPT_KEY, KEPT = "hopnhat.tracker_days", 128  # each some 30 KB
Drawings = dict[tuple[Any, ...], "Drawn"]


@dataclass(frozen=True)
class Drawn:
    """One page, without words: `shown` without its points, which are drawn already."""

    shown: Dashboard
    outlook: Expectation | None
    chart: Chart | None
    table: Sequence[Point]


def drawn(
    connection: Connection, day: date, unit_id: uuid.UUID | None, tops: Collection[uuid.UUID] | None, before: date | None = None
) -> Drawn:
    """The page of a day as `dashboard_of` tells it, with its drawing. Raises NotFound."""
    frozen = days.hash_of_day(connection, day)
    if frozen is None:
        raise NotFound(_("Ngày %(day)s không có số liệu chốt.", day=f"{day:%d/%m/%Y}"))
    key = (day, frozen, unit_id, None if tops is None else frozenset(tops), before)
    kept = cast("Drawings", current_app.extensions.setdefault(KEPT_KEY, {}))
    found = kept.pop(key, None) or _drawn(dashboard_of(connection, day, unit_id, tops, before=before))
    # A day of format 1 is added up by the unit tree that is known of it today: that may come to be known better.
    if found.shown.day.format > 1:
        kept[key] = found
        for oldest in list(kept)[:-KEPT]:  # those that were not asked for longest
            kept.pop(oldest, None)
    return found


def _drawn(found: Dashboard) -> Drawn:
    outlook = expected(found)
    target_day = found.target.by if found.target else None
    chart = draw(found.points, target_day=target_day, band=outlook.band if outlook else ())
    return Drawn(replace(found, points=()), outlook, chart, thinned(found.points))
