"""Rules of what Biểu 04 tells of directory and human-resources data."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import insert, update

from directory_sync.desk_models import CaseKind, CaseState, DeskCase
from directory_sync.tracker_quality import quality_of
from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, new_id, reader, table_of
from idp.enrollment.figures_of_day import day_of
from idp.enrollment.quality_sources import add_quality_source
from idp.enrollment.quality_words import QUALITY
from idp.enrollment.snapshots import take_snapshot
from idp.people.models import Person, Unit
from idp.people.source_models import SourceEntry
from tests.support.people import add_person, add_unit

_p, _u = table_of(Person), table_of(Unit)


def _case(kind: CaseKind, days_ago: int = 0, state: CaseState = CaseState.OPEN) -> None:
    row = {"id": new_id(), "kind": kind, "source": "ldap", "fingerprint": new_id().hex, "name": "x", "state": state,
           "facts": {}, "candidates": [], "opened_at": clock.now() - timedelta(days=days_ago)}  # fmt: skip
    in_transaction(lambda connection: connection.execute(insert(DeskCase), row))


def _entry(person_id: object, source: str, **given: object) -> None:
    row = {"source": source, "source_key": new_id().hex, "person_id": person_id, "facts": {}, "seen_at": clock.now(), **given}
    in_transaction(lambda connection: connection.execute(insert(SourceEntry), row))


def test_a_snapshot_freezes_what_the_desk_and_the_sources_disagree_on(app: Flask, time: ManualClock) -> None:
    add_quality_source(app, quality_of)
    unit_id, closed = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã cũ")
    in_transaction(lambda c: c.execute(update(_u).where(_u.c.id == closed).values(valid_to=clock.now().date())))
    both, gone, only = (add_person(f"p{number}", staff_category="cong_chuc", unit_id=unit_id) for number in range(3))
    add_person("p9", staff_category="cong_chuc", unit_id=closed, staff_code=None)
    in_transaction(lambda c: c.execute(update(_p).values(source="ldap")))
    assert quality_of(reader(), clock.now().date())["not_in_hr"] == 0  # the directory is the only source
    for source in ("ldap", "noi-vu"):
        _entry(both, source)
    _entry(gone, "ldap", gone_at=clock.now())
    _entry(gone, "noi-vu")
    _case(CaseKind.REHIRE)
    _case(CaseKind.SHARED_NUMBER, days_ago=8)
    _case(CaseKind.SAME_MARK, state=CaseState.DECIDED)
    _case(CaseKind.SUSPENDED_HERE)
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    told = day_of(reader(), clock.now().date() + timedelta(0)).lines["quality"]
    assert only
    expected = {
        "entries_waiting": 1, "shared_at_desk": 1, "suspended_here": 1, "cases_overdue": 1, "not_in_directory": 1, "not_in_hr": 2,
        "wrong_unit": 1, "changes_overdue": 0,
    }  # fmt: skip
    assert {key: told[key] for key in expected} == expected
    assert told.keys() == QUALITY.keys()
