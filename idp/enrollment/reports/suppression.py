"""What may be published: no cell of fewer than ten people, none that could be worked out from what is published, and tens only. Pure
arithmetic.

What it protects: nobody learns an exact number, nor of a group of fewer than ten that reached it or did not. A step of one person
between two days changes a published figure only where a ten, or the limit of ten, is crossed, in one world of ten; it then says that
somebody stepped, not who. What it does not: whoever knows of everybody else who stepped, or has exact numbers from elsewhere, can tell
on such a day; the whole beside its parts narrows the tens; and none or all of ten or more is told as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST = 10


@dataclass(frozen=True)
class Cell:
    """A group of a breakdown: `reached` of `people`, in tens; both None when it is hidden."""

    key: str
    people: int | None
    reached: int | None


def publishable(people: int, reached: int, least: int = LEAST) -> bool:
    """Whether a group may be shown: there are enough people, and those who reached it, and those who did not, are none or enough (a
    share of 100% or 0% of few would tell of each of them)."""
    return people >= least and all(part == 0 or part >= least for part in (reached, people - reached))


def in_tens(people: int, reached: int, step: int = LEAST) -> tuple[int, int]:
    """Both as they are published: who reached it in full tens, and who did not in begun ones, so that no share is told too high."""
    full, begun = reached // step * step, -(-(people - reached) // step) * step
    return full + begun, full


def suppressed(groups: Mapping[str, tuple[int, int]], least: int = LEAST) -> list[Cell]:
    """The groups of a breakdown whose sum is published, small ones hidden, and so many more that no hidden one can be worked out from
    the sum: the hidden people must be at least `least` in each part, in two groups at the least."""
    hidden = {key for key, (people, reached) in groups.items() if people and not publishable(people, reached, least)}
    open_ones = sorted((key for key in groups if key not in hidden and groups[key][0]), key=lambda key: (groups[key][0], key))
    while hidden and open_ones and not _is_safe([groups[key] for key in hidden], least):
        hidden.add(open_ones.pop(0))
    if hidden and not _is_safe([groups[key] for key in hidden], least):
        hidden = set(groups)
    return [Cell(key, *(in_tens(*groups[key]) if key not in hidden else (None, None))) for key in groups]


def _is_safe(hidden: Sequence[tuple[int, int]], least: int) -> bool:
    people, reached = sum(one[0] for one in hidden), sum(one[1] for one in hidden)
    return len(hidden) >= 2 and publishable(people, reached, least)
