"""The counts of a day added up: the whole, levels, categories, and every unit with all units below it. Pure arithmetic."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from idp.enrollment.rungs import NO_UNIT, Rung
from idp.people.models import StaffCategory

RUNGS = tuple(rung.value for rung in Rung)
WHOLE, LEVEL, CATEGORY, UNIT, OWN = "whole", "level", "category", "unit", "own"
COUNTED = (
    "people", "entitled", "accounts", *(rung.lower() for rung in RUNGS), "authenticated_entitled", "seamless_entitled", "absent", "exempt",
    "left_out",
)  # fmt: skip
_PLACE = {name: place for place, name in enumerate(COUNTED)}
_AUTHENTICATED = frozenset({Rung.AUTHENTICATED.value, Rung.SEAMLESS.value})
Vector = list[int]


def vector_of(row: Any, counts_contract_staff: bool) -> Vector:
    """One count as a row of `COUNTED`."""
    found = [0] * len(COUNTED)
    if row.staff_category == StaffCategory.HOP_DONG.value and not counts_contract_staff:
        found[_PLACE["left_out"]] = row.people
        return found
    entitled = row.entitled or 0
    found[_PLACE["people"]] = found[_PLACE[row.rung.lower()]] = row.people
    found[_PLACE["entitled"]] = entitled
    found[_PLACE["accounts"]] = 0 if row.rung == Rung.NO_ACCOUNT.value else row.people
    found[_PLACE["authenticated_entitled"]] = entitled if row.rung in _AUTHENTICATED else 0
    found[_PLACE["seamless_entitled"]] = entitled if row.rung == Rung.SEAMLESS.value else 0
    found[_PLACE["absent"]], found[_PLACE["exempt"]] = row.absent or 0, row.exempt or 0
    return found


def add_up(counts: Iterable[Any], tree: Mapping[uuid.UUID, Any], counts_contract_staff: bool) -> list[dict[str, Any]]:
    """Totals as rows of `snapshot_total` without the day. `tree`: the units of the day. The units without one above, and `own` lines,
    add up to the whole; the units right below a unit and its `own` line add up to the unit."""
    sums: dict[tuple[str, str], Vector] = {(WHOLE, ""): [0] * len(COUNTED)}
    own: dict[uuid.UUID, Vector] = {}
    for row in counts:
        vector = vector_of(row, counts_contract_staff)
        _add(sums, (WHOLE, ""), vector)
        if vector[_PLACE["people"]]:
            _add(sums, (LEVEL, row.level), vector)
            _add(sums, (CATEGORY, row.staff_category), vector)
        _add(own, row.unit_id if row.unit_id in tree else NO_UNIT, vector)
    with_below = _up_the_tree(own, tree)
    has_more = {tree[unit_id].parent_id for unit_id in with_below}
    found = [_line(kind, key, "", "", key, key if kind == LEVEL else "", False, one) for (kind, key), one in sums.items()]
    for unit_id, one in with_below.items():
        unit = tree[unit_id]
        parent = str(unit.parent_id) if unit.parent_id in tree else ""
        found.append(_line(UNIT, str(unit_id), parent, unit.code or "", unit.name, unit.level, unit_id in has_more, one))
    for unit_id, one in own.items():
        if unit_id == NO_UNIT:
            found.append(_line(OWN, str(unit_id), "", "", "", "", False, one))
        elif unit_id in has_more:
            unit = tree[unit_id]
            found.append(_line(OWN, str(unit_id), str(unit_id), unit.code or "", unit.name, unit.level, False, one))
    return found


def _add(sums: dict[Any, Vector], key: Any, vector: Vector) -> None:
    found = sums.get(key)
    if found is None:
        sums[key] = list(vector)
    else:
        for place, number in enumerate(vector):
            if number:
                found[place] += number


def _up_the_tree(own: Mapping[uuid.UUID, Vector], tree: Mapping[uuid.UUID, Any]) -> dict[uuid.UUID, Vector]:
    totals: dict[uuid.UUID, Vector] = {}
    for unit_id, one in own.items():
        above: uuid.UUID | None = unit_id
        seen: set[uuid.UUID] = set()
        while above is not None and above in tree and above not in seen:
            seen.add(above)
            _add(totals, above, one)
            above = tree[above].parent_id
    return totals


def _line(kind: str, key: str, parent_key: str, code: str, name: str, level: str, has_more: bool, vector: Vector) -> dict[str, Any]:
    told = dict(zip(COUNTED, vector, strict=True))
    about = {"kind": kind, "key": key, "parent_key": parent_key, "code": code, "name": name, "level": level, "has_more": has_more}
    return about | told | {"missing": told["entitled"] - told["seamless_entitled"]}
