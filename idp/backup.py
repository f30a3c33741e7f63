"""A whole installation in one file, and back into an empty database: of either kind, so that it also moves from SQLite to PostgreSQL.

The file is gzip over lines of JSON: a head, then each table's columns and rows in the order of what refers to what, then a foot that
says how many rows there are and their SHA-256. Secrets stay sealed in it as they are in the database; the sealing keys are not in it.
"""

import gzip
import hashlib
import json
import os
import tempfile
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_babel import gettext as _
from sqlalchemy import Connection, Date, LargeBinary, Table, Uuid, column, func, inspect, select, table, text

from idp import clock, schema
from idp.database import Record, UtcDateTime, db, forget_connections
from idp.errors import Refusal

FORMAT = "hopnhat-backup/1"
ROWS_AT_ONCE = 1000
PARENTS_FIRST = {"unit": "parent_id"}  # tables whose rows refer to others of their own
Progress = Callable[[str, int], object]  # a table's name, and how many rows of it are done


@dataclass(frozen=True)
class Summary:
    """What is in a backup: when it was made, of which revision of the schema, and how many rows each table has."""

    made_at: datetime
    revision: str
    rows: dict[str, int]


def write_backup(target: Path, progress: Progress = lambda *_: None) -> Summary:
    """Write everything to a new file that only this account can read, as it was at one instant; people go on signing in meanwhile.
    Raises Refusal: the database is not at the newest revision, or there is such a file already."""
    if not schema.is_current():
        raise Refusal(_("Cơ sở dữ liệu chưa ở phiên bản mới nhất. Chạy hopnhat db upgrade trước."), "schema_not_current")
    if target.exists():
        raise Refusal(_("Đã có tệp này; chọn tên khác."), "file_exists")
    # Under another name until it is whole, so that a half-written file is never taken for a backup.
    handle, name = tempfile.mkstemp(prefix=".hopnhat-", dir=target.parent or ".")
    try:
        with os.fdopen(handle, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
            summary = _write(packed, progress)
        with Path(name).open("rb") as written:
            os.fsync(written.fileno())
        os.link(name, target)  # refuses to take the place of another file
        return summary
    finally:
        Path(name).unlink()


def _write(packed: gzip.GzipFile, progress: Progress) -> Summary:
    counted, hashed, made_at = {}, hashlib.sha256(), clock.now()

    def line(value: Any) -> None:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        hashed.update(written)
        packed.write(written)

    with _one_instant() as connection:
        revision = MigrationContext.configure(connection).get_current_revision() or ""
        line({"format": FORMAT, "revision": revision, "made_at": made_at.isoformat(), "kind": connection.dialect.name})
        for one in Record.metadata.sorted_tables:
            line({"table": one.name, "columns": [part.name for part in one.columns]})
            counted[one.name] = 0
            for row in _rows(connection, one):
                line([_plain(value) for value in row])
                counted[one.name] += 1
                if counted[one.name] % ROWS_AT_ONCE == 0:
                    progress(one.name, counted[one.name])
    summary = {"rows": counted, "sha256": hashed.hexdigest()}
    packed.write(json.dumps(summary).encode() + b"\n")
    return Summary(made_at, revision, counted)


class _one_instant:  # noqa: N801 -- reads as a verb where it is used
    """A connection to which the database looks as at one instant, and which keeps nobody else waiting."""

    def __enter__(self) -> Connection:
        engine = db.engine
        self._connection = engine.connect()
        if engine.dialect.name == "postgresql":
            self._connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            self._connection.execution_options(autocommit_reads=True).exec_driver_sql("BEGIN")
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.exec_driver_sql("ROLLBACK") if self._connection.dialect.name == "sqlite" else self._connection.rollback()
        self._connection.close()


def _rows(connection: Connection, one: Table) -> Iterable[Any]:
    parent = PARENTS_FIRST.get(one.name)
    if parent is None:
        ordered = select(one).order_by(*one.primary_key.columns)
        return connection.execute(ordered, execution_options={"stream_results": True, "yield_per": ROWS_AT_ONCE})
    return _parents_first(list(connection.execute(select(one)).mappings()), parent)


def _parents_first(rows: Sequence[Any], parent: str) -> Iterator[Sequence[Any]]:
    """The rows so that whatever one refers to comes before it; what refers to nothing that is there, or in a circle, at the end."""
    waiting, known = {row["id"]: row for row in rows}, {None}
    while ready := [row for row in waiting.values() if row[parent] in known]:
        for row in ready:
            known.add(row["id"])
            del waiting[row["id"]]
            yield tuple(row.values())
    yield from (tuple(row.values()) for row in waiting.values())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, uuid.UUID) else value


def read_summary(source: Path) -> Summary:
    """What a file says of itself, every byte of it checked. Raises Refusal for what is no backup, or not a whole one."""
    made: dict[str, Any] = {}
    counted: dict[str, int] = {}
    for kind, value in _lines(source):
        if kind == "head":
            made = value
        elif kind == "table":
            counted[value["table"]] = 0
            last = value["table"]
        elif kind == "row":
            counted[last] += 1
        elif value["rows"] != counted:
            raise _not_whole()
    return Summary(datetime.fromisoformat(made["made_at"]), str(made["revision"]), counted)


def _lines(source: Path) -> Iterator[tuple[str, Any]]:
    """Head, tables, rows and foot. Raises Refusal."""
    hashed, first, ended = hashlib.sha256(), True, False
    try:
        with gzip.open(source, "rb") as packed:
            for written in packed:
                value = json.loads(written)
                if isinstance(value, dict) and "sha256" in value:
                    if value["sha256"] != hashed.hexdigest():
                        raise _not_whole()
                    ended = True
                    yield "foot", value
                    continue
                if first and (not isinstance(value, dict) or value.get("format") != FORMAT):
                    raise _no_backup()
                hashed.update(written)
                yield "head" if first else "row" if isinstance(value, list) else "table", value
                first = False
    except (OSError, EOFError, ValueError, KeyError) as broken:
        raise (_no_backup() if first else _not_whole()) from broken
    if not ended:
        raise _not_whole()


def _no_backup() -> Refusal:
    return Refusal(_("Tệp này không phải bản sao lưu của Hợp Nhất."), "no_backup")


def _not_whole() -> Refusal:
    return Refusal(_("Bản sao lưu không toàn vẹn: bị cắt, bị hỏng hoặc bị sửa. Dùng bản khác."), "backup_not_whole")


def restore(source: Path, progress: Progress = lambda *_: None) -> Summary:
    """Put everything into this database, all of it or nothing, and bring it to the newest revision. Raises Refusal: the file is not
    whole, it was made by a newer version, or the database is not empty."""
    summary = read_summary(source)
    if summary.revision not in {one.revision for one in ScriptDirectory.from_config(schema.alembic_config()).walk_revisions()}:
        raise Refusal(_("Bản sao lưu do phiên bản mới hơn tạo ra. Cài phiên bản đó rồi khôi phục."), "backup_of_a_newer_version")
    forget_connections()
    with db.engine.connect() as connection:
        if set(inspect(connection).get_table_names()) - {"alembic_version"}:
            raise Refusal(_("Cơ sở dữ liệu không trống. Khôi phục vào một cơ sở dữ liệu mới, rồi đổi HOPNHAT_DATABASE_URL."), "not_empty")
    config = schema.alembic_config()
    command.upgrade(config, summary.revision)
    with db.engine.begin() as connection:
        _take_out_what_revisions_put_in(connection)
        _load(connection, source, progress)
        _go_on_counting(connection)
    command.upgrade(config, "head")
    return summary


def _take_out_what_revisions_put_in(connection: Connection) -> None:
    for name in inspect(connection).get_table_names():
        if name != "alembic_version" and connection.execute(select(func.count()).select_from(table(name))).scalar():
            connection.execute(table(name).delete())


def _load(connection: Connection, source: Path, progress: Progress) -> None:
    name, done, statement = "", 0, table("").insert()
    readers: list[tuple[str, Callable[[Any], Any]]] = []
    batch: list[dict[str, Any]] = []

    def flush() -> None:
        nonlocal done
        if batch:
            connection.execute(statement, batch)
            done += len(batch)
            progress(name, done)
            batch.clear()

    for kind, value in _lines(source):
        if kind == "table":
            flush()
            name, done = value["table"], 0
            kinds = {part: Record.metadata.tables[name].c[part].type for part in value["columns"]}
            readers = [(part, _reader_of(kinds[part])) for part in value["columns"]]
            # Columns by name only: the defaults of this version are not those of the rows.
            statement = table(name, *(column(part, kinds[part]) for part in value["columns"])).insert()
        elif kind == "row":
            batch.append({part: read(cell) for (part, read), cell in zip(readers, value, strict=True)})
            if len(batch) == ROWS_AT_ONCE:
                flush()
    flush()


def _reader_of(kind: Any) -> Callable[[Any], Any]:
    readers: list[tuple[type, Callable[[Any], Any]]] = [
        (Uuid, uuid.UUID), (UtcDateTime, datetime.fromisoformat), (Date, date.fromisoformat), (LargeBinary, b64decode),
    ]  # fmt: skip
    found = next((read for of, read in readers if isinstance(kind, of)), None)
    if found is None:
        return lambda cell: cell
    return lambda cell: None if cell is None else found(cell)


def _go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL's sequences go on behind the numbers that came along."""
    if connection.dialect.name != "postgresql":
        return
    for one in Record.metadata.sorted_tables:
        for part in one.primary_key.columns:
            with suppress(NotImplementedError):
                if part.type.python_type is int:
                    connection.execute(
                        text(
                            f"SELECT setval(pg_get_serial_sequence('{one.name}', '{part.name}'), max({part.name})) FROM {one.name}"  # noqa: S608 -- names are ours
                            f" HAVING pg_get_serial_sequence('{one.name}', '{part.name}') IS NOT NULL AND max({part.name}) IS NOT NULL"
                        )
                    )
