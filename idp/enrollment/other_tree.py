"""A frozen day by the unit tree of another day: before a reorganisation, or after it; to the person, from the intervals.

Everybody who was counted on the day stands at the unit where they were counted on the day of the tree; who was not counted then stands
apart. So both trees have the same whole. Intervals know nothing of entitlements: the shares are those of all officials (D0).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, and_, func, or_, select

from idp.database import table_of
from idp.enrollment.figures_of_day import Line, day_of, line_of
from idp.enrollment.listing import instant_of
from idp.enrollment.models import Snapshot
from idp.enrollment.rungs import NO_UNIT
from idp.enrollment.standing_models import RungInterval
from idp.enrollment.totals import OWN, UNIT, WHOLE, add_up
from idp.errors import NotFound
from idp.people.unit_history import tree_on
from idp.people.unit_models import UnitSuccessor

KEPT_KEY, KEPT = "hopnhat.tracker_trees", 8
LISTED = 6
_i, _s, _x = table_of(RungInterval), table_of(Snapshot), table_of(UnitSuccessor)


@dataclass(frozen=True)
class OtherTree:
    """The day's people by the tree of `tree_day`."""

    day: date
    tree_day: date
    whole: Line
    lines: Sequence[Line]

    def below(self, key: str) -> list[Line]:
        """The units right below one ("": at the top) and its own people, most people missing first."""
        here = [one for one in self.lines if one.kind == UNIT and one.parent_key == key]
        own = [one for one in self.lines if one.kind == OWN and one.key == (key or str(NO_UNIT)) and one.figures.people]
        return sorted(here, key=lambda one: (-(one.figures.people - one.figures.seamless), one.name)) + own

    def path_to(self, key: str) -> list[Line]:
        """The unit and those above it, top first. Raises NotFound."""
        by_key = {one.key: one for one in self.lines if one.kind == UNIT}
        path: list[Line] = []
        while key in by_key and len(path) < len(by_key):
            path.insert(0, by_key[key])
            key = by_key[key].parent_key
        if not path:
            raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
        return path


def trees_to_show(connection: Connection, day: date) -> list[tuple[date, date]]:
    """(day whose tree it is, day of the change after it) of the newest reorganisations that were carried out; the tree of the newest
    day, told with itself, comes first when `day` is before the last change."""
    changed = connection.execute(select(func.max(_x.c.recorded_at).label("at"), _x.c.effective_on).group_by(_x.c.effective_on)).all()
    found: dict[date, date] = {}
    for row in sorted(changed, key=lambda row: row.at, reverse=True)[:LISTED]:
        before = connection.execute(select(func.max(_s.c.day)).where(_s.c.taken_at < row.at)).scalar()
        if before is not None:
            found.setdefault(before, row.effective_on)
    newest = connection.execute(select(func.max(_s.c.day))).scalar()
    trees = [(newest, newest)] if found and newest and day <= max(found) else []
    return [*trees, *((before, effective) for before, effective in found.items() if before < day)]


def day_by_tree_of(connection: Connection, day: date, tree_day: date) -> OtherTree:
    """The figures. Raises NotFound when either day is a gap. Frozen days do not change: the newest few are kept in memory."""
    kept = cast("dict[tuple[date, date], OtherTree]", current_app.extensions.setdefault(KEPT_KEY, {}))
    if (day, tree_day) not in kept:
        found = _counted(connection, day, tree_day)
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)), None)
        kept[(day, tree_day)] = found
    return kept[(day, tree_day)]


def _counted(connection: Connection, day: date, tree_day: date) -> OtherTree:
    counts_contract_staff = bool(day_of(connection, day).parameters["counts_contract_staff"])
    here, there = _i.alias("here"), _i.alias("there")
    at, then = instant_of(connection, day), instant_of(connection, tree_day)
    unit_id = func.coalesce(there.c.unit_id, NO_UNIT).label("unit_id")
    joined = here.outerjoin(there, and_(there.c.person_id == here.c.person_id, *_holds(there, then)))
    query = select(unit_id, here.c.staff_category, here.c.rung, func.count().label("people")).select_from(joined)
    rows = connection.execute(query.where(*_holds(here, at)).group_by(unit_id, here.c.staff_category, here.c.rung)).all()
    tree = tree_on(connection, tree_day)
    counts = [
        SimpleNamespace(
            **row._mapping, level=tree[row.unit_id].level if row.unit_id in tree else "", entitled=None, absent=None, exempt=None
        )
        for row in rows
    ]
    lines = [line_of(SimpleNamespace(**one)) for one in add_up(counts, tree, counts_contract_staff)]
    return OtherTree(day, tree_day, next(one for one in lines if one.kind == WHOLE), [one for one in lines if one.kind in (UNIT, OWN)])


def _holds(table: Any, at: Any) -> tuple[Any, Any]:
    return table.c.from_at <= at, or_(table.c.to_at.is_(None), table.c.to_at > at)


def unit_key(asked: uuid.UUID | None) -> str:
    """A unit as the lines name it; "": none."""
    return str(asked) if asked else ""
