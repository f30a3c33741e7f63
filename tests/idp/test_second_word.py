"""Rules of the second word: whoever approves and whoever asked are two people at work who may still."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update

from idp import access, clock
from idp.clock import ManualClock
from idp.database import in_transaction, new_id, reader, table_of
from idp.emergency.models import EmergencySession
from idp.errors import Refusal
from idp.roles.grants import Terms, grant, revoke
from idp.roles.models import Role
from idp.second_word import Word, behind, holds, require_second
from idp.web.formats import today
from idp.web.viewer import Permission
from tests.support.emergencies import emergency
from tests.support.people import add_unit
from tests.support.signed_in import add_official

_s = table_of(EmergencySession)
MAY = holds(Permission.GRANT_ROLES)


def actor_of(person_id: uuid.UUID) -> str:
    return f"person:{person_id}"


def reason_of(first: Word, second: str) -> str | None:
    try:
        in_transaction(lambda c: require_second(c, first, second, first_may=MAY, second_may=MAY))
    except Refusal as refusal:
        return refusal.reason
    return None


def test_two_who_are_at_work_and_may_are_two_and_one_is_never_two(app: Flask) -> None:
    first, second = (actor_of(add_official(Role.IT_ADMIN)) for _one in range(2))
    word = Word(first, clock.now())
    assert reason_of(word, second) is None
    assert reason_of(word, first) == "own_proposal"
    assert reason_of(word, "cli:root") is None
    assert reason_of(Word("cli:root", clock.now()), "cli:root") == "own_proposal"
    assert reason_of(Word("client:nobody", clock.now()), second) == "proposer_lost_right"
    assert reason_of(Word("system:sync", clock.now()), second) == "proposer_lost_right"
    for machine in ("client:nobody", "system:sync", "anonymous"):
        assert reason_of(word, machine) == "needs_a_person"


@pytest.mark.parametrize("end", ["suspended", "role taken back", "role over", "role for one unit only"])
def test_whoever_is_not_at_work_or_may_not_any_more_is_neither_the_first_nor_the_second(app: Flask, time: ManualClock, end: str) -> None:
    one, other = add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)
    word, back = Word(actor_of(one), clock.now()), Word(actor_of(other), clock.now())
    if end == "suspended":
        in_transaction(lambda c: access.withdraw(c, one, reason="Nghỉ việc", actor="cli:test"))
    else:
        in_transaction(lambda c: revoke(c, one, Role.IT_ADMIN, actor="cli:test"))
    if end == "role over":
        in_transaction(lambda c: grant(c, one, Role.IT_ADMIN, actor="cli:test", terms=Terms(valid_until=today())))
        time.advance(days=1)
    if end == "role for one unit only":
        unit = add_unit("Sở Y tế")
        in_transaction(lambda c: grant(c, one, Role.IT_ADMIN, unit_id=unit, actor="cli:test"))
    assert reason_of(word, actor_of(other)) == "proposer_lost_right"
    assert reason_of(back, actor_of(one)) == "approver_lost_right"


def test_an_emergency_asks_while_its_hour_runs_and_agrees_to_nothing(app: Flask, time: ManualClock) -> None:
    second, asks = actor_of(add_official(Role.IT_ADMIN)), emergency()
    word = Word(asks, clock.now())
    assert reason_of(word, second) is None
    assert reason_of(Word(second, clock.now()), asks) == "needs_a_person"
    assert reason_of(Word(emergency(), clock.now()), asks) == "needs_a_person"
    time.advance(minutes=61)
    assert reason_of(word, second) == "proposer_lost_right"
    assert reason_of(Word("emergency:" + str(new_id()), clock.now()), second) == "proposer_lost_right"


def test_the_word_of_a_use_that_was_ended_does_not_live_again_with_the_next_use(app: Flask, time: ManualClock) -> None:
    second, asks = actor_of(add_official(Role.IT_ADMIN)), emergency()
    word, account = Word(asks, clock.now()), uuid.UUID(asks.removeprefix("emergency:"))
    time.advance(minutes=1)
    in_transaction(lambda c: c.execute(update(_s).values(ended_at=clock.now())))
    assert reason_of(word, second) == "proposer_lost_right"
    now = clock.now()
    again = {
        "id": new_id(), "account_id": account, "digest": b"2" * 32, "used_for": "x", "started_at": now, "proved_at": now,
        "last_seen_at": now, "expires_at": now + timedelta(hours=1),
    }  # fmt: skip
    in_transaction(lambda c: c.execute(insert(_s), again))
    assert reason_of(word, second) == "proposer_lost_right"
    assert reason_of(Word(asks, now), second) is None


@pytest.mark.parametrize("part", ["opened_by", "kept_by"])
def test_an_envelope_and_the_own_account_of_who_opened_or_keeps_it_are_one(app: Flask, part: str) -> None:
    own, other = add_official(Role.IT_ADMIN), add_official(Role.IT_ADMIN)
    asks = emergency(**{part: own})
    word = Word(asks, clock.now())
    assert behind(reader(), asks) == {own}
    assert reason_of(word, actor_of(own)) == "own_envelope"
    assert reason_of(word, actor_of(other)) is None
