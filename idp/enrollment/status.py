"""Where the province stands, or a part of it: now, or on the day of a snapshot; all breakdowns of one set of counts."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, cast

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, select

from idp import clock
from idp.database import table_of
from idp.enrollment.figures import Tally, add, in_denominator, reaches, still_missing, sum_up_the_tree, tally, tally_by
from idp.enrollment.rungs import basis_now, count_people
from idp.enrollment.snapshots import parameters, read_snapshot
from idp.errors import NotFound
from idp.people.models import Unit

KEPT_FOR = timedelta(seconds=20)
KEPT_KEY = "hopnhat.tracker"
_u = table_of(Unit)


@dataclass(frozen=True)
class Milestone:
    """A dated target and how far it is."""

    by: date
    percent: int
    reached: bool
    missing: int


@dataclass(frozen=True)
class Status:
    """One set of counts with what it was counted by. `rows`: those in the denominator; `left_out`: contract staff beside it."""

    at: datetime
    day: date | None  # of the snapshot; None: counted just now
    hash: bytes | None
    parameters: Mapping[str, Any]
    rows: Sequence[Any]
    left_out: int
    units: Mapping[uuid.UUID, Any]

    @cached_property
    def whole(self) -> Tally:
        """Everybody in the denominator."""
        return tally(self.rows)

    @cached_property
    def by_level(self) -> dict[str, Tally]:
        """A tally for each level of government."""
        return tally_by(self.rows, lambda row: cast("str", row.level))

    @cached_property
    def by_category(self) -> dict[str, Tally]:
        """A tally for each staff category."""
        return tally_by(self.rows, lambda row: cast("str", row.staff_category))

    @cached_property
    def by_unit(self) -> dict[uuid.UUID, Tally]:
        """A tally for each unit's own people."""
        return tally_by(self.rows, lambda row: cast("uuid.UUID", row.unit_id))

    @cached_property
    def milestones(self) -> list[Milestone]:
        """The dated targets, in their order."""
        whole = self.whole
        part, people = whole.authenticated, whole.people
        return [
            Milestone(
                date.fromisoformat(one["by"]),
                one["percent"],
                reaches(part, people, one["percent"]),
                still_missing(part, people, one["percent"]),
            )
            for one in sorted(self.parameters["milestones"], key=lambda one: str(one["by"]))
        ]


@dataclass(frozen=True)
class UnitLine:
    """One line of the table of units. `unit_id` None: people right under the unit above, or of no unit; `has_more`: units are below."""

    unit_id: uuid.UUID | None
    code: str | None
    name: str
    level: str
    tally: Tally
    has_more: bool


def status_now(connection: Connection) -> Status:
    """The present figures; within 20 seconds the same ones, so that a crowd of readers costs one count."""
    kept = current_app.extensions.get(KEPT_KEY)
    if isinstance(kept, Status) and timedelta() <= clock.now() - kept.at < KEPT_FOR:
        return kept
    fresh = count_now(connection)
    current_app.extensions[KEPT_KEY] = fresh
    return fresh


def status_within(connection: Connection, tops: Collection[uuid.UUID] | None) -> Status:
    """As `status_now`, for these units and all below them; None: for the whole province."""
    whole = status_now(connection)
    return whole if tops is None else narrowed(whole, tops)


def count_now(connection: Connection) -> Status:
    """The figures of this very moment."""
    basis = basis_now(connection)
    told = parameters(connection, basis)
    rows, left_out = in_denominator(count_people(connection, basis), told["counts_contract_staff"])
    return Status(basis.at, None, None, told, rows, left_out, _read_units(connection))


def status_of_day(connection: Connection, day: date) -> Status:
    """The frozen figures of a day, by the rules and parameters of that day. Raises NotFound."""
    found = read_snapshot(connection, day)
    if found is None:
        raise NotFound(_("Ngày %(day)s không có số liệu chốt.", day=f"{day:%d/%m/%Y}"))
    head, counts = found
    rows, left_out = in_denominator(counts, head.parameters["counts_contract_staff"])
    return Status(head.taken_at, day, head.hash, head.parameters, rows, left_out, _read_units(connection))


def _read_units(connection: Connection) -> dict[uuid.UUID, Any]:
    query = select(_u.c.id, _u.c.parent_id, _u.c.code, _u.c.name, _u.c.level)
    return {row.id: row for row in connection.execute(query)}


def narrowed(status: Status, roots: Collection[uuid.UUID]) -> Status:
    """The same figures for these units and all below them only."""
    inside = {unit_id for unit_id in status.units if not set(roots).isdisjoint(line_of(status, unit_id))}
    rows = [row for row in status.rows if row.unit_id in inside]
    return Status(status.at, status.day, status.hash, status.parameters, rows, 0, status.units)


def line_of(status: Status, unit_id: uuid.UUID) -> list[uuid.UUID]:
    """The unit and those above it, up to the top of the tree."""
    line: list[uuid.UUID] = []
    above: uuid.UUID | None = unit_id
    while above is not None and above in status.units and above not in line:
        line.append(above)
        above = status.units[above].parent_id
    return line


def unit_lines(status: Status, below: uuid.UUID | None, tops: Collection[uuid.UUID] | None = None) -> list[UnitLine]:
    """The units right below one, or at the top (`tops`, or those without a unit above), with all people under them, and the
    people who belong to none of these; most people missing first. A single top is opened at once. The lines add up to the whole."""
    own = status.by_unit
    parents = {unit_id: unit.parent_id if unit.parent_id in status.units else None for unit_id, unit in status.units.items()}
    totals = sum_up_the_tree(own, parents)
    has_more = {parent for unit_id, parent in parents.items() if unit_id in totals}

    def lines_of(chosen: Collection[uuid.UUID]) -> list[UnitLine]:
        found = [(unit_id, status.units[unit_id], totals[unit_id]) for unit_id in chosen if unit_id in totals]
        found.sort(key=lambda one: (-one[2].missing, one[1].name))
        return [UnitLine(unit_id, unit.code, unit.name, unit.level, one, unit_id in has_more) for unit_id, unit, one in found]

    def children(parent: uuid.UUID | None) -> list[uuid.UUID]:
        return [unit_id for unit_id, above in parents.items() if above == parent]

    if below is not None:
        return lines_of(children(below)) + _leftover(own, below, status)
    roots = list(tops) if tops is not None else children(None)
    if len(roots) == 1 and roots[0] in has_more:
        return lines_of(children(roots[0])) + _leftover(own, roots[0], status) + _leftover(own, None, status)
    return lines_of(roots) + _leftover(own, None, status)


def _leftover(own: Mapping[uuid.UUID, Tally], below: uuid.UUID | None, status: Status) -> list[UnitLine]:
    if below is not None:
        here, name = own.get(below), _("Trực thuộc")
    else:
        here, name = add(one for unit_id, one in own.items() if unit_id not in status.units), _("Chưa rõ đơn vị")
    level = status.units[below].level if below is not None else ""
    return [UnitLine(None, None, name, level, here, False)] if here and here.people else []
