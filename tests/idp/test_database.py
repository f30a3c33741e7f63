"""Rules of the database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from time import time_ns
from uuid import RFC_4122

import pytest
from flask import Flask
from sqlalchemy import Connection, String, create_engine, event, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from idp import clock
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import (
    _is_worth_another_try,
    forget_connections,
    id_floor,
    in_transaction,
    insert_rows,
    new_id,
    new_ids,
    prepare_engine,
    reader,
    table_of,
)
from idp.jobs import JobLease
from tests.support.installation import close, settings_for

_t = table_of(JobLease)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _row(name: str, at: datetime = NOON) -> dict[str, object]:
    return {"name": name, "holder": "", "leased_until": at, "next_run_at": at}


def test_keys_that_a_thread_makes_rise_also_within_a_millisecond_and_none_is_made_twice() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: [new_id() for _ in range(5000)], range(4)))
    assert all(keys == sorted(keys) for keys in made)
    assert len({key for keys in made for key in keys}) == 20_000
    assert {(key.version, key.variant) for key in made[0]} == {(7, RFC_4122)}
    assert all(abs((key.int >> 80) - time_ns() // 1_000_000) < 60_000 for key in made[0])


def test_keys_sort_by_the_time_of_their_making() -> None:
    keys = [new_id() for _ in range(3)]
    assert all(key.version == 7 for key in keys)
    assert id_floor(clock.now() - timedelta(seconds=1)) < keys[0] < id_floor(clock.now() + timedelta(seconds=1))


def test_many_keys_made_at_once_rise_and_are_all_different() -> None:
    keys = new_ids(1000)
    assert keys == sorted(set(keys))
    assert {key.version for key in keys} == {7}
    assert new_ids(0) == []


def test_many_rows_at_once_are_the_same_rows_as_one_by_one(app: Flask) -> None:
    table = table_of(AuditEvent)
    rows = [(new_id(), new_id(), {"tên": "Đặng"}), (new_id(), None, {})]
    same = {"at": NOON, "event": "person.added", "actor": "cli:test", "client_id": None, "address": None, "request_id": None}

    def write(connection: Connection) -> None:
        insert_rows(connection, table, ("id", "person_id", "detail"), rows, **same)
        insert_rows(connection, table, ("id", "person_id", "detail"), [], **same)
        for _, person_id, detail in rows:
            connection.execute(insert(table), {**same, "id": new_id(), "person_id": person_id, "detail": detail, "event": "person.changed"})

    in_transaction(write)
    columns = [column for column in table.c if column.name not in ("event",)]
    found = {
        event: list(reader().execute(select(*columns).where(table.c.event == event).order_by(table.c.detail.cast(String))))
        for event in ("person.added", "person.changed")
    }
    assert len(found["person.added"]) == 2
    assert [row[1:] for row in found["person.added"]] == [row[1:] for row in found["person.changed"]]


def test_an_instant_comes_back_as_the_same_instant_in_utc(app: Flask) -> None:
    in_hanoi = NOON.astimezone(timezone(timedelta(hours=7)))
    in_transaction(lambda c: c.execute(insert(JobLease), _row("a", in_hanoi)))
    found = reader().execute(select(_t.c.next_run_at)).scalar_one()
    assert found == NOON
    assert found.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(app: Flask) -> None:
    with pytest.raises(Exception, match="naive"):
        in_transaction(lambda c: c.execute(insert(JobLease), _row("a", NOON.replace(tzinfo=None))))


def test_a_transaction_that_raises_leaves_nothing(app: Flask) -> None:
    def write_and_fail(connection: Connection) -> None:
        connection.execute(insert(JobLease), _row("a"))
        raise LookupError

    with pytest.raises(LookupError):
        in_transaction(write_and_fail)
    assert reader().execute(select(_t.c.name)).all() == []


def test_a_transaction_inside_a_transaction_is_refused_at_once(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        in_transaction(lambda _: in_transaction(lambda c: c.execute(insert(JobLease), _row("a"))))
    in_transaction(lambda c: c.execute(insert(JobLease), _row("a")))


def test_the_reader_sees_what_was_committed_a_moment_ago(app: Flask) -> None:
    assert reader().execute(select(_t.c.name)).all() == []
    in_transaction(lambda c: c.execute(insert(JobLease), _row("a")))
    assert reader().execute(select(_t.c.name)).scalar_one() == "a"


def test_twenty_writers_at_once_all_get_their_turn(database_url: str) -> None:
    app = create_app(settings_for(database_url))
    with app.app_context():
        in_transaction(lambda c: c.execute(insert(JobLease), {**_row("counter"), "holder": "0"}))

    def count(_: int) -> None:
        def add_one(connection: Connection) -> None:
            held = connection.execute(select(_t.c.holder).with_for_update()).scalar_one()
            connection.execute(update(_t).values(holder=str(int(held) + 1)))

        with app.app_context():
            in_transaction(add_one)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(count, range(20)))
    with app.app_context():
        assert reader().execute(select(_t.c.holder)).scalar_one() == "20"
        forget_connections()
    close(app)


def test_an_error_of_the_database_does_not_tell_the_values_of_its_statement(app: Flask) -> None:
    row = _row("đã có")
    in_transaction(lambda c: c.execute(insert(_t), row))
    with pytest.raises(IntegrityError) as refused:
        in_transaction(lambda c: c.execute(insert(_t), {**row, "holder": "bí mật"}))
    assert "bí mật" not in str(refused.value)


def test_a_database_that_others_keep_locked_is_an_outage_after_one_wait_and_no_bug(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'busy.sqlite'}")
    prepare_engine(engine)
    event.listen(engine, "connect", lambda connection, _record: connection.execute("pragma busy_timeout=0"))
    with engine.connect() as holder, engine.connect() as other:
        holder.begin()
        with pytest.raises(OperationalError, match="locked") as refused:
            other.begin()
    assert not _is_worth_another_try(refused.value)


def test_a_write_by_one_statement_waits_for_a_kept_lock_once_too(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'busy.sqlite'}")
    prepare_engine(engine)
    event.listen(engine, "connect", lambda connection, _record: connection.execute("pragma busy_timeout=0"))
    with engine.connect() as holder, engine.connect() as other:
        alone = other.execution_options(isolation_level="AUTOCOMMIT", autocommit_reads=True)
        alone.exec_driver_sql("CREATE TABLE kept (place INTEGER)")
        holder.begin()
        with pytest.raises(OperationalError, match="locked") as refused:
            alone.exec_driver_sql("INSERT INTO kept VALUES (1)")
    assert not _is_worth_another_try(refused.value)
