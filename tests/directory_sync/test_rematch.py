"""Rules of who a new entry is."""

import uuid
from collections import Counter
from typing import Any

from directory_sync.desk_models import CaseKind, Choice
from directory_sync.rematch import Decision, Known, Remembered, Sorted, sort_out
from directory_sync.staff_record import StaffRecord


def entry(
    key: str = "new-1", code: str | None = "HG1", username: str = "an.nv", name: str = "Nguyễn Văn An", mail: str | None = None
) -> StaffRecord:
    return StaffRecord(
        key, b"", f"uid={username},dc=test", username, username, mail, mail, None, code, None, name, None, None, None, False, frozenset()
    )  # fmt: skip


def somebody(code: str | None = "HG1", *, is_gone: bool = True, **given: Any) -> Remembered:
    facts: dict[str, Any] = {"username_key": "an.nv", "mail_key": None, "name": "Nguyễn Văn An", "is_old_news": False, **given}
    return Remembered(uuid.uuid4(), code, is_gone=is_gone, **facts)


def sorted_out(records: list[StaffRecord], people: list[Remembered], decided: dict[str, Decision] | None = None) -> Sorted:
    read = Counter(one.staff_code for one in records if one.staff_code)
    read.update(one.staff_code for one in people if one.staff_code and not one.is_gone)
    remembered = Counter(one.staff_code for one in people if one.staff_code)
    return sort_out(records, Known(people, read, remembered, decided or {}))


def test_a_new_entry_with_the_number_of_one_person_who_is_gone_is_that_person() -> None:
    gone = somebody(username_key="khac", name="Tên khác")
    found = sorted_out([entry()], [gone])
    assert (found.back, found.new, found.held) == ([(gone.person_id, entry())], [], [])


def test_nobody_is_found_again_by_name_address_or_username() -> None:
    found = sorted_out([entry(code="HG2", mail="an@tinh.gov.vn")], [somebody("HG1", mail_key="an@tinh.gov.vn")])
    assert (found.back, [one.source_key for one in found.new]) == ([], ["new-1"])


def test_a_number_that_two_people_had_is_no_proof() -> None:
    gone, other = somebody(), somebody(is_gone=False, username_key="khac", name="Khác")
    found = sorted_out([entry()], [gone, other])
    assert (found.back, found.new) == ([], [])
    assert [(one.kind, [candidate.person_id for candidate in one.candidates]) for one in found.held] == [
        (CaseKind.NUMBER_NOT_UNIQUE, [gone.person_id, other.person_id])
    ]


def test_a_number_that_two_new_entries_have_is_no_proof_and_one_person_is_given_to_neither() -> None:
    gone = somebody()
    found = sorted_out([entry("new-1"), entry("new-2", username="binh")], [gone])
    assert (found.back, [one.kind for one in found.held]) == ([], [CaseKind.NUMBER_NOT_UNIQUE] * 2)


def test_an_entry_without_a_number_waits_when_somebody_gone_is_like_it() -> None:
    gone = somebody(None)
    found = sorted_out([entry(code=None)], [gone])
    assert [(one.kind, one.candidates[0].hints) for one in found.held] == [(CaseKind.NO_NUMBER, ("username", "name"))]
    assert [one.source_key for one in sorted_out([entry(code=None)], [somebody(None, username_key="x", name="Y")]).new] == ["new-1"]


def test_a_name_alone_holds_nobody_up_once_the_other_is_gone_for_long() -> None:
    assert sorted_out([entry(code=None, username="moi")], [somebody(None, is_old_news=True)]).new
    assert sorted_out([entry(code=None, username="moi")], [somebody(None)]).held


def test_a_number_that_came_or_went_with_the_entry_is_the_desks() -> None:
    assert [one.kind for one in sorted_out([entry(code="HG9")], [somebody(None)]).held] == [CaseKind.NO_NUMBER]
    assert [one.kind for one in sorted_out([entry(code=None)], [somebody("HG1")]).held] == [CaseKind.NO_NUMBER]


def test_whoever_was_gone_for_long_comes_back_only_by_decision() -> None:
    assert [one.kind for one in sorted_out([entry()], [somebody(is_long_gone=True, is_old_news=True)]).held] == [CaseKind.REHIRE]


def test_who_holds_a_role_is_found_again_only_in_the_run_that_saw_them_go() -> None:
    assert sorted_out([entry()], [somebody(holds_role=True)]).back
    assert [one.kind for one in sorted_out([entry()], [somebody(holds_role=True, is_old_news=True)]).held] == [CaseKind.REHIRE]


def test_the_number_of_somebody_who_is_there_makes_a_new_entry_wait() -> None:
    assert [one.kind for one in sorted_out([entry()], [somebody(is_gone=False, is_old_news=True)]).held] == [CaseKind.NUMBER_IN_USE]


def test_two_who_share_a_number_and_come_together_both_come_in() -> None:
    assert len(sorted_out([entry("a"), entry("b", username="binh")], []).new) == 2
    assert sorted_out([entry("b")], [somebody(is_gone=False, is_old_news=False)]).new  # the other half of a run that broke off


def test_what_the_desk_decided_is_done() -> None:
    there = somebody(is_gone=False, is_old_news=True)
    assert sorted_out([entry()], [there], {"new-1": Decision(Choice.NEW, None)}).new
    assert sorted_out([entry()], [there], {"new-1": Decision(Choice.KEEP_OUT, None)}) == Sorted()
    assert sorted_out([entry()], [there], {"new-1": Decision(Choice.SECOND_POST, there.person_id)}) == Sorted()


def test_who_loses_the_first_entry_goes_on_in_the_second() -> None:
    gone = somebody()
    found = sorted_out([entry()], [gone], {"new-1": Decision(Choice.SECOND_POST, gone.person_id)})
    assert [person_id for person_id, _record in found.back] == [gone.person_id]
