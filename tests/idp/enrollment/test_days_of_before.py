"""Rules of days frozen by earlier versions: they stay, they verify, and pages can be told of them."""

import hashlib
import json
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import insert

from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment.figures_of_day import day_of, reconciles, trend, units_below
from idp.enrollment.integrity import flaws
from idp.enrollment.listing import people_on
from idp.enrollment.models import Snapshot, SnapshotCount
from idp.enrollment.snapshots import first_broken_day, take_snapshot
from idp.enrollment.status import status_of_day
from idp.errors import NotFound
from tests.support.enrolled_people import add_person_on
from tests.support.people import add_unit

DAY = date(2026, 11, 24)


def test_a_day_of_the_released_version_verifies_and_is_told_beside_the_new_ones(app: Flask, time: ManualClock) -> None:
    unit_id, taken_at = add_unit("UBND xã Lũng Cú"), clock.now()
    told = {"rules_version": "1.0", "recent_days": 30, "counts_contract_staff": False, "milestones": [], "integrated_systems": 1,
            "sync_run": None, "unit_tree": "x"}  # fmt: skip
    counts = [(str(unit_id), "cong_chuc", "B5", "commune", 2), (str(unit_id), "hop_dong", "B1", "commune", 1)]
    words = json.dumps(
        [DAY.isoformat(), taken_at.isoformat(), told, sorted(map(list, counts))], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    head = {"day": DAY, "taken_at": taken_at, "parameters": told, "previous_hash": bytes(32)}
    head["hash"] = hashlib.sha256(bytes(32) + words.encode()).digest()
    rows = [{"day": DAY, "unit_id": unit_id, "staff_category": one[1], "rung": one[2], "level": one[3], "people": one[4]} for one in counts]

    def keep(connection) -> None:  # type: ignore[no-untyped-def]
        connection.execute(insert(Snapshot), head)
        connection.execute(insert(SnapshotCount), rows)

    in_transaction(keep)
    time.advance(days=1)
    add_person_on("B4", unit_id=unit_id)
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    assert first_broken_day(reader()) is None
    assert list(flaws(reader())) == []
    old = day_of(reader(), DAY)
    assert (old.format, old.whole.figures.people, old.whole.figures.left_out, old.whole.figures.authenticated) == (1, 2, 1, 2)
    assert reconciles(units_below(reader(), DAY, None), old.whole)
    assert status_of_day(reader(), DAY).whole.authenticated == 2
    assert [(one.day, one.figures.people, "rules" in one.breaks) for one in trend(reader(), DAY, date(2026, 11, 30))] == [
        (DAY, 2, False),
        (date(2026, 11, 25), 1, True),
    ]
    with pytest.raises(NotFound):
        people_on(reader(), DAY)
