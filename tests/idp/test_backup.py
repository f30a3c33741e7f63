"""Rules of `hopnhat backup` and `hopnhat restore`."""

import gzip
import hashlib
import json
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import insert, select

from clients import registration
from clients.metadata import ClientMetadata
from idp import audit, backup, schema
from idp.app import create_app
from idp.backup_cli import backup_command, restore_command
from idp.clock import ManualClock
from idp.database import Record, db, in_transaction, reader, table_of
from idp.enrollment.snapshots import first_broken_day, take_snapshot
from idp.errors import Refusal
from idp.people.models import Person, Unit
from tests.support.enrolled_people import add_factor
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.trail import events

_p, _u = table_of(Person), table_of(Unit)


@pytest.fixture(params=["sqlite", "postgresql"])
def other_kind(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database without tables."""
    databases: Databases = request.getfixturevalue(f"{request.param}_databases")
    return databases._create(f"empty_{uuid.uuid4().hex}")


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """The URL of a SQLite database without tables."""
    return f"sqlite:///{tmp_path / 'empty.sqlite'}"


@contextmanager
def _installation(url: str) -> Iterator[Flask]:
    application = create_app(settings_for(url))
    with application.app_context():
        yield application
    close(application)


def _filled() -> uuid.UUID:
    """Something of every kind of value, and units that came in an order that is not theirs."""
    child, top = add_unit("UBND xã Lũng Cú"), add_unit("Tỉnh Hà Giang", level="province")
    in_transaction(lambda c: c.execute(_u.update().where(_u.c.id == child).values(parent_id=top)))
    person_id = add_person("vmsinh", "Vàng Mí Sính", unit_id=child)
    add_factor(person_id)
    wanted = ClientMetadata("Một cửa", ("https://rp.test/cb",), client_id="mot-cua")
    in_transaction(lambda c: registration.register(c, wanted, actor="cli:test"))
    in_transaction(audit.link_events)
    in_transaction(lambda c: take_snapshot(c, actor="cli:test"))
    in_transaction(audit.link_events)
    return person_id


def _everything() -> dict[str, list[Any]]:
    tables = Record.metadata.sorted_tables
    return {one.name: sorted(map(repr, reader().execute(select(one)).all())) for one in tables}


def test_what_is_restored_is_what_was_there_in_either_kind_of_database(
    app: Flask, other_kind: str, tmp_path: Path, time: ManualClock
) -> None:
    _filled()
    before = _everything()
    summary = backup.write_backup(tmp_path / "b")
    assert summary.rows == {name: len(rows) for name, rows in before.items()}
    with _installation(other_kind):
        backup.restore(tmp_path / "b")
        assert _everything() == before
        assert schema.is_current()
        assert schema.is_append_only()
        report = audit.verify_chain(reader())
        assert (report.broken_at, report.links > 0) == (None, True)
        assert first_broken_day(reader()) is None
        add_person("moi", "Người Mới")
        in_transaction(lambda c: audit.record(c, audit.Event.PERSON_ADDED, actor="cli:test"))
        in_transaction(audit.link_events)
        assert audit.verify_chain(reader()).broken_at is None


def test_a_backup_is_of_one_instant_and_keeps_nobody_waiting(app: Flask, tmp_path: Path) -> None:
    _filled()
    written = iter(range(100))

    def meanwhile(_table: str, _rows: int) -> None:
        add_person(f"n{next(written)}", "Người Đến Sau")

    for number in range(backup.ROWS_AT_ONCE):
        if number % 500 == 0:
            in_transaction(lambda c, n=number: c.execute(insert(_p), [_row(n + i) for i in range(500)]))  # type: ignore[misc]
    people = backup.write_backup(tmp_path / "b", meanwhile).rows["person"]
    assert next(written) > 0
    assert people == 1 + backup.ROWS_AT_ONCE


def _row(number: int) -> dict[str, Any]:
    from_one = reader().execute(select(_p).limit(1)).mappings().one()
    return {**from_one, "id": uuid.uuid4(), "subject": uuid.uuid4().hex, "source_key": uuid.uuid4().hex, "username": f"p{number}"}


def test_only_this_account_reads_the_file_and_no_file_is_written_over(app: Flask, tmp_path: Path) -> None:
    backup.write_backup(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    before = (tmp_path / "b").read_bytes()
    with pytest.raises(Refusal):
        backup.write_backup(tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def _damaged(content: bytes, how: str) -> bytes:
    lines = gzip.decompress(content).splitlines(keepends=True)
    if how == "cut":
        return content[: len(content) // 2]
    if how == "no foot":
        return gzip.compress(b"".join(lines[:-1]))
    if how == "changed":
        return gzip.compress(b"".join(lines).replace("Vàng Mí Sính".encode(), "Vàng Mí Xính".encode()))
    if how == "a row less":
        return gzip.compress(b"".join(line for line in lines if b"vmsinh" not in line))
    return {"empty": b"", "no gzip": b"hello", "other": gzip.compress(json.dumps({"format": "x"}).encode() + b"\n")}[how]


@pytest.mark.parametrize("how", ["cut", "no foot", "changed", "a row less", "empty", "no gzip", "other"])
def test_a_file_that_is_not_whole_is_refused(app: Flask, tmp_path: Path, how: str) -> None:
    _filled()
    backup.write_backup(tmp_path / "b")
    (tmp_path / "c").write_bytes(_damaged((tmp_path / "b").read_bytes(), how))
    with pytest.raises(Refusal) as refused:
        backup.read_summary(tmp_path / "c")
    assert refused.value.reason in ("no_backup", "backup_not_whole")


def test_a_file_is_checked_before_anything_is_changed(app: Flask, empty: str, tmp_path: Path) -> None:
    backup.write_backup(tmp_path / "b")
    (tmp_path / "b").write_bytes(_damaged((tmp_path / "b").read_bytes(), "no foot"))
    with _installation(empty):
        with pytest.raises(Refusal):
            backup.restore(tmp_path / "b")
        with db.engine.connect() as connection:
            assert not db.engine.dialect.has_table(connection, "person")


def test_a_database_that_holds_something_is_not_written_over(app: Flask, tmp_path: Path) -> None:
    person_id = _filled()
    backup.write_backup(tmp_path / "b")
    with pytest.raises(Refusal):
        backup.restore(tmp_path / "b")
    assert reader().execute(select(_p.c.id)).scalars().all() == [person_id]


def test_a_backup_of_a_newer_version_is_refused(app: Flask, empty: str, tmp_path: Path) -> None:
    backup.write_backup(tmp_path / "b")
    lines = gzip.decompress((tmp_path / "b").read_bytes()).splitlines(keepends=True)
    head = json.loads(lines[0]) | {"revision": "9999"}
    body = b"".join([json.dumps(head).encode() + b"\n", *lines[1:-1]])
    foot = json.loads(lines[-1]) | {"sha256": hashlib.sha256(body).hexdigest()}
    (tmp_path / "c").write_bytes(gzip.compress(body + json.dumps(foot).encode() + b"\n"))
    with _installation(empty), pytest.raises(Refusal) as refused:
        backup.restore(tmp_path / "c")
    assert refused.value.reason == "backup_of_a_newer_version"


def test_the_commands_tell_what_they_did_and_the_trail_remembers(app: Flask, empty: str, tmp_path: Path) -> None:
    _filled()
    file = str(tmp_path / "b")
    made = CliRunner().invoke(backup_command, [file, "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["rows"]["person"] == 1
    assert [row.event for row in events("backup.made")] == ["backup.made"]
    assert CliRunner().invoke(restore_command, [file, "--check"]).exit_code == 0
    assert isinstance(CliRunner().invoke(restore_command, [file]).exception, Refusal)
    with _installation(empty):
        assert CliRunner().invoke(restore_command, [file]).exit_code == 0
        assert len(events("backup.restored")) == 1
