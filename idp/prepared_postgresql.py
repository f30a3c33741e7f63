"""PostgreSQL's prepared statements through libpq: a third of what they cost through a cursor of psycopg.

A cursor plans, prepares, sends and waits in Python; libpq does the same in one call, without holding the interpreter's lock.
Values are written and read by psycopg's own adapters, so what comes back is what a cursor would give. Only for connections in
autocommit mode: on any other, a cursor begins the transaction first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import Connection, OperationalError, abc, adapt
from psycopg.adapt import PyFormat
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

_PLACE = re.compile(r"%\((\w+)\)s|%%")
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(frozen=True)
class Numbered:
    """A statement with $1, $2, … for its values, of which `names` is the order."""

    name: bytes
    text: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]


@dataclass(frozen=True)
class _Known:
    """What one connection has prepared, and how it writes and reads values."""

    transformer: abc.Transformer
    prepared: set[bytes] = field(default_factory=set)


_known: WeakKeyDictionary[Connection[Any], _Known] = WeakKeyDictionary()


def numbered(text: str, name: str) -> Numbered:
    """A statement of SQLAlchemy's, with %(name)s for its values, under a `name` that no other statement of this process has."""
    names = list(dict.fromkeys(found for found in _PLACE.findall(text) if found))
    place = {found: f"${number}" for number, found in enumerate(names, 1)}
    written = _PLACE.sub(lambda found: place[found[1]] if found[1] else "%", text)
    # As text, whose type the server works out itself: a number in binary would have to be of its column's length.
    return Numbered(name.encode(), written.encode(), tuple(names), (PyFormat.TEXT,) * len(names))


def execute(connection: Connection[Any], statement: Numbered, values: Mapping[str, Any]) -> tuple[Any, int]:
    """Run it; return the first row of the answer (None when there is none), and how many rows it found or changed. Raises as a
    cursor does."""
    known = _known.get(connection)
    if known is None:
        known = _known[connection] = _Known(adapt.Transformer(connection))
    if statement.name not in known.prepared:
        _require(connection, connection.pgconn.prepare(statement.name, statement.text))
        known.prepared.add(statement.name)
    transformer = known.transformer
    sent = transformer.dump_sequence([values[name] for name in statement.names], statement.formats)
    result = connection.pgconn.exec_prepared(statement.name, sent, None, Format.TEXT)  # type: ignore[arg-type]  # None is NULL
    _require(connection, result)
    if result.ntuples == 0:
        return None, result.command_tuples or 0
    transformer.set_pgresult(result)
    return transformer.load_row(0, tuple), result.ntuples


def _require(connection: Connection[Any], result: PGresult) -> None:
    if result.status in _GOOD:
        return
    error = error_from_result(result)
    if connection.pgconn.status == ConnStatus.BAD and not isinstance(error, OperationalError):
        raise OperationalError(*error.args) from error  # the connection broke before the server could say why
    raise error
