"""Figures: counts added up, shares in integers, the target test. Pure arithmetic; no database, no words."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from idp.enrollment.rungs import Rung
from idp.people.models import StaffCategory

K = TypeVar("K")


@dataclass(frozen=True)
class Tally:
    """How many people stand on each rung."""

    on: Mapping[Rung, int]

    @property
    def people(self) -> int:
        """The denominator: everybody counted here."""
        return sum(self.on.values())

    def at_least(self, rung: Rung) -> int:
        """How many stand on this rung or above."""
        return sum(people for stands_on, people in self.on.items() if stands_on >= rung)

    @property
    def authenticated(self) -> int:
        """The numerator: those on B5 and above."""
        return self.at_least(Rung.AUTHENTICATED)

    @property
    def seamless(self) -> int:
        """Those on the highest rung, B6."""
        return self.on.get(Rung.SEAMLESS, 0)

    @property
    def missing(self) -> int:
        """Those still to be won."""
        return self.people - self.authenticated


def tally(rows: Iterable[Any]) -> Tally:
    """The rows of a count as one tally."""
    return tally_by(rows, lambda _: None).get(None, Tally({}))


def tally_by(rows: Iterable[Any], key: Callable[[Any], K]) -> dict[K, Tally]:
    """The rows of a count, a tally for each key."""
    counters: dict[K, Counter[Rung]] = {}
    for row in rows:
        counters.setdefault(key(row), Counter())[Rung(row.rung)] += row.people
    return {found: Tally(counter) for found, counter in counters.items()}


def add(tallies: Iterable[Tally]) -> Tally:
    """Several tallies of distinct people as one."""
    total: Counter[Rung] = Counter()
    for one in tallies:
        total.update(one.on)
    return Tally(total)


def in_denominator(rows: Iterable[Any], counts_contract_staff: bool) -> tuple[list[Any], int]:
    """The rows that belong to the denominator, and how many people on contract were left out of it."""
    kept, left_out = [], 0
    for row in rows:
        if row.staff_category == StaffCategory.HOP_DONG.value and not counts_contract_staff:
            left_out += row.people
        else:
            kept.append(row)
    return kept, left_out


def reaches(part: int, whole: int, percent: int) -> bool:
    """The target test, in integers: no rounding can reach a target. Nobody to count reaches nothing."""
    return whole > 0 and 100 * part >= percent * whole


def still_missing(part: int, whole: int, percent: int) -> int:
    """The least number of people more with which the target would be reached."""
    return max(0, -(-percent * whole // 100) - part)


def percent_text(part: int, whole: int) -> str | None:
    """The share in percent with two decimals, cut off, as text so that no reader rounds it; None when there is nobody."""
    return f"{10_000 * part // whole / 100:.2f}" if whole else None


def sum_up_the_tree(own: Mapping[uuid.UUID, Tally], parents: Mapping[uuid.UUID, uuid.UUID | None]) -> dict[uuid.UUID, Tally]:
    """Each unit's people with those of all units below it. A unit in a loop of the tree counts once along the loop."""
    totals: dict[uuid.UUID, Counter[Rung]] = {}
    for unit_id, one in own.items():
        above: uuid.UUID | None = unit_id
        seen: set[uuid.UUID] = set()
        while above is not None and above not in seen:
            seen.add(above)
            totals.setdefault(above, Counter()).update(one.on)
            above = parents.get(above)
    return {unit_id: Tally(counter) for unit_id, counter in totals.items()}
