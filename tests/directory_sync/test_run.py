"""Rules of a sync run, against a real OpenLDAP: what it does, and what it leaves alone."""

import unicodedata
from typing import Any

import pytest
from flask import Flask

from directory_sync.models import RunState
from idp import access
from idp.database import in_transaction, reader
from idp.oidc import leavings
from idp.wire.distinguished_names import escape
from tests.support import trail
from tests.support.slapd import BASE_DN
from tests.support.staff_directory import (
    COMMUNE,
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    TOP,
    StaffDirectory,
    changes_of,
    everybody,
    person,
    sync,
    unit,
)  # fmt: skip


def test_a_first_run_brings_in_people_and_the_unit_tree(app: Flask, directory: StaffDirectory) -> None:
    report = sync()
    assert (report.number, report.state, report.found["people_read"], report.found["joined"]) == (1, RunState.APPLIED, 3, 3)
    an = person("an.nv")
    assert (an.name, an.family_name, an.middle_name, an.given_name) == ("Nguyễn Văn An", "Nguyễn", "Văn", "An")
    assert (an.staff_code, an.staff_category, an.title, an.mail) == ("HG-an.nv", "cong_chuc", "Chuyên viên", "an.nv@hagiang.gov.vn")
    assert (an.source, an.source_key, an.state) == ("ldap", directory.entry_uuid(f"uid=an.nv,{DEPARTMENT}"), "active")
    assert an.unit_id == unit("Sở Nội vụ").id
    assert unit("Sở Nội vụ").parent_id == unit("Cấp tỉnh").id
    assert (unit("Sở Nội vụ").level, unit("Huyện Đồng Văn").level, unit("UBND xã Lũng Cú, Đồng Văn").level) == (
        "province",
        "district",
        "commune",
    )


def test_each_person_added_is_told_in_the_audit_trail_and_in_the_run(app: Flask, directory: StaffDirectory) -> None:
    sync()
    assert {event.person_id for event in trail.events("person.added")} == {row.id for row in everybody().values()}
    assert [event.detail["joined"] for event in trail.events("sync_run.applied")] == [3]
    joined = [change for change in changes_of(1) if change.kind == "joined"]
    assert {(change.name, change.unit_name) for change in joined} >= {("Giàng A Páo", "UBND xã Lũng Cú, Đồng Văn")}


def test_folders_of_the_directory_that_are_no_units_stay_out(app: Flask, directory: StaffDirectory) -> None:
    assert sync().found["units_read"] == 4


def test_a_second_run_changes_nothing(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before, events = everybody(), len(trail.events())
    report = sync()
    assert (report.state, everybody(), len(trail.events())) == (RunState.UNCHANGED, before, events)
    assert changes_of(2) == []


def test_a_person_who_disappears_is_suspended_and_comes_back_as_the_same_person(app: Flask, directory: StaffDirectory) -> None:
    entry = f"uid=mai.vt,{DEPARTMENT}"
    sync()
    before = person("mai.vt")
    directory.admin.modify_dn(entry, "uid=mai.vt", new_superior=BASE_DN)  # out of sight of a search below the units only
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    report = sync()
    assert report.found["suspended"] == 1
    gone = person("an.nv")
    assert (gone.state, gone.state_reason) == ("suspended", "gone_from_directory")
    assert [event.person_id for event in trail.events("person.suspended")] == [gone.id]
    assert person("mai.vt").subject == before.subject


def test_an_entry_that_is_made_again_with_another_staff_number_is_another_person_even_with_the_same_uid(
    app: Flask, directory: StaffDirectory
) -> None:
    sync()
    before = person("an.nv")
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    directory.add_person("an.nv", "Nông Thị An", employeeNumber="HG-khac")
    assert sync().found["joined"] == 1
    after = person("an.nv", state="active")
    assert after.subject != before.subject
    assert person("an.nv", state="suspended").subject == before.subject


def test_who_is_locked_in_the_directory_is_out_and_unlocking_brings_them_back(app: Flask, directory: StaffDirectory) -> None:
    entry = f"uid=an.nv,{DEPARTMENT}"
    sync()
    subject = person("an.nv").subject
    directory.change(entry, pwdAccountLockedTime=LOCKED)
    assert sync().found["suspended"] == 1
    locked = person("an.nv")
    assert (locked.state, locked.state_reason, locked.directory_locked) == ("suspended", "locked_in_directory", True)
    assert sync().state == RunState.UNCHANGED
    directory.change(entry, pwdAccountLockedTime=None)
    assert sync().found["returned"] == 1
    back = person("an.nv")
    assert (back.state, back.directory_locked, back.subject) == ("active", False, subject)
    assert sorted(change.kind for change in changes_of(4)) == ["changed", "returned"]


def test_who_is_locked_for_a_time_is_out_until_the_directory_takes_the_password_again(app: Flask, directory: StaffDirectory) -> None:
    """LOG-033: the ledger counts from the directory's own change."""
    entry = f"uid=an.nv,{DEPARTMENT}"
    sync()
    directory.change(entry, pwdAccountLockedTime="20261124010000Z")
    sync()
    locked = person("an.nv")
    assert (locked.state, locked.state_reason) == ("suspended", "locked_in_directory")
    [left] = leavings.leavings_of(reader(), locked.id)
    assert left.changed_at is not None
    assert left.read_at is not None
    assert left.counted_from == left.changed_at <= left.withdrawn_at
    assert left.took is not None
    directory.change(entry, pwdAccountLockedTime=None)
    sync()
    assert person("an.nv").state == "active"
    assert leavings.leavings_of(reader(), locked.id)[0].undone_at is not None


def test_who_is_locked_from_the_start_is_added_as_suspended(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("khoa", "Lê Bị Khóa", pwdAccountLockedTime=LOCKED)
    sync()
    assert (person("khoa").state, person("khoa").state_reason) == ("suspended", "locked_in_directory")


def test_whom_an_administrator_suspended_stays_suspended_whatever_the_directory_says(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    in_transaction(lambda c: access.withdraw(c, an.id, reason="by_administrator", actor="cli:test"))
    directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime=LOCKED)
    sync()
    directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime=None)
    sync()
    assert (person("an.nv").state, person("an.nv").state_reason) == ("suspended", "by_administrator")


def test_whom_an_administrator_suspends_after_the_directory_did_stays_suspended_too(app: Flask, directory: StaffDirectory) -> None:
    entry = f"uid=an.nv,{DEPARTMENT}"
    sync()
    an = person("an.nv")
    directory.change(entry, pwdAccountLockedTime=LOCKED)
    sync()
    in_transaction(lambda c: access.withdraw(c, an.id, reason="by_administrator", actor="cli:test"))
    directory.change(entry, pwdAccountLockedTime=None)
    assert sync().found["returned"] == 0
    assert person("an.nv").state == "suspended"


def test_whom_an_administrator_restored_against_the_directory_is_suspended_again(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    in_transaction(lambda c: access.restore(c, an.id, reason="by_administrator", actor="cli:test"))
    assert sync().found["suspended"] == 1


def test_a_person_who_moves_keeps_the_subject(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = person("an.nv")
    directory.move(f"uid=an.nv,{DEPARTMENT}", COMMUNE)
    report = sync()
    after = person("an.nv")
    assert (report.found["moved"], report.found["changed"]) == (1, 0)
    assert (after.id, after.subject, after.unit_id) == (before.id, before.subject, unit("UBND xã Lũng Cú, Đồng Văn").id)
    [moved] = changes_of(2)
    assert (moved.kind, moved.before, moved.after) == ("moved", {"unit": "Sở Nội vụ"}, {"unit": "UBND xã Lũng Cú, Đồng Văn"})


def test_a_person_who_gets_another_uid_keeps_the_subject(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = person("an.nv")
    directory.move(f"uid=an.nv,{DEPARTMENT}", DEPARTMENT, "uid=an.nguyen")
    sync()
    after = person("an.nguyen")
    assert (after.subject, after.username_key, after.directory_dn) == (before.subject, "an.nguyen", f"uid=an.nguyen,{DEPARTMENT}")
    assert [(change.before, change.after) for change in changes_of(2)] == [({"username": "an.nv"}, {"username": "an.nguyen"})]


def test_what_changed_is_told_before_and_after(app: Flask, directory: StaffDirectory) -> None:
    sync()
    directory.change(f"uid=mai.vt,{DEPARTMENT}", title="Trưởng phòng", mobile="0912345678")
    assert sync().found["changed"] == 1
    [changed] = changes_of(2)
    assert changed.before == {"title": "Chuyên viên", "phone": None}
    assert changed.after == {"title": "Trưởng phòng", "phone": "0912345678"}
    [event] = trail.events("person.changed")
    assert (event.person_id, event.detail["fields"]) == (person("mai.vt").id, ["phone", "title"])


def test_a_renamed_unit_is_one_change_and_its_people_follow_without_a_word(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = unit("Sở Nội vụ")
    directory.admin.modify_dn(DEPARTMENT, "ou=Sở Nội vụ và Lao động")
    report = sync()
    assert (report.found["units_changed"], report.found["changed"], report.found["moved"]) == (1, 0, 0)
    assert unit("Sở Nội vụ và Lao động").id == before.id
    assert person("an.nv").directory_dn == f"uid=an.nv,ou=Sở Nội vụ và Lao động,{TOP}"
    assert sync().state == RunState.UNCHANGED


def test_a_unit_that_vanishes_is_closed_and_one_that_returns_is_opened_again(app: Flask, directory: StaffDirectory, time: Any) -> None:
    sync()
    extra = f"ou=Phòng Y tế,{DISTRICT}"
    directory.add_unit(extra, "026.01")
    sync()
    assert (unit("Phòng Y tế").level, unit("Phòng Y tế").valid_to) == ("district", None)
    directory.remove(extra)
    sync()
    assert unit("Phòng Y tế").valid_to.isoformat() == "2026-11-24"


def test_a_unit_made_again_under_its_old_name_takes_its_people(app: Flask, directory: StaffDirectory) -> None:
    sync()
    moved = [directory.move(f"uid={uid},{DEPARTMENT}", TOP) for uid in ("an.nv", "mai.vt")]
    directory.remove(DEPARTMENT)
    directory.add_unit(DEPARTMENT, "S01")
    for dn in moved:
        directory.move(dn, DEPARTMENT)
    report = sync()
    assert (report.state, report.found["moved"], report.found["units_changed"]) == (RunState.APPLIED, 2, 2)
    assert sync().state == RunState.UNCHANGED


def test_names_in_decomposed_form_are_kept_composed_and_noticed(app: Flask, directory: StaffDirectory) -> None:
    name = unicodedata.normalize("NFD", "Đặng Thị Hồng Ngọc")
    directory.add_person("ngoc", name, rdn=f"cn={escape(name)}")
    report = sync()
    assert person("ngoc").name == "Đặng Thị Hồng Ngọc"
    assert report.found["flaws"]["decomposed_text"] == 1
    assert sync().state == RunState.UNCHANGED


@pytest.mark.parametrize("odd", ["Lê, Văn Tám #7", '"Tám" <7>; Lê', "#7 Lê + Tám", " Lê Tám ", "Lê = Tám \\ 7"])
def test_commas_and_other_signs_in_names_of_entries_do_no_harm(app: Flask, directory: StaffDirectory, odd: str) -> None:
    dn = directory.add_person("tam", "Lê Văn Tám", COMMUNE, rdn=f"cn={escape(odd)}")
    sync()
    assert person("tam").source_key == directory.entry_uuid(dn)
    assert person("tam").unit_id == unit("UBND xã Lũng Cú, Đồng Văn").id


def test_flaws_are_noticed_and_keep_nobody_out(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("thieu", "Lê  Văn  Thiếu", mail=None, employeeNumber=None, title=None, employeeType="khác")
    directory.add_person("trung", "Lê Văn Trùng", employeeNumber="HG-an.nv", mail="An.NV@HaGiang.gov.vn")
    directory.add_person("аn", "Lê Kirin", TOP, mail="kirin@hagiang.gov.vn")
    report = sync()
    assert report.found["joined"] == 6
    assert report.found["flaws"] == {
        "no_mail": 1, "no_staff_code": 1, "no_title": 1, "unknown_category": 1, "stray_blanks": 1, "unusable_username": 1,
        "shared_staff_code": 2, "shared_mail": 2,
    }  # fmt: skip
    assert person("thieu").name == "Lê Văn Thiếu"
    assert person("аn").username_key is None


def test_invisible_characters_do_not_get_into_names(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("gia", "Trần\u202eVăn\u200b Giả")
    sync()
    assert person("gia").name == "TrầnVăn Giả"
