"""Rules of the tracker's integrity: one changed row is found and named, also by `hopnhat audit verify`."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from idp import clock
from idp.cli import audit_group
from idp.clock import ManualClock
from idp.database import db, in_transaction, reader
from idp.enrollment import closings
from idp.enrollment.cli import enrollment
from idp.enrollment.integrity import flaws
from idp.enrollment.models import Snapshot
from idp.enrollment.periods import PeriodKind, closing_day, period_of
from idp.enrollment.snapshot_hash import hash_of
from idp.enrollment.snapshots import first_broken_day, read_contents, take_snapshot
from idp.errors import Refusal
from tests.support.enrolled_people import add_person_on
from tests.support.people import add_person, add_unit

DAY = "2026-11-25"


def _three_days(time: ManualClock) -> None:
    unit_id = add_unit("UBND xã Lũng Cú")
    for rung in ("B1", "B2", "B4", "B5"):
        add_person_on(rung, unit_id=unit_id)
    for _ in range(3):
        in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
        time.advance(days=1)


def _tamper(table: str, statement: str) -> None:
    def deed(connection: Any) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER {table}_no_update"))
        else:
            connection.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
        connection.execute(text(statement))

    in_transaction(deed)


@pytest.mark.parametrize(
    ("table", "statement", "named"),
    [
        ("snapshot_count", f"UPDATE snapshot_count SET people = 9 WHERE day = '{DAY}' AND rung = 'B5'", ("snapshot_count", "B5", "9", "1")),
        (
            "snapshot_total",
            f"UPDATE snapshot_total SET b5 = 9 WHERE day = '{DAY}' AND kind = 'whole'",
            ("snapshot_total", "whole", "9", "1"),
        ),
        ("snapshot_line", f"UPDATE snapshot_line SET people = 9 WHERE day = '{DAY}' AND key = 'totp'", ("snapshot", "lines", "", "")),
        ("rung_interval", "UPDATE rung_interval SET rung = 'B6' WHERE position = 1", ("rung_interval", "position 1, person", "", "")),
    ],
)
def test_one_changed_row_is_found_and_named(
    app: Flask, time: ManualClock, table: str, statement: str, named: tuple[str, str, str, str]
) -> None:
    _three_days(time)
    assert list(flaws(reader())) == []
    _tamper(table, statement)
    found = next(iter(flaws(reader())))
    assert (found.table, found.stored, found.recounted) == (named[0], named[2], named[3])
    assert named[1] in found.row
    told = app.test_cli_runner().invoke(audit_group, ["verify", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output)["tracker"][0]["table"] == named[0]
    assert app.test_cli_runner().invoke(enrollment, ["verify"]).exit_code == 1


def test_a_day_rewritten_with_its_whole_chain_is_still_not_what_the_audit_trail_says(app: Flask, time: ManualClock) -> None:
    _three_days(time)
    newest = date.fromisoformat("2026-11-26")
    head, contents = reader().execute(select(Snapshot).where(Snapshot.day == newest)).one(), read_contents(reader(), newest)
    told = {**head.parameters, "recent_days": 60}
    forged = hash_of(head.previous_hash, newest, head.taken_at, told, contents)
    _tamper("snapshot", "SELECT 1")
    in_transaction(lambda c: c.execute(update(Snapshot).where(Snapshot.day == newest).values(parameters=told, hash=forged)))
    assert first_broken_day(reader()) is None  # the chain alone would have believed it
    (found,) = flaws(reader())
    assert (found.table, found.day, found.stored, found.recounted) == ("snapshot", newest, forged.hex(), head.hash.hex())
    assert "audit trail" in found.row


def test_a_removed_interval_leaves_a_hole_that_is_named(app: Flask, time: ManualClock) -> None:
    _three_days(time)

    def deed(connection: Any) -> None:
        sqlite = connection.dialect.name == "sqlite"
        name = "no_delete" if sqlite else "append_only ON rung_interval"
        connection.execute(text(f"DROP TRIGGER rung_interval_{name}"))
        connection.execute(text("DELETE FROM rung_interval WHERE position = 2"))

    in_transaction(deed)
    assert "position 2, missing" in [one.row for one in flaws(reader())]
    assert db.engine.dialect.name in {"sqlite", "postgresql"}


def test_a_closing_is_signed_once_in_a_name_and_a_correction_asks_for_a_new_signature(app: Flask, time: ManualClock) -> None:
    add_person_on("B5")
    leader = add_person("lanhdao", "Lò Thị Mai", title="Chủ tịch")
    time.advance(days=20)  # 14 December
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    number = in_transaction(lambda c: closings.close_period(c, PeriodKind.YEAR, "2026", actor="cli:a"))
    in_transaction(lambda c: closings.sign(c, number, leader, actor=f"person:{leader}"))
    with pytest.raises(Refusal):
        in_transaction(lambda c: closings.sign(c, number, leader, actor=f"person:{leader}"))
    with pytest.raises(Refusal):
        in_transaction(lambda c: closings.close_period(c, PeriodKind.YEAR, "2026", actor="cli:a"))
    again = in_transaction(lambda c: closings.correct(c, PeriodKind.YEAR, "2026", reason="Dữ liệu nhân sự đến muộn", actor="cli:a"))
    newest, first = closings.list_closings(reader())
    assert (newest.sequence, newest.name, first.name, first.title) == (again, None, "Lò Thị Mai", "Chủ tịch")
    assert first.figures["whole"]["people"] == 2
    assert closings.first_broken_closing(reader()) is None
    _tamper("closing", "UPDATE closing SET reason = 'khác' WHERE sequence = 1")
    assert closings.first_broken_closing(reader()) == (1, "closing")


def test_a_period_is_not_closed_before_its_day_nor_on_a_day_that_is_a_gap(app: Flask, time: ManualClock) -> None:
    with pytest.raises(Refusal) as early:
        in_transaction(lambda c: closings.close_period(c, PeriodKind.MONTH, "2026-12", actor="cli:a"))
    with pytest.raises(Refusal) as gap:
        in_transaction(lambda c: closings.close_period(c, PeriodKind.MONTH, "2026-11", actor="cli:a"))
    assert (early.value.reason, gap.value.reason) == ("too_early", "no_snapshot")


@pytest.mark.parametrize("kind", list(PeriodKind))
def test_a_period_of_any_kind_ends_on_a_fourteenth(kind: PeriodKind) -> None:
    day = closing_day(kind, period_of(kind, (clock.now() + timedelta()).date()))
    assert day.day == 14


def test_the_commands_close_correct_list_and_foresee(app: Flask, time: ManualClock) -> None:
    _three_days(time)
    run = app.test_cli_runner()
    args = ["--kind", "month", "--period", "2026-11", "--day", DAY, "--reason", "Ngày 14 chưa có số liệu", "--json"]
    closed = run.invoke(enrollment, ["close", *args])
    assert closed.exit_code == 0, closed.exception or closed.output
    assert json.loads(closed.output)["version"] == 1
    assert json.loads(run.invoke(enrollment, ["correct", *args]).output)["version"] == 2
    assert len(json.loads(run.invoke(enrollment, ["closings", "--json"]).output)) == 2
    listed = json.loads(run.invoke(enrollment, ["list-day", DAY, "--rung", "B5", "--reason", "Đối chiếu", "--json"]).output)
    assert [row["rung"] for row in listed] == ["B5"]
    told = json.loads(run.invoke(enrollment, ["forecast", "--json"]).output)
    assert told["outlook"] == "nobody"
    assert json.loads(run.invoke(enrollment, ["targets", "--json"]).output)["in_force"]["entry_days"] == 90
    assert json.loads(run.invoke(enrollment, ["recount", "--json"]).output)["differences"] == 0
