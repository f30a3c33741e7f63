"""The way from the province down to a unit, from a small picture of the unit tree in memory, read again once a minute."""

import time
import uuid
from typing import Any, cast

from flask import current_app
from sqlalchemy import select

from idp.database import reader, table_of
from idp.people.models import Unit

FRESH_SECONDS = 60.0
DEEPEST = 12  # a loop in the data must not become a loop in the code

Step = dict[str, Any]
_u = table_of(Unit)
_all = select(_u.c.id, _u.c.parent_id, _u.c.code, _u.c.name, _u.c.level)


def unit_path(unit_id: uuid.UUID | None) -> list[Step]:
    """Code, name and level of each unit from the top down to this one; empty when there is none."""
    if unit_id is None:
        return []
    tree = _tree()
    if unit_id not in tree:
        tree = _tree(anew=True)
    path: list[Step] = []
    while unit_id in tree and len(path) < DEEPEST:
        unit_id, step = tree[unit_id]
        path.append(step)
    return path[::-1]


def place_of(unit_id: uuid.UUID | None) -> str:
    """The names of the units above this one, nearest first, without the group at the top: every agency has a "Văn phòng"."""
    return ", ".join(step["name"] for step in unit_path(unit_id)[-2:0:-1])


def units_up_from(unit_id: uuid.UUID | None) -> frozenset[uuid.UUID]:
    """This unit and all above it; empty when there is none."""
    tree = _tree()
    if unit_id is not None and unit_id not in tree:
        tree = _tree(anew=True)
    found: set[uuid.UUID] = set()
    while unit_id is not None and unit_id in tree and unit_id not in found:
        found.add(unit_id)
        unit_id, _step = tree[unit_id]
    return frozenset(found)


def _tree(*, anew: bool = False) -> dict[uuid.UUID | None, tuple[uuid.UUID | None, Step]]:
    kept = cast("tuple[float, Any] | None", current_app.extensions.get("hopnhat.unit_tree"))
    if kept is not None and not anew and time.monotonic() - kept[0] < FRESH_SECONDS:
        return cast("dict[uuid.UUID | None, tuple[uuid.UUID | None, Step]]", kept[1])
    tree = {row.id: (row.parent_id, {"code": row.code, "name": row.name, "level": row.level}) for row in reader().execute(_all)}
    current_app.extensions["hopnhat.unit_tree"] = (time.monotonic(), tree)
    return tree
