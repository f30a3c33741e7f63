"""The unit tree: what lies below a unit, the way from the top to it."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import CTE, Connection, func, literal, select

from idp.database import table_of
from idp.people.models import Level, Person, Unit

DEEPEST = 20  # a loop in the directory's tree must not become ours
_u, _p = table_of(Unit), table_of(Person)


def below(unit_ids: Collection[uuid.UUID]) -> CTE:
    """The units named and all below them, as a table with the one column `id`, for use inside a query."""
    tree = (
        select(_u.c.id, literal(0).label("depth")).where(_u.c.id.in_(unit_ids)).cte(recursive=True)
    )  # without a name: a query may ask for two
    deeper = select(_u.c.id, tree.c.depth + 1).join(tree, _u.c.parent_id == tree.c.id).where(tree.c.depth < DEEPEST)
    return tree.union(deeper)


def is_below(connection: Connection, unit_id: uuid.UUID, unit_ids: Collection[uuid.UUID]) -> bool:
    """Whether a unit is one of these, or lies below one of them."""
    lower = below(unit_ids)
    return connection.execute(select(lower.c.id).where(lower.c.id == unit_id)).first() is not None


def is_whole_province(connection: Connection, unit_id: uuid.UUID) -> bool:
    """Whether a unit is the province itself: of that level, with nothing above it, and most units in use below it."""
    is_in_use = _u.c.valid_to.is_(None)
    top = select(_u.c.id).where(_u.c.id == unit_id, _u.c.level == Level.PROVINCE.value, _u.c.parent_id.is_(None))
    if connection.execute(top).first() is None:
        return False
    lower = select(below({unit_id}).c.id)
    inside, all_of_them = connection.execute(select(func.count().filter(_u.c.id.in_(lower)), func.count()).where(is_in_use)).one()
    return bool(inside > 1 and inside * 2 > all_of_them)


def path_to(connection: Connection, unit_id: uuid.UUID | None) -> Sequence[Any]:
    """The units from the top of the tree down to this one, each with id, name and level; empty for None."""
    columns = (_u.c.id, _u.c.name, _u.c.level, _u.c.parent_id)
    way = select(*columns, literal(0).label("height")).where(_u.c.id == unit_id).cte("way", recursive=True)
    higher = select(*columns, way.c.height + 1).join(way, _u.c.id == way.c.parent_id).where(way.c.height < DEEPEST)
    whole = way.union_all(higher)
    return connection.execute(select(whole.c.id, whole.c.name, whole.c.level).order_by(whole.c.height.desc())).all()


def unit_of(connection: Connection, person_id: uuid.UUID) -> uuid.UUID | None:
    """The unit that a person belongs to."""
    return connection.execute(select(_p.c.unit_id).where(_p.c.id == person_id)).scalar()


def find_unit(connection: Connection, unit_id: uuid.UUID) -> Any | None:
    """One unit by its key."""
    return connection.execute(select(_u).where(_u.c.id == unit_id)).first()
