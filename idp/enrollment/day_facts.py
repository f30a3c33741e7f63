"""What pages and reports are told of a day, as facts: figures, lines of tables, systems, targets, points of the trend."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from idp.enrollment.figures import reaches, still_missing
from idp.enrollment.rungs import Rung
from idp.enrollment.totals import OWN, UNIT, WHOLE

RUNGS = tuple(Rung)


@dataclass(frozen=True)
class Figures:
    """Whole numbers of people. `people` D0, `entitled` D1, `accounts` D2; `rungs`: exclusive, B0 to B6, adding up to `people`.
    `left_out`: contract staff beside the denominator. The headline is `seamless_entitled` of `entitled`."""

    people: int
    entitled: int
    accounts: int
    rungs: tuple[int, ...]
    authenticated_entitled: int
    seamless_entitled: int
    absent: int
    exempt: int
    left_out: int

    def at_least(self, rung: Rung) -> int:
        """How many stand on this rung or above."""
        return sum(self.rungs[RUNGS.index(rung) :])

    @property
    def authenticated(self) -> int:
        """B5 and B6, of D0."""
        return self.at_least(Rung.AUTHENTICATED)

    @property
    def seamless(self) -> int:
        """B6, of D0."""
        return self.rungs[-1]

    @property
    def missing(self) -> int:
        """Those of D1 who are not on B6."""
        return self.entitled - self.seamless_entitled


@dataclass(frozen=True)
class Line:
    """One line of a table: a level, a category or a unit. A unit's figures are those of all units below it as well, but for
    `kind` "own": the people right at the unit (`key`), so that the lines below a unit add up to it. `has_more`: units are below."""

    kind: str
    key: str
    parent_key: str
    code: str
    name: str
    level: str
    has_more: bool
    figures: Figures

    @property
    def unit_id(self) -> uuid.UUID | None:
        """The unit, for `kind` unit and own; None for people of no unit."""
        found = uuid.UUID(self.key) if self.kind in (UNIT, OWN) else None
        return found if found and found.int else None


@dataclass(frozen=True)
class SystemLine:
    """One system in scope, or not, on the day. `standing`: a word of clients.catalogue.Standing; `entered`: people in post who entered
    it through the provider within W days, of `entitled`."""

    code: str
    name: str
    level: str
    standing: str
    own_passwords_left: str
    entitled: int
    entered: int
    accounts: int | None
    planned_on: date | None


@dataclass(frozen=True)
class Coverage:
    """How many systems in scope are integrated; and the same weighted by the people entitled to each."""

    integrated: int
    in_scope: int
    weighted_integrated: int
    weighted_in_scope: int


@dataclass(frozen=True)
class Target:
    """A dated target, tested in integers against seamless_entitled / entitled (the headline) of the figures given."""

    by: date
    percent: int
    level: str | None  # None: for all
    reached: bool
    missing: int


@dataclass(frozen=True)
class Day:
    """One day. `lines`: kind ("factor", "fall", "rise", "quality") to its counts. `format` 1: a day before D1, B6 and systems were
    counted; its entitled, seamless and system figures are 0."""

    day: date
    taken_at: datetime
    hash: bytes
    format: int
    parameters: Mapping[str, Any]
    whole: Line
    levels: Sequence[Line]
    categories: Sequence[Line]
    systems: Sequence[SystemLine]
    coverage: Coverage
    lines: Mapping[str, Mapping[str, int]]

    def targets(self, line: Line | None = None) -> list[Target]:
        """The targets of the day's parameters for the whole or one line, earliest first."""
        found = (line or self.whole).figures
        level = line.level if line and line.kind != WHOLE else None
        return [
            Target(
                date.fromisoformat(one["by"]), one["percent"], one.get("level"),
                reaches(found.seamless_entitled, found.entitled, one["percent"]),
                still_missing(found.seamless_entitled, found.entitled, one["percent"]),
            )
            for one in sorted(self.parameters["milestones"], key=lambda one: str(one["by"]))
            if one.get("level") in (None, level)
        ]  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One day of the trend. `breaks`: what changed since the point before that breaks the line: "rules", "parameters", "catalogue",
    "tree", "gap" (days without a snapshot before this one)."""

    day: date
    figures: Figures
    breaks: tuple[str, ...]
