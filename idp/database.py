"""The database: engine, transactions with retries, UTC timestamps, UUIDv7 keys, constraint names."""

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, TypeVar, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, Table, Uuid, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from idp.at_hand import this_application

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
MAX_TRIES = 5
BEGIN = "BEGIN IMMEDIATE"
CHECKPOINT = "wal_autocheckpoint=4000"  # pages: a page written again and again is put in its place once in 16 MB of log, not in 4
LOG = f"journal_size_limit={64 * 1024 * 1024}"  # bytes it keeps once a reader that stayed long has made it longer
T = TypeVar("T")
_RANDOM_BITS = (1 << 74) - 1
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"


class Record(DeclarativeBase):
    """Base of everything that is remembered."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(record: type[Record]) -> Table:
    """The table of a record, for statements of SQLAlchemy Core: a quarter of what the ORM costs."""
    return cast("Table", record.__table__)


db = SQLAlchemy(model_class=Record, session_options={"autoflush": False})
_kept, _made = threading.local(), threading.local()
_NONE: tuple[Flask | None, Connection | None] = (None, None)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; a naive one is a bug and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """To the driver: UTC; SQLite, which knows no zones, gets it as text. Raises ValueError for a naive instant."""
        write = _text_of if dialect.name == "sqlite" else _as_utc
        return lambda value: None if value is None else write(_as_utc(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:  # noqa: ARG002
        """From the driver: aware, in UTC."""
        read = _instant_of if dialect.name == "sqlite" else _as_utc
        return lambda value: None if value is None else read(value)


def _as_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _text_of(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def new_id() -> uuid.UUID:
    """A fresh UUIDv7: sorts by time of creation, needs no sequence (RFC 9562 §5.7). Those that a thread makes rise, also within one
    millisecond (§6.2, method 2): what one request does is read in its order."""
    milliseconds, random = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    drawn, last = (milliseconds << 74) | random, getattr(_made, "last", 0)
    if drawn <= last and (last >> 74) - milliseconds <= 1:  # a clock that was put back further is believed
        drawn = last + 1 + (random >> 26)
    _made.last = drawn
    return _uuid7(drawn >> 74, drawn & _RANDOM_BITS)


def new_ids(count: int) -> list[uuid.UUID]:
    """Many fresh UUIDv7 at once, rising in their order: for a batch of rows, at a fraction of the system calls."""
    milliseconds, random = time.time_ns() // 1_000_000, os.urandom(10 * count)
    bits = sorted(int.from_bytes(random[start : start + 10], "big") & _RANDOM_BITS for start in range(0, 10 * count, 10))
    return [_uuid7(milliseconds, drawn) for drawn in bits]


def _uuid7(milliseconds: int, bits: int) -> uuid.UUID:
    high, low = bits >> 62, bits & ((1 << 62) - 1)
    return uuid.UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


def id_floor(instant: datetime) -> uuid.UUID:
    """The least UUIDv7 that could have been made at `instant`: bounds a scan by time without another index."""
    return uuid.UUID(int=(int(instant.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62))


def engine_options(url: str) -> dict[str, Any]:
    """What `create_engine` is given for this kind of database."""
    if url.startswith("sqlite"):
        in_a_file = url.partition("://")[2] not in ("", "/:memory:")
        # As below: the worker's jobs alone would wait for each other at SQLAlchemy's own limit of 15.
        pool = {"pool_size": 8, "max_overflow": 120} if in_a_file else {}
        return {"hide_parameters": True, "connect_args": {"check_same_thread": False, "timeout": 10}, **pool}
    return {
        "hide_parameters": True,  # an error of the database is logged, and the values of its statement must not be
        "pool_size": 8,
        "max_overflow": 120,  # a thread keeps two connections, and a process has at most 64 threads
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {"prepare_threshold": 1, "connect_timeout": 3},
    }


def prepare_engine(engine: Engine) -> None:
    """Teach the engine our habits; once, before its first connection."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own timing breaks write locks
        for pragma in (
            "journal_mode=wal",
            "synchronous=normal",
            "foreign_keys=on",
            "busy_timeout=10000",
            "cache_size=-8000",
            CHECKPOINT,
            LOG,
        ):
            connection.execute("pragma " + pragma)

    @event.listens_for(engine, "begin")
    def _begin_immediate(connection: Connection) -> None:
        # A read that later writes would fail with SQLITE_BUSY instead of waiting, so a transaction takes the lock at once.
        if not connection.get_execution_options().get("autocommit_reads"):
            raw = connection.connection.dbapi_connection
            assert raw is not None
            try:
                raw.cursor().execute(BEGIN)
            except sqlite3.OperationalError as busy:  # no statement of SQLAlchemy's: nobody else gives the driver's error its name
                raise OperationalError(BEGIN, None, busy) from busy


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]], **same: Any) -> None:
    """Insert many rows in one statement: `columns` names what is in each row, `same` what is the same in all of them.

    As `connection.execute(insert(table), rows)`, at half the processor time: values are converted column by column and the
    same ones once.
    """
    if not rows:
        return
    names = [*columns, *same]
    convert = [table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for name in names]
    in_hex = [connection.dialect.name == "sqlite" and isinstance(table.c[name].type, Uuid) for name in columns]
    values = [
        [key and key.hex for key in part] if is_key else _converted(to, part) if to else part
        for is_key, to, part in zip(in_hex, convert, zip(*rows, strict=True), strict=False)
    ]
    constant = [repeat(to(value) if to else value) for to, value in zip(convert[len(columns) :], same.values(), strict=True)]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - names are ours
    connection.exec_driver_sql(statement, list(zip(*values, *constant, strict=False)))


def _converted(to: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """Each value for the driver; the same object several times in a row is converted once."""
    last, made, found = object(), None, []
    for value in values:
        if value is not last:
            last, made = value, to(value)
        found.append(made)
    return found


def _is_worth_another_try(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if error.statement == BEGIN or getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return False  # has waited for the lock as long as anybody should, also where one statement is the transaction
    return state in (SERIALIZATION_FAILURE, DEADLOCK) or "database is locked" in str(error.orig)


def in_transaction(work: Callable[[Connection], T]) -> T:
    """Run `work(connection)` in one transaction, commit, and return its result; tried again when the database asks for that.

    `work` may run several times, so it does nothing outside the database. Called by doors only: deeds take the connection and
    never commit. An exception rolls back; a door that must keep what was written before it refuses returns the refusal
    instead of raising it. Raises RuntimeError inside another transaction of this thread, which could only wait for itself.
    """
    if getattr(_kept, "in_transaction", False):
        raise RuntimeError("a transaction inside a transaction: pass the connection on instead")
    _kept.in_transaction = True
    try:
        return _try_in_transaction(work)
    finally:
        _kept.in_transaction = False


def at_once(work: Callable[[Connection], T]) -> T:
    """As `in_transaction`, for work that writes by one statement (`prepared.first_with` is one): that is a transaction by itself. BEGIN
    and COMMIT around it would be two more round trips to PostgreSQL, half of what a short transaction costs."""
    if getattr(_kept, "in_transaction", False):
        raise RuntimeError("a transaction inside a transaction: pass the connection on instead")
    return _with_retries(lambda: work(reader()))


def _try_in_transaction(work: Callable[[Connection], T]) -> T:
    def once() -> T:
        connection = _kept_connection("writer")
        with connection.begin():
            return work(connection)

    return _with_retries(once)


def _with_retries(work: Callable[[], T]) -> T:
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return work()
        except DBAPIError as error:
            if attempt == MAX_TRIES or not _is_worth_another_try(error):
                raise
            time.sleep(0.01 * 2**attempt)
    raise AssertionError("unreachable")


def reader() -> Connection:
    """This thread's kept connection in autocommit mode, for single reads on hot paths: no BEGIN, no ROLLBACK, no pool.

    Every statement sees the newest committed state. Whoever writes asks for `in_transaction` or `at_once`.
    """
    return _kept_connection("reader")


def _kept_connection(use: str) -> Connection:
    """This thread's connection for one use. Taking one from the pool and giving it back costs as much as a short transaction."""
    application, (of, connection) = this_application(), getattr(_kept, use, _NONE)
    if connection is None or of is not application or connection.closed or connection.invalidated:
        _forget(use)
        connection = db.engine.connect()
        if use == "reader":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT", autocommit_reads=True)
        setattr(_kept, use, (application, connection))
    return connection


def forget_connections() -> None:
    """Close this thread's kept connections; the next use opens a new one."""
    _forget("reader")
    _forget("writer")


def close_connections() -> None:
    """Close every connection of this process before it forks: with one of SQLite's, the new process believes that it holds the locks
    which only the old one has, and a command may take its log away from under it."""
    forget_connections()
    db.engine.dispose()


def _forget(use: str) -> None:
    connection = getattr(_kept, use, _NONE)[1]
    setattr(_kept, use, _NONE)
    if connection is not None:
        try:
            connection.close()
        except DBAPIError:
            connection.invalidate()
