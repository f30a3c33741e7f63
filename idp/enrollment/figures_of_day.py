"""All that a page or a report shows of a day, from a few rows of aggregates, however many people there are.

The newest snapshot is the present of these pages. A day of format 1 (before totals were kept) is added up from its counts.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, or_, select, union_all

from clients.catalogue import Standing
from idp.database import table_of
from idp.enrollment.day_facts import Coverage, Day, Figures, Line, Point, SystemLine, Target
from idp.enrollment.models import Snapshot, SnapshotCount, SnapshotLine, SnapshotSystem, SnapshotTotal
from idp.enrollment.rungs import NO_UNIT
from idp.enrollment.totals import CATEGORY, LEVEL, OWN, UNIT, WHOLE, add_up
from idp.errors import NotFound
from idp.people.unit_history import tree_on

__all__ = (
    "CATEGORY", "LEVEL", "OWN", "UNIT", "WHOLE", "Coverage", "Day", "Figures", "Line", "Point", "SystemLine", "Target", "day_of",
    "days_kept", "hash_of_day", "lagging", "line_of", "newest_day", "path_to", "reconciles", "trend", "unit_line", "unit_lines", "units_below",
    "whole_line",
)  # fmt: skip
_s, _t, _n = table_of(Snapshot), table_of(SnapshotTotal), table_of(SnapshotCount)
_y, _l = table_of(SnapshotSystem), table_of(SnapshotLine)
_of_day = _t.c.day == bindparam("day")
_head = select(_s).where(_s.c.day == bindparam("day"))
_hash = select(_s.c.hash).where(_s.c.day == bindparam("day"))
_newest, _kept = (
    select(func.max(_s.c.day)),
    select(_s.c.day).where(_s.c.day.between(bindparam("since"), bindparam("until"))).order_by(_s.c.day),
)
_broad = select(_t).where(_of_day, _t.c.kind.in_((WHOLE, LEVEL, CATEGORY))).order_by(_t.c.kind, _t.c.key)
_by_key = select(_t).where(_of_day, _t.c.kind == bindparam("kind"), _t.c.key == bindparam("key"))
# Two indexes are read, each for its own half: with OR it would be all lines of the day.
_below_and_own = union_all(
    select(_t).where(_of_day, _t.c.kind == UNIT, _t.c.parent_key == bindparam("parent")),
    select(_t).where(_of_day, _t.c.kind == OWN, _t.c.key == bindparam("own")),
)
_slowest = select(_t).where(_of_day, _t.c.kind == UNIT, _t.c.has_more.is_(False)).order_by(_t.c.missing.desc(), _t.c.key)
_slowest_of = (
    select(_t)
    .where(
        _of_day,
        _t.c.kind == UNIT,
        _t.c.has_more.is_(False),
        or_(_t.c.parent_key.in_(bindparam("parents", expanding=True)), _t.c.key.in_(bindparam("tops", expanding=True))),
    )
    .order_by(_t.c.missing.desc(), _t.c.key)
)
_inner_below = select(_t.c.key).where(_of_day, _t.c.kind == UNIT, _t.c.parent_key.in_(bindparam("parents", expanding=True)), _t.c.has_more)
_by_keys = select(_t).where(_of_day, _t.c.kind == UNIT, _t.c.key.in_(bindparam("keys", expanding=True)))
_systems = select(_y).where(_y.c.day == bindparam("day")).order_by(_y.c.name, _y.c.code)
_lines = select(_l).where(_l.c.day == bindparam("day"))
_counts = select(_n).where(_n.c.day == bindparam("day"))
# Columns of the trend only: whole years of days are read.
_trend = (
    select(_s.c.parameters, _t)
    .join(_s, _s.c.day == _t.c.day)
    .where(_t.c.kind == bindparam("kind"), _t.c.key == bindparam("key"), _t.c.day >= bindparam("since"), _t.c.day <= bindparam("until"))
    .order_by(_t.c.day)
)


def newest_day(connection: Connection) -> date | None:
    """The day of the newest snapshot; None when there is none."""
    return connection.execute(_newest).scalar()


def hash_of_day(connection: Connection, day: date) -> bytes | None:
    """The hash that a day was frozen with; None for a gap."""
    found: bytes | None = connection.execute(_hash, {"day": day}).scalar()
    return found


def days_kept(connection: Connection, since: date, until: date) -> list[date]:
    """The days with a snapshot, in order; what is missing is a gap."""
    return list(connection.execute(_kept, {"since": since, "until": until}).scalars())


def day_of(connection: Connection, day: date) -> Day:
    """One day. Raises NotFound for a gap."""
    head = connection.execute(_head, {"day": day}).first()
    if head is None:
        raise NotFound(_("Ngày %(day)s không có số liệu chốt.", day=f"{day:%d/%m/%Y}"))
    form = head.parameters.get("format", 1)
    rows = connection.execute(_broad, {"day": day}).all() if form > 1 else _worked_out(connection, head)
    found = [line_of(row) for row in rows]
    systems = [
        SystemLine(**{name: getattr(row, name) for name in SystemLine.__annotations__})
        for row in connection.execute(_systems, {"day": day})
    ]
    lines: dict[str, dict[str, int]] = {}
    for row in connection.execute(_lines, {"day": day}):
        lines.setdefault(row.kind, {})[row.key] = row.people
    return Day(
        head.day, head.taken_at, head.hash, form, head.parameters, next(one for one in found if one.kind == WHOLE),
        [one for one in found if one.kind == LEVEL], [one for one in found if one.kind == CATEGORY], systems, _coverage(systems), lines,
    )  # fmt: skip


def whole_line(connection: Connection, day: date) -> Line:
    """Everybody who was counted on a day. Raises NotFound for a gap."""
    (found,) = _rows(connection, day, lambda one: one.kind == WHOLE, _by_key, kind=WHOLE, key="")
    return found


def unit_line(connection: Connection, day: date, unit_id: uuid.UUID) -> Line:
    """A unit with all units below it. Raises NotFound when nobody was counted there that day."""
    found = unit_lines(connection, day, [unit_id])
    if unit_id not in found:
        raise NotFound(_("Đơn vị này không có đối tượng trong ngày đã chọn."))
    return found[unit_id]


def units_below(connection: Connection, day: date, unit_id: uuid.UUID | None, tops: Collection[uuid.UUID] | None = None) -> list[Line]:
    """The units right below one and its own people, adding up to it; None: the units at the top and people of no unit, adding up to
    the whole, or `tops`, when only these may be seen. Most people missing first, own people last."""
    if unit_id is None and tops is not None:
        return _sorted(unit_lines(connection, day, tops).values())
    parent = str(unit_id) if unit_id else ""
    own = str(unit_id or NO_UNIT)
    found = _rows(connection, day, lambda one: (one.kind, one.parent_key) == (UNIT, parent) or (one.kind, one.key) == (OWN, own),
                  _below_and_own, parent=parent, own=own)  # fmt: skip
    here = [one for one in found if one.kind == OWN]
    return _sorted(one for one in found if one.kind == UNIT) + [one for one in here if one.figures.people or one.figures.left_out]


def path_to(connection: Connection, day: date, unit_id: uuid.UUID) -> list[Line]:
    """The unit and those above it, the highest first, as the tree was that day."""
    path: list[Line] = []
    key = str(unit_id)
    while key and key not in {one.key for one in path}:
        found = unit_line(connection, day, uuid.UUID(key))
        path.insert(0, found)
        key = found.parent_key
    return path


def lagging(connection: Connection, day: date, most: int = 20, within: Collection[uuid.UUID] | None = None) -> list[Line]:
    """Units without units below them, most people missing first; `within`: only those below these units."""
    if within is None:
        rows = connection.execute(_slowest.limit(most), {"day": day}).all()
        return [one for one in map(line_of, rows) if one.figures.missing]
    tops = [str(one) for one in within]
    inner, waiting = set[str](), tops
    while waiting:
        inner |= set(waiting)
        below = connection.execute(_inner_below, {"day": day, "parents": waiting}).scalars()
        waiting = [key for key in below if key not in inner]
    leaves = connection.execute(_slowest_of.limit(most), {"day": day, "parents": sorted(inner), "tops": tops}).all()
    return [one for one in map(line_of, leaves) if one.figures.missing]


def unit_lines(connection: Connection, day: date, unit_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Line]:
    """Several units with all units below each; units where nobody was counted that day are not among them."""
    keys = sorted(str(one) for one in unit_ids)
    rows = _rows(connection, day, lambda one: one.kind == UNIT and one.key in keys, _by_keys, keys=keys) if keys else []
    return {one.unit_id: one for one in rows if one.unit_id}


def trend(connection: Connection, since: date, until: date, unit_id: uuid.UUID | None = None) -> list[Point]:
    """The days with a snapshot, for the whole or for one unit with all below it, by the tree of each day. Days of format 1 are told of
    the whole only."""
    kind, key = (UNIT, str(unit_id)) if unit_id else (WHOLE, "")
    rows = connection.execute(_trend, {"kind": kind, "key": key, "since": since, "until": until}).all()
    facts = [(row.day, row.parameters, _figures_of(row)) for row in rows]
    if unit_id is None:
        kept = {day for day, _parameters, _figures in facts}
        for day in days_kept(connection, since, until):
            if day not in kept:
                head = connection.execute(_head, {"day": day}).one()
                whole = next(row for row in _worked_out(connection, head) if row.kind == WHOLE)
                facts.append((day, head.parameters, _figures_of(whole)))
        facts.sort(key=lambda one: one[0])
    points, before = [], None
    for day, told, figures in facts:
        points.append(Point(day, figures, _breaks(before, (day, told))))
        before = (day, told)
    return points


def _breaks(before: tuple[date, Mapping[str, Any]] | None, now: tuple[date, Mapping[str, Any]]) -> tuple[str, ...]:
    if before is None:
        return ()
    (day, was), (today, told) = before, now
    names = {
        "rules": ("rules_version",), "parameters": ("recent_days", "entry_days", "counts_contract_staff"), "catalogue": ("catalogue",),
        "tree": ("unit_tree",),
    }  # fmt: skip
    found = [word for word, keys in names.items() if any(was.get(key) != told.get(key) for key in keys)]
    return (*found, *(["gap"] if today - day > timedelta(days=1) else []))


def reconciles(lines: Iterable[Line], whole: Line) -> bool:
    """Whether lines add up to the line above them, number by number."""
    found = list(lines)
    return all(
        sum(place) == there
        for place, there in zip(
            zip(*(_numbers(one.figures) for one in found), strict=True) if found else [(0,)] * len(_numbers(whole.figures)),
            _numbers(whole.figures),
            strict=True,
        )
    )


def _numbers(figures: Figures) -> tuple[int, ...]:
    return (
        figures.people, figures.entitled, figures.accounts, *figures.rungs, figures.authenticated_entitled, figures.seamless_entitled,
        figures.absent, figures.exempt,
    )  # fmt: skip


def _rows(connection: Connection, day: date, belongs: Any, query: Any, **values: Any) -> list[Line]:
    rows = connection.execute(query, {"day": day, **values}).all()
    if rows:
        return [line_of(row) for row in rows]
    head = connection.execute(_head, {"day": day}).first()
    if head is None:
        raise NotFound(_("Ngày %(day)s không có số liệu chốt.", day=f"{day:%d/%m/%Y}"))
    if head.parameters.get("format", 1) > 1:
        return []
    return [one for one in map(line_of, _worked_out(connection, head)) if belongs(one)]


def _worked_out(connection: Connection, head: Any) -> list[Any]:
    counts = connection.execute(_counts, {"day": head.day}).all()
    totals = add_up(counts, tree_on(connection, head.day), head.parameters["counts_contract_staff"])
    return [SimpleNamespace(**one) for one in totals]


def line_of(row: Any) -> Line:
    """A row of `snapshot_total`, or one like it, as a line."""
    return Line(row.kind, row.key, row.parent_key, row.code, row.name, row.level, row.has_more, _figures_of(row))


def _figures_of(row: Any) -> Figures:
    return Figures(
        row.people, row.entitled, row.accounts, (row.b0, row.b1, row.b2, row.b3, row.b4, row.b5, row.b6), row.authenticated_entitled,
        row.seamless_entitled, row.absent, row.exempt, row.left_out,
    )  # fmt: skip


def _coverage(systems: Sequence[SystemLine]) -> Coverage:
    integrated = [one for one in systems if one.standing == Standing.INTEGRATED]
    return Coverage(len(integrated), len(systems), sum(one.entitled for one in integrated), sum(one.entitled for one in systems))


def _sorted(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda one: (-one.figures.missing, one.name, one.key))
