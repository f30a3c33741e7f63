"""Values that several people have, where each should have their own: found in the index of a column, without a look at the people."""

from typing import Any

from sqlalchemy import Connection, func, select


def values_of_several(connection: Connection, column: Any) -> list[Any]:
    """The values of a column that stand in several rows, whoever's they are: few, and to be looked at more closely. With a condition on
    the people it would be the rows of the whole province that are read, which takes five times as long."""
    value_of_several = select(column).where(column.is_not(None)).group_by(column).having(func.count() > 1)
    return list(connection.execute(value_of_several).scalars())
