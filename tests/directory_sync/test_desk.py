"""Rules of the desk, against a real OpenLDAP: what waits there, what comes of each decision, and what is remembered."""

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from directory_sync import desk, desk_rules
from directory_sync.desk import Officer, Word
from directory_sync.desk_models import CaseState, Choice, DeskCase
from idp import access
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.people import appointments
from idp.roles.grants import grant
from idp.roles.models import Role
from tests.support import trail
from tests.support.staff_directory import COMMUNE, DEPARTMENT, LOCKED, StaffDirectory, everybody, person, sync, unit

OPERATOR = Officer("cli:test")
_d = table_of(DeskCase)


def cases(**given: Any) -> list[Any]:
    return list(reader().execute(select(_d).where(*(_d.c[name] == value for name, value in given.items())).order_by(_d.c.opened_at)))


def the_case(**given: Any) -> Any:
    found = cases(state=CaseState.OPEN, **given)
    assert len(found) == 1, found
    return found[0]


def decide(case: Any, choice: Choice, person_id: uuid.UUID | None = None, *, officer: Officer = OPERATOR, remember: str = "") -> None:
    word = Word(choice, "theo quyết định của Sở Nội vụ", person_id, remember)
    in_transaction(lambda connection: desk.decide(connection, case.id, word, officer))


def made_again(directory: StaffDirectory, username: str, name: str, unit_dn: str = COMMUNE, **attributes: Any) -> None:
    directory.remove(f"uid={username},{DEPARTMENT}")
    directory.add_person(username, name, unit_dn, **attributes)


def test_an_entry_made_again_elsewhere_with_the_same_number_keeps_subject_and_state(app: Flask, directory: StaffDirectory) -> None:
    sync()
    before = person("an.nv")
    made_again(directory, "an.nv", "Nguyễn Văn An")
    report = sync()
    after = person("an.nv")
    assert (report.found["joined"], report.found["suspended"], report.found["moved"]) == (0, 0, 1)
    assert (after.id, after.subject, after.state) == (before.id, before.subject, "active")
    assert after.source_key == directory.entry_uuid(f"uid=an.nv,{COMMUNE}") != before.source_key
    assert trail.events("person.suspended") == []
    assert sync().state == "unchanged"


def test_who_was_gone_for_a_run_comes_back_as_the_same_person(app: Flask, directory: StaffDirectory) -> None:
    sync()
    subject = person("an.nv").subject
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    directory.add_person("an.nv", "Nguyễn Văn An")
    assert sync().found["returned"] == 1
    assert (person("an.nv").subject, person("an.nv").state) == (subject, "active")


def test_who_comes_back_locked_stays_out(app: Flask, directory: StaffDirectory) -> None:
    sync()
    made_again(directory, "an.nv", "Nguyễn Văn An", pwdAccountLockedTime=LOCKED)
    sync()
    assert (person("an.nv").state, person("an.nv").state_reason) == ("suspended", "locked_in_directory")


def test_whoever_an_officer_suspended_is_not_let_in_by_making_the_entry_again(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    in_transaction(lambda connection: access.withdraw(connection, an.id, reason="kỷ luật", actor="cli:test"))
    made_again(directory, "an.nv", "Nguyễn Văn An")
    sync()
    assert [(row.id, row.state) for row in everybody().values() if row.username == "an.nv"] == [(an.id, "suspended")]
    decide(the_case(kind="suspended_here"), Choice.RESTORE)
    assert person("an.nv").state == "active"


def test_an_entry_without_a_number_waits_and_its_like_stays_out_until_the_desk_says_who_it_is(
    app: Flask, directory: StaffDirectory
) -> None:
    directory.add_person("khong.ma", "Lò Thị Không", employeeNumber=None)
    sync()
    before = person("khong.ma")
    made_again(directory, "khong.ma", "Lò Thị Không", employeeNumber=None)
    report = sync()
    assert (report.found["joined"], person("khong.ma").state) == (0, "suspended")
    case = the_case(kind="no_number")
    assert (case.unit_id, case.candidates[0]["hints"]) == (unit("UBND xã Lũng Cú, Đồng Văn").id, ["username", "mail", "name"])
    sync()
    assert the_case(kind="no_number").id == case.id
    decide(case, Choice.SAME, before.id)
    assert (person("khong.ma").subject, person("khong.ma").state) == (before.subject, "active")
    sync()
    assert person("khong.ma").unit_id == unit("UBND xã Lũng Cú, Đồng Văn").id
    assert cases(state=CaseState.OPEN) == []


def test_another_person_is_added_and_an_entry_in_error_is_not(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("a", "Lò Thị A", employeeNumber=None)
    directory.add_person("b", "Lò Thị B", employeeNumber=None)
    sync()
    for username, name in (("a", "Lò Thị A"), ("b", "Lò Thị B")):
        made_again(directory, username, name, employeeNumber=None)
    sync()
    first, second = sorted(cases(state=CaseState.OPEN, kind="no_number"), key=lambda case: str(case.name))
    decide(first, Choice.NEW)
    decide(second, Choice.KEEP_OUT)
    assert sync().found["joined"] == 1
    assert sorted(row.state for row in everybody().values() if row.username == "a") == ["active", "suspended"]
    assert [row.state for row in everybody().values() if row.username == "b"] == ["suspended"]
    assert sync().state == "unchanged"
    in_transaction(lambda connection: desk.reopen(connection, second.id, OPERATOR))
    assert the_case(kind="no_number").id == second.id
    with pytest.raises(Refusal, match="không thu hồi được"):
        in_transaction(lambda connection: desk.reopen(connection, first.id, OPERATOR))


def test_a_second_entry_with_the_number_of_somebody_there_is_a_second_post_by_decision(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    dn = directory.add_person("an.nv2", "Nguyễn Văn An", COMMUNE, employeeNumber="HG-an.nv", title="Phó Chủ tịch")
    assert sync().found["joined"] == 0
    decide(the_case(kind="number_in_use"), Choice.SECOND_POST, an.id)
    assert sync().found["joined"] == 0
    assert [(post.title, post.to_day) for post in appointments.posts_of(reader(), an.id)] == [("Phó Chủ tịch", None)]
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    after = everybody()[directory.entry_uuid(dn)]
    assert (after.id, after.state, after.title) == (an.id, "active", "Phó Chủ tịch")
    sync()
    assert [post.to_day is not None for post in appointments.posts_of(reader(), an.id)] == [True]


def test_a_second_entry_that_takes_the_place_of_the_first_settles_its_case(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    directory.add_person("an.nv2", "Nguyễn Văn An", COMMUNE, employeeNumber="HG-an.nv")
    sync()
    case = the_case(kind="number_in_use")
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    assert (person("an.nv2").id, person("an.nv2").state, cases(id=case.id)[0].state) == (an.id, "active", CaseState.SETTLED)


def test_what_several_share_is_shown_once_and_settled_by_itself(app: Flask, directory: StaffDirectory) -> None:
    directory.change(f"uid=an.nv,{DEPARTMENT}", mail="phong@hagiang.gov.vn")
    directory.change(f"uid=mai.vt,{DEPARTMENT}", mail="phong@hagiang.gov.vn")
    sync()
    case = the_case(kind="shared_mail")
    assert (case.value, case.unit_id) == ("phong@hagiang.gov.vn", unit("Sở Nội vụ").id)
    directory.change(f"uid=mai.vt,{DEPARTMENT}", mail="mai@hagiang.gov.vn")
    sync()
    assert [one.state for one in cases(id=case.id)] == [CaseState.SETTLED]


def test_a_decision_for_all_of_a_value_counts_for_those_to_come_until_it_is_revoked(app: Flask, directory: StaffDirectory) -> None:
    for username in ("an.nv", "mai.vt"):
        directory.change(f"uid={username},{DEPARTMENT}", mail="phong@hagiang.gov.vn")
    sync()
    decide(the_case(kind="shared_mail"), Choice.FINE, remember="value")
    directory.add_person("ba", "Người Thứ Ba", mail="phong@hagiang.gov.vn")
    sync()
    assert cases(state=CaseState.OPEN, kind="shared_mail") == []
    rule = desk_rules.rules(reader(), None)[0]
    in_transaction(lambda connection: desk_rules.revoke(connection, rule.id, within=None, actor="cli:test"))
    directory.add_person("tu", "Người Thứ Tư", mail="phong@hagiang.gov.vn")
    sync()
    assert the_case(kind="shared_mail").facts == {"people": 4}


def test_nothing_that_gives_somebody_anothers_account_is_remembered(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("khong.ma", "Lò Thị Không", employeeNumber=None)
    sync()
    before = person("khong.ma")
    made_again(directory, "khong.ma", "Lò Thị Không", employeeNumber=None)
    sync()
    with pytest.raises(Refusal, match="không ghi nhớ"):
        decide(the_case(kind="no_number"), Choice.SAME, before.id, remember="all")
    assert the_case(kind="no_number").choice is None


def test_only_the_words_of_the_kind_and_the_people_of_the_case_are_taken(app: Flask, directory: StaffDirectory) -> None:
    directory.add_person("khong.ma", "Lò Thị Không", employeeNumber=None)
    sync()
    made_again(directory, "khong.ma", "Lò Thị Không", employeeNumber=None)
    sync()
    case = the_case(kind="no_number")
    for choice, person_id in ((Choice.RESTORE, None), (Choice.SAME, person("mai.vt").id), (Choice.SAME, None)):
        with pytest.raises(Refusal):
            decide(case, choice, person_id)
    assert the_case(kind="no_number").id == case.id


def test_who_holds_a_role_and_is_gone_does_not_come_back_without_a_word(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    in_transaction(lambda connection: grant(connection, an.id, Role.IT_ADMIN, actor="cli:test"))
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    sync()
    directory.add_person("an.nv", "Kẻ Mạo Danh", COMMUNE)
    sync()
    assert person("an.nv").state == "suspended"
    assert the_case(kind="rehire").person_id == an.id


def test_a_role_holder_moved_by_delete_and_add_in_one_go_is_the_same_person(app: Flask, directory: StaffDirectory) -> None:
    sync()
    an = person("an.nv")
    in_transaction(lambda connection: grant(connection, an.id, Role.HR_OFFICER, actor="cli:test"))
    made_again(directory, "an.nv", "Nguyễn Văn An")
    sync()
    assert (person("an.nv").id, person("an.nv").state) == (an.id, "active")
