"""Which units of a past day somebody may read by name: today's reach decides who may look, the tree of that day what is shown.

A unit that is still there counts where it stands today. One that is gone counts where it went: all that it became must be within
today's reach, since its people are now there.
"""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select

from idp.database import table_of
from idp.people.models import Unit
from idp.people.unit_models import UnitSuccessor
from idp.people.units import below

_u, _x = table_of(Unit), table_of(UnitSuccessor)


def units_reached_then(connection: Connection, tree: Mapping[uuid.UUID, Any], tops: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The units of a day's tree whose people may be read by name by whoever reaches `tops` and all below them today."""
    today = set(connection.execute(select(below(tops).c.id)).scalars())
    became: dict[uuid.UUID, set[uuid.UUID]] = {}
    for row in connection.execute(select(_x.c.unit_id, _x.c.successor_id)):
        became.setdefault(row.unit_id, set()).add(row.successor_id)
    gone = set(connection.execute(select(_u.c.id).where(_u.c.valid_to.is_not(None))).scalars())

    def is_reached(unit_id: uuid.UUID, seen: frozenset[uuid.UUID]) -> bool:
        heirs = became.get(unit_id, set()) if unit_id in gone else set()
        if not heirs:
            return unit_id in today
        return unit_id not in seen and all(is_reached(heir, seen | {unit_id}) for heir in heirs)

    return {unit_id for unit_id in tree if is_reached(unit_id, frozenset())}
