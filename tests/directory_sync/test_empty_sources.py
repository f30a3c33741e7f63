"""Rules of a source that has nothing, and of a clock that jumps: nobody is taken out by either."""

from typing import Any

import pytest
from flask import Flask

from directory_sync.models import RunState
from directory_sync.source.reading import Kind, Reading, Source
from directory_sync.unit_tree import UnitTree
from idp.clock import ManualClock
from idp.errors import Refusal
from idp.web.table_file import FileMistaken
from tests.support.sheets import send, sheet
from tests.support.staff_directory import StaffDirectory, everybody, person, sync

_NO_UNITS = UnitTree((), {}, {}, b"")


def _nothing(*_given: Any) -> Reading:
    return Reading(_NO_UNITS, set(), {})


@pytest.mark.parametrize("kind", [Kind.FULL, Kind.DELTA])
@pytest.mark.parametrize("name", ["ldap", "scim:so-y-te"])
def test_a_source_of_nobody_changes_nothing_however_it_is_read(app: Flask, directory: StaffDirectory, kind: Kind, name: str) -> None:
    """SYN-001, of the directory read whole, a delta that could only be had as a whole, and another source."""
    sync()
    before = everybody()
    report = sync(source=Source(name, _nothing, kind))
    assert (report.state, report.reason) == (RunState.FAILED, "no_people")
    assert everybody() == before


def test_an_empty_file_is_no_whole_staff(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = everybody()
    for content in (b"", sheet(), sheet(("", "", ""))):
        with pytest.raises((FileMistaken, Refusal)):
            send(content, is_whole=True)
    assert everybody() == before


@pytest.mark.parametrize("hours", [-30, -1, 30, 24 * 400])
def test_a_clock_that_jumps_takes_nobody_out_and_stops_no_run(app: Flask, time: ManualClock, directory: StaffDirectory, hours: int) -> None:
    sync()
    time.advance(hours=hours)
    directory.change(person("mai.vt").directory_dn, title="Trưởng phòng")
    report = sync()
    assert (report.state, report.found["changed"], report.found["suspended"]) == (RunState.APPLIED, 1, 0)
    time.advance(hours=-hours)
    assert sync().state == RunState.UNCHANGED
    assert {row.state for row in everybody().values()} == {"active"}
