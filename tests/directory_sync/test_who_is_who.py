"""Rules of the grace of the absent and of the mark of the personal identification number, against a real OpenLDAP."""

import pytest
from flask import Flask
from sqlalchemy import select

from directory_sync.desk_models import CaseState, DeskCase
from directory_sync.personal_marks import mark_of
from idp.clock import ManualClock
from idp.database import reader, table_of
from idp.people.career_models import PersonalMark
from tests.directory_sync.conftest import Install
from tests.support import trail
from tests.support.staff_directory import COMMUNE, DEPARTMENT, LOCKED, StaffDirectory, person, sync

AN = f"uid=an.nv,{DEPARTMENT}"
NUMBER = "001099012345"
_m, _d = table_of(PersonalMark), table_of(DeskCase)


@pytest.fixture
def patient(install: Install, time: ManualClock) -> Flask:
    """An installation that waits half an hour for the absent."""
    return install(sync_absent_grace_minutes=30)


def test_the_absent_are_suspended_when_the_grace_is_over(patient: Flask, directory: StaffDirectory, time: ManualClock) -> None:
    sync()
    directory.remove(AN)
    assert sync().found["suspended"] == 0
    time.advance(minutes=29)
    sync()
    assert person("an.nv").state == "active"
    time.advance(minutes=1)
    assert sync().found["suspended"] == 1
    assert (person("an.nv").state, person("an.nv").state_reason) == ("suspended", "gone_from_directory")


def test_who_is_back_within_the_grace_was_never_away_and_begins_anew_next_time(
    patient: Flask, directory: StaffDirectory, time: ManualClock
) -> None:
    sync()
    directory.remove(AN)
    sync()
    time.advance(minutes=20)
    dn = directory.add_person("an.nv", "Nguyễn Văn An", COMMUNE)
    sync()
    assert trail.events("person.suspended") == []
    directory.remove(dn)
    time.advance(minutes=20)
    sync()
    time.advance(minutes=20)
    sync()
    assert person("an.nv").state == "active"


def test_a_lock_waits_for_no_grace(patient: Flask, directory: StaffDirectory) -> None:
    sync()
    directory.change(AN, pwdAccountLockedTime=LOCKED)
    assert sync().found["suspended"] == 1


def test_two_entries_of_one_personal_number_are_shown_and_the_number_is_kept_nowhere(install: Install, directory: StaffDirectory) -> None:
    directory.add_person("a", "Lò Thị A", carLicense=NUMBER)
    directory.add_person("b", "Lò Thị B", COMMUNE, carLicense=f" {NUMBER[:6]} {NUMBER[6:]}")
    directory.add_person("c", "Lò Thị C", carLicense="12345")
    install(ldap_personal_id_attribute="carLicense")
    sync()
    marks = {row.person_id: row.mark for row in reader().execute(select(_m))}
    assert marks == {person("a").id: mark_of(NUMBER.encode()), person("b").id: mark_of(NUMBER.encode())}
    (case,) = reader().execute(select(_d).where(_d.c.kind == "same_mark", _d.c.state == CaseState.OPEN)).all()
    assert (case.value, NUMBER in str(case._mapping), marks[person("a").id].hex() in str(case._mapping)) == (None, False, False)
    assert not any(NUMBER in str(event.detail) for event in trail.events())
    assert sync().state == "unchanged"


def test_a_personal_number_is_a_hint_for_the_desk_and_no_proof(install: Install, directory: StaffDirectory) -> None:
    dn = directory.add_person("a", "Lò Thị A", carLicense=NUMBER, employeeNumber=None)
    install(ldap_personal_id_attribute="carLicense")
    sync()
    directory.remove(dn)
    directory.add_person("khac", "Tên Khác", COMMUNE, carLicense=NUMBER, employeeNumber=None)
    assert sync().found["joined"] == 0
    (case,) = reader().execute(select(_d).where(_d.c.state == CaseState.OPEN)).all()
    assert (case.kind, case.candidates[0]["hints"]) == ("no_number", ["mark"])
