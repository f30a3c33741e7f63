"""How a database answers what is asked inside a block: its plans, and what in them reads a whole table."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from idp.database import db

Asked = list[tuple[str, Any]]


@contextmanager
def watched_questions() -> Iterator[Asked]:
    """The questions put to the database inside the block, with their values."""
    asked: Asked = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def whole_readings(asked: Asked, tables: set[str], *, sorts: bool = True) -> list[str]:
    """Where one of these tables, or a whole index of it to be sorted, would be read from end to end; where it must not be sorted, also
    whatever is read of it to be sorted. PostgreSQL is told that reading a table whole is dear, as it is when it is large, and so is
    sorting; where it does so still, there is no index."""
    with db.engine.connect() as connection:
        look = _in_sqlite
        if connection.dialect.name == "postgresql":
            look = _in_postgresql
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        return [f"{fault}: {statement}" for statement, values in asked for fault in look(connection, statement, values, tables, sorts)]


def _in_sqlite(connection: Connection, statement: str, values: Any, tables: set[str], sorts: bool) -> list[str]:
    lines = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values).all()
    sorted_whole = {parent for _id, parent, _unused, detail in lines if detail.startswith("USE TEMP B-TREE FOR ORDER BY")}
    return [
        detail
        for _id, parent, _unused, detail in lines
        if detail.startswith(("SCAN ", "SEARCH "))
        and detail.split()[1] in tables
        and (
            (detail.startswith("SCAN") and "INDEX" not in detail)
            or (parent in sorted_whole and not (sorts and detail.startswith("SEARCH")))
        )
    ]


def _in_postgresql(connection: Connection, statement: str, values: Any, tables: set[str], sorts: bool) -> list[str]:
    told = connection.exec_driver_sql("EXPLAIN (FORMAT JSON) " + statement, values).scalar_one()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return list(_whole(plan, tables, sorts, sorted_above=False))


def _whole(node: dict[str, Any], tables: set[str], sorts: bool, *, sorted_above: bool) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    conditions = node.get("Index Cond") or node.get("Recheck Cond") or ""
    if table in tables and (kind == "Seq Scan" or (sorted_above and "Scan" in kind and not (sorts and conditions))):
        yield f"{kind} on {table} {node.get('Index Name', '')}"
    is_sorted = (sorted_above or kind == "Sort") and kind != "Limit"
    for part in node.get("Plans", ()):
        yield from _whole(part, tables, sorts, sorted_above=is_sorted)
