"""Statements of hot paths: written in SQLAlchemy Core, compiled once, run at the driver's own price.

`Connection.execute` costs 25 to 60 µs of Python each time, whatever it asks: more than SQLite takes to answer. Here the
text, the conversion of values and the shape of rows are worked out at the first use; what is left is the driver. A
statement must be made once, by its module. Transactions, retries and errors stay what they are with `Connection.execute`;
values that Python would make up for a column are not made: name them.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Table, Update, bindparam, insert, select
from sqlalchemy.exc import DBAPIError

from idp import prepared_postgresql
from idp.prepared_postgresql import Numbered

Statement = Select[Any] | Insert | Update | Delete
Convert = Callable[[Any], Any]
Row = tuple[Table, Mapping[str, Any]]


@dataclass(frozen=True)
class _Compiled:
    """A statement in the words of one driver. `constants`: values that stand in the statement; `to_driver` and `from_driver`:
    the conversions that are needed at all, by name and by place; `numbered`: the statement as PostgreSQL prepares it."""

    text: str
    numbered: Numbered | None
    positions: tuple[str, ...] | None
    constants: dict[str, Any]
    to_driver: tuple[tuple[str, Convert], ...]
    from_driver: tuple[tuple[int, Convert], ...]
    make_row: Callable[[Any], Any] | None


_known: dict[tuple[Any, ...], _Compiled] = {}
_joined: dict[tuple[Any, ...], Select[Any]] = {}
_numbers = count()


def first(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Any:
    """The first row of the answer, or None; columns by name or by place."""
    compiled = _compiled(connection.dialect, statement, values)
    assert compiled.make_row is not None
    row, _ = _run(connection, compiled, values)
    if row is None:
        return None
    if compiled.from_driver:
        row = list(row)
        for place, convert in compiled.from_driver:
            row[place] = convert(row[place])
    return compiled.make_row(row)


def run(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> int:
    """Run what changes something; return how many rows it changed. (PostgreSQL's driver counts no rows of an INSERT that may do
    nothing: let such a one RETURN something and ask for the `first`.)"""
    _, changed = _run(connection, _compiled(connection.dialect, statement, values), values)
    return changed


def first_with(connection: Connection, change: Insert | Update, values: Mapping[str, Any], *rows: Row) -> Any:
    """The first row that a change returns, and with it, when there is one, these `rows` inserted: a deed and its event, say. All of it
    or nothing. On PostgreSQL that is one statement, and so one round trip; SQLite knows none for it and is asked for one after the
    other, between a BEGIN and a COMMIT of its own unless it is in a transaction."""
    if connection.dialect.name == "postgresql":
        named = {_place(table, name): value for table, row in rows for name, value in row.items()}
        return first(connection, _in_one(change, rows), {**values, **named})
    driver: Any = connection.connection.dbapi_connection
    if driver.in_transaction:
        return _one_after_the_other(connection, change, values, rows)
    try:
        _say(connection, "BEGIN IMMEDIATE")  # as in idp.database: whoever reads first and writes then does not wait but fails
        found = _one_after_the_other(connection, change, values, rows)
        _say(connection, "COMMIT")
    except BaseException:
        driver.rollback()
        raise
    return found


def _one_after_the_other(connection: Connection, change: Insert | Update, values: Mapping[str, Any], rows: tuple[Row, ...]) -> Any:
    found = first(connection, change, values)
    for table, row in rows if found is not None else ():
        run(connection, _insert_into(table), row)
    return found


def _say(connection: Connection, text: str) -> None:
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(text)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told_by_sqlalchemy(connection, text, error) from error


def _place(table: Table, name: str) -> str:
    return f"{table.name}__{name}"


def _in_one(change: Insert | Update, rows: tuple[Row, ...]) -> Select[Any]:
    """`WITH change AS (…), event AS (INSERT … SELECT … FROM change) SELECT … FROM change`."""
    key = (change, *((table, *row) for table, row in rows))
    if key not in _joined:
        made = change.cte("change")
        statement = select(*made.c)
        for table, row in rows:
            told = [bindparam(_place(table, name), type_=table.c[name].type) for name in row]
            statement = statement.add_cte(insert(table).from_select(list(row), select(*told).select_from(made)).cte(table.name + "_row"))
        _joined[key] = statement
    return _joined[key]


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


def _compiled(dialect: Dialect, statement: Statement, values: Mapping[str, Any]) -> _Compiled:
    key = (statement, dialect.name, *values)
    if key not in _known:
        _known[key] = _compile(dialect, statement, values)
    return _known[key]


def _compile(dialect: Dialect, statement: Statement, values: Mapping[str, Any]) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=None if isinstance(statement, Select) else list(values))
    binders = {name: _processor(bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in compiled.binds.items()}
    missing = [name for name, bind in compiled.binds.items() if bind.required and name not in values]
    missing += [column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)]  # defaults made by Python
    assert not missing, missing
    constants = {name: binders[name](value) for name, value in compiled.params.items() if name not in values}
    columns = list(statement.exported_columns.items())
    converts = [column.type.dialect_impl(dialect).result_processor(dialect, None) for _, column in columns]
    text = str(compiled)
    return _Compiled(
        text=text,
        numbered=prepared_postgresql.numbered(text, f"hopnhat_{next(_numbers)}") if dialect.name == "postgresql" else None,
        positions=tuple(compiled.positiontup) if compiled.positiontup else None,
        constants=constants,
        to_driver=tuple((name, binders[name]) for name in values if name in binders and binders[name] is not _as_it_is),
        from_driver=tuple((place, convert) for place, convert in enumerate(converts) if convert),
        make_row=_row_maker([str(name) for name, _ in columns]) if columns else None,
    )


def _row_maker(names: list[str]) -> Convert:
    make: Convert = namedtuple("Row", names, rename=True)._make  # type: ignore[attr-defined]  # made from names that only run time knows
    return make


def _as_it_is(value: Any) -> Any:
    return value


def _processor(found: Convert | None) -> Convert:
    return found or _as_it_is


def _run(connection: Connection, compiled: _Compiled, values: Mapping[str, Any]) -> tuple[Any, int]:
    """The first row of the answer, if there is one, and how many rows were changed."""
    given = {**compiled.constants, **values}
    for name, convert in compiled.to_driver:
        given[name] = convert(given[name])
    driver: Any = connection.connection.dbapi_connection
    sent = given if compiled.positions is None else [given[name] for name in compiled.positions]
    if connection.dispatch.before_cursor_execute:  # whoever counts the statements of an engine counts these too
        connection.dispatch.before_cursor_execute(connection, None, compiled.text, sent, None, False)
    try:
        if compiled.numbered is not None and driver.autocommit:
            return prepared_postgresql.execute(driver, compiled.numbered, given)
        cursor = driver.cursor()
        cursor.execute(compiled.text, sent)
        # To the last row: SQLite ends a change, and its transaction, only then.
        rows = cursor.fetchall() if compiled.make_row else ()
        return rows[0] if rows else None, cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told_by_sqlalchemy(connection, compiled.text, error) from error


def _told_by_sqlalchemy(connection: Connection, text: str, error: Any) -> Exception:
    """The error as `Connection.execute` raises it; a connection that broke is not used again. Values are never told."""
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    broken = dialect.is_disconnect(error, driver, None)
    if broken:
        connection.invalidate(error)
    told: Exception = DBAPIError.instance(
        text, {}, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=broken, dialect=dialect
    )
    return told
