"""Rules of the rungs: who stands where."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from idp.clock import ManualClock
from idp.credentials import proofings
from idp.database import db, in_transaction, reader
from idp.enrollment.rungs import Rung, basis_now, count_people
from idp.people.models import DirectoryReason
from tests.support.enrolled_people import LONG_AGO, add_factor, add_person_on, add_proofing, add_recovery_codes
from tests.support.people import add_unit


def _rungs() -> Counter[str]:
    counter: Counter[str] = Counter()
    for row in count_people(reader()):
        counter[row.rung] += row.people
    return counter


@pytest.mark.parametrize("rung", list(Rung))
def test_a_person_stands_on_the_highest_rung_whose_tests_and_those_below_hold(app: Flask, time: ManualClock, rung: Rung) -> None:
    add_person_on(rung)
    assert _rungs() == {rung: 1}


def test_a_proofing_counts_until_it_is_withdrawn_or_expires_and_without_one_nothing_above_does(app: Flask, time: ManualClock) -> None:
    withdrawn, kept = add_person_on("B5"), add_person_on("B3")
    assert _rungs() == {"B5": 1, "B3": 1}
    in_transaction(lambda c: proofings.withdraw(c, withdrawn, reason="Nhầm người", actor="person:officer"))
    assert _rungs() == {"B2": 1, "B3": 1}
    time.advance(days=1826)
    assert _rungs() == {"B2": 2}
    add_proofing(kept, proofings.VNEID)
    assert _rungs() == {"B2": 1, "B3": 1}


def test_a_person_counts_once_however_many_factors_and_codes_there_are(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    for _ in range(3):
        add_factor(person_id)
        add_recovery_codes(person_id)
    assert _rungs() == {"B5": 1}


def test_a_sign_in_with_two_factors_counts_for_thirty_days_and_not_a_second_longer(app: Flask, time: ManualClock) -> None:
    add_person_on("B5")
    time.advance(days=29)
    assert _rungs() == {"B5": 1}
    time.advance(seconds=1)
    assert _rungs() == {"B4": 1}


@pytest.mark.parametrize(
    "given", [{"notice_acknowledged_at": None}, {"first_signed_in_at": None, "last_signed_in_at": None}], ids=["notice", "sign-in"]
)
def test_a_test_that_fails_low_holds_a_person_low_whatever_holds_above(app: Flask, time: ManualClock, given: dict[str, None]) -> None:
    add_person_on("B5", **given)
    assert _rungs() == {"B1": 1}


def test_a_factor_that_was_removed_or_never_confirmed_and_codes_that_were_replaced_or_not_confirmed_do_not_count(
    app: Flask, time: ManualClock
) -> None:
    now = time()
    recent = {"last_two_factor_at": now - timedelta(days=1)}
    only_codes = [add_person_on("B3", **recent) for _ in range(3)]
    for person_id in only_codes:
        add_recovery_codes(person_id)
    add_factor(only_codes[0], removed_at=now)
    add_factor(only_codes[1], confirmed_at=None)
    only_factor = [add_person_on("B3", **recent) for _ in range(3)]
    for person_id in only_factor:
        add_factor(person_id)
    add_recovery_codes(only_factor[0], replaced_at=now)
    add_recovery_codes(only_factor[1], confirmed_at=None)
    assert _rungs() == {"B3": 6}


def test_a_used_code_still_shows_that_the_sheet_was_kept(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B3")
    add_factor(person_id)
    add_recovery_codes(person_id, used_at=time())
    assert _rungs() == {"B4": 1}


def test_who_left_is_not_counted(app: Flask, time: ManualClock) -> None:
    add_person_on("B5", state="suspended", state_reason=DirectoryReason.GONE.value)
    assert _rungs() == {}


@pytest.mark.parametrize(
    "given",
    [
        {"directory_locked": True},
        {"state": "suspended", "state_reason": "locked_in_directory"},
        {"state": "suspended", "state_reason": "Mất thiết bị"},
        {"state": "suspended", "state_reason": None},
    ],
    ids=["locked", "locked by the sync", "suspended with a reason", "suspended without"],
)
def test_locking_or_suspending_somebody_keeps_them_in_the_denominator_and_takes_them_from_the_numerator(
    app: Flask, time: ManualClock, given: dict[str, Any]
) -> None:
    add_person_on("B5", **given)
    assert _rungs() == {"B0": 1}


def test_somebody_without_unit_or_category_is_counted_too(app: Flask, time: ManualClock) -> None:
    add_person_on("B1", unit_id=None, staff_category=None)
    (row,) = count_people(reader())
    assert (row.level, row.staff_category, row.people) == ("", "", 1)


def test_everybody_is_counted_by_one_statement(app: Flask, time: ManualClock) -> None:
    for number in range(12):
        add_person_on(list(Rung)[number % len(Rung)], unit_id=add_unit(f"Đơn vị {number}"))
    statements = []
    basis = basis_now(reader())
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    count_people(reader(), basis)
    assert len(statements) == 1


def test_long_ago_is_longer_than_the_rule() -> None:
    assert timedelta(days=30) < LONG_AGO
