"""Rules of the safety check: a directory that lost people, attributes or its numbering is stopped, and can be let through."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from directory_sync import ledger, plans
from directory_sync.models import RunState
from directory_sync.reasons import explain
from directory_sync.run import preview
from idp.database import reader
from idp.errors import Refusal
from tests.support import trail
from tests.support.staff_directory import COMMUNE, DEPARTMENT, LOCKED, StaffDirectory, approve, changes_of, everybody, person, sync

Install = Callable[..., Any]
MANY = 30


@pytest.fixture
def many(app: Flask, empty_directory: StaffDirectory) -> list[str]:
    """The DNs of thirty people, synced."""
    found = [empty_directory.add_person(f"u{number:02d}", f"Lê Văn Người {number}", DEPARTMENT) for number in range(MANY)]
    sync()
    return found


def test_too_many_people_gone_at_once_stop_the_run_and_nobody_is_suspended(many: list[str], empty_directory: StaffDirectory) -> None:
    before = everybody()
    for dn in many[:21]:
        empty_directory.remove(dn)
    report = sync()
    assert (report.state, report.reason) == (RunState.STOPPED, "too_many_suspensions people=21 active=30")
    assert everybody() == before
    assert changes_of(2) == []
    assert ledger.require_run(reader(), 2).suspended == 21
    assert "21 trên 30" in explain(report.reason)
    assert [event.detail["reason"] for event in trail.events("sync_run.stopped")] == [report.reason]


def test_many_people_locked_at_once_stop_the_run_as_well(many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many[:21]:
        empty_directory.change(dn, pwdAccountLockedTime=LOCKED)
    assert sync().state == RunState.STOPPED


def test_a_few_people_gone_never_stop_a_run(many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many[:20]:
        empty_directory.remove(dn)
    assert sync().found["suspended"] == 20


def test_the_limits_are_settings(install: Install, many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many[:4]:
        empty_directory.remove(dn)
    install(sync_suspend_limit_people=1, sync_suspend_limit_percent=10)
    assert sync().state == RunState.STOPPED
    install(sync_suspend_limit_people=1, sync_suspend_limit_percent=20)
    assert sync().state == RunState.APPLIED


def test_exactly_what_was_approved_is_applied_and_what_came_after_is_not(many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many[:21]:
        empty_directory.remove(dn)
    stopped = sync()
    empty_directory.remove(many[21])
    done = approve(stopped.number)
    assert (done.state, done.found["suspended"]) == (RunState.APPLIED, 21)
    assert person("u21").state == "active"
    assert sync().found["suspended"] == 1


@pytest.mark.parametrize("attribute", ["mail", "employeeNumber", "title", "employeeType"])
def test_an_attribute_that_vanishes_from_many_stops_the_run(many: list[str], empty_directory: StaffDirectory, attribute: str) -> None:
    before = everybody()
    for dn in many[:21]:
        empty_directory.change(dn, **{attribute: None})
    report = sync()
    assert report.state == RunState.STOPPED
    assert (report.reason or "").startswith("attribute_vanished people=21 attribute=")
    assert everybody() == before
    assert plans.require_plan(reader(), report.number).words_wanted == 2
    assert approve(report.number).state == RunState.APPLIED


def test_approving_one_vanished_attribute_approves_no_other(many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many[:21]:
        empty_directory.change(dn, mail=None)
    stopped = sync()
    for dn in many[:21]:
        empty_directory.change(dn, title=None)
    assert approve(stopped.number).reason == f"plan_moved_on plan={stopped.number} lines=21"
    assert sync().reason == "attribute_vanished people=21 attribute=mail\nattribute_vanished people=21 attribute=title"


def test_staff_numbers_that_are_no_longer_unique_stop_the_run(many: list[str], empty_directory: StaffDirectory) -> None:
    for dn in many:
        empty_directory.change(dn, employeeNumber="0")
    assert sync().reason == "staff_codes_not_unique people=30"


def test_units_that_all_vanish_stop_the_run_and_nobody_can_approve_it(
    install: Install, many: list[str], empty_directory: StaffDirectory
) -> None:
    empty_directory.add_person("le", "Lê Lẻ", COMMUNE)
    install(ldap_base_dn=f"uid=le,{COMMUNE}")
    report = sync()
    assert (report.reason or "").splitlines()[0] == "no_units"
    with pytest.raises(Refusal, match="không thể phê duyệt"):
        approve(report.number)


def test_a_preview_tells_what_a_run_would_do_and_does_none_of_it(many: list[str], empty_directory: StaffDirectory) -> None:
    before = everybody()
    for dn in many[:21]:
        empty_directory.remove(dn)
    empty_directory.move(many[25], COMMUNE)
    empty_directory.add_person("moi", "Lê Văn Mới")
    changes, objections = preview()
    assert (len(changes.suspensions), len(changes.joins), len(changes.told_updates)) == (21, 1, 1)
    assert objections == ["too_many_suspensions people=21 active=30"]
    assert everybody() == before
    assert len(ledger.list_runs(reader())) == 1
