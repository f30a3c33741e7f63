"""The hash of a snapshot, so plain that a supervisor's own script computes it: SHA-256 over the hash before and a JSON text.

The text is that of a list, without spaces, keys of objects sorted, non-ASCII characters as they are. Format 1: [day, taken_at,
parameters, counts]; format 2 adds totals, systems and lines. Each is a list of lists, sorted; a None is null.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

BEGINNING = bytes(32)
FORMAT = 2
COUNT_COLUMNS = ("unit_id", "staff_category", "rung", "level", "people")
TOTAL_COLUMNS = (
    "kind", "key", "parent_key", "code", "name", "level", "has_more", "people", "entitled", "accounts", "b0", "b1", "b2", "b3", "b4", "b5",
    "b6", "authenticated_entitled", "seamless_entitled", "absent", "exempt", "left_out", "missing",
)  # fmt: skip
SYSTEM_COLUMNS = ("code", "name", "level", "standing", "own_passwords_left", "entitled", "entered", "accounts", "planned_on")
LINE_COLUMNS = ("kind", "key", "people")


@dataclass(frozen=True)
class Contents:
    """The rows of one day beside its head."""

    counts: Sequence[Any]
    totals: Sequence[Any] = ()
    systems: Sequence[Any] = ()
    lines: Sequence[Any] = ()


def hash_of(previous: bytes, day: date, taken_at: datetime, parameters: dict[str, Any], contents: Contents) -> bytes:
    """The hash that the day has when nothing was changed."""
    told = told_of(day, taken_at, parameters, contents)
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


def told_of(day: date, taken_at: datetime, parameters: dict[str, Any], contents: Contents) -> list[Any]:
    """What is hashed, as a JSON value."""
    told: list[Any] = [day.isoformat(), taken_at.isoformat(), parameters]
    if parameters.get("format", 1) == 1:
        return [*told, _lines(contents.counts, COUNT_COLUMNS)]
    return [
        *told,
        _lines(contents.counts, (*COUNT_COLUMNS, "entitled", "absent", "exempt")),
        _lines(contents.totals, TOTAL_COLUMNS),
        _lines(contents.systems, SYSTEM_COLUMNS),
        _lines(contents.lines, LINE_COLUMNS),
    ]


def _lines(rows: Iterable[Any], columns: Sequence[str]) -> list[list[Any]]:
    # The first columns of each tell the rows apart, so that no two values of different kinds are ever compared.
    return sorted([_plain(getattr(row, name)) for name in columns] for row in rows)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | None) else str(value)
