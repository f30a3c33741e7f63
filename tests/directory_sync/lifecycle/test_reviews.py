"""Rules of access reviews."""

import uuid
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from directory_sync.lifecycle import reviews
from directory_sync.lifecycle.job import lifecycle_job, open_review_of_the_month
from directory_sync.lifecycle.reviews import KEEP, WITHDRAW, Reviewer
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.models import Person
from idp.roles.models import Role
from tests.support import trail
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official

_p = table_of(Person)
OPERATOR = Reviewer("cli:test", "Người vận hành")
DUE = date(2026, 12, 24)


def opened(name: str = "2026-2") -> uuid.UUID:
    return in_transaction(lambda c: reviews.open_campaign(c, name, DUE, actor="cli:test"))


def sheet_of(campaign_id: uuid.UUID, unit_id: uuid.UUID) -> Any:
    return next(sheet for sheet in reviews.sheets_of(reader(), campaign_id, None) if sheet.unit_id == unit_id)


def decide(sheet_id: uuid.UUID, decisions: dict[uuid.UUID, str], reviewer: Reviewer = OPERATOR) -> int:
    """Decide of people by their ids."""
    lines = {line.person_id: line.id for line in reviews.lines_of(reader(), sheet_id)}
    return in_transaction(lambda c: reviews.decide(c, sheet_id, {lines[key]: word for key, word in decisions.items()}, reviewer))


def sign(sheet_id: uuid.UUID, reviewer: Reviewer = OPERATOR) -> int:
    return in_transaction(lambda c: reviews.sign(c, sheet_id, "", reviewer))


def state_of(person_id: uuid.UUID) -> str:
    return str(reader().execute(select(_p.c.state).where(_p.c.id == person_id)).scalar())


def test_a_review_has_a_sheet_for_each_unit_with_its_people_and_roles(app: Flask, time: ManualClock) -> None:
    here, there = add_unit(), add_unit("UBND xã Đồng Văn")
    add_person("a", unit_id=here)
    add_official(Role.HELP_DESK, unit_id=here)
    add_person("b", unit_id=there)
    add_person("c", unit_id=there, state="suspended")
    campaign = opened()
    assert {sheet.unit_id: sheet.people for sheet in reviews.sheets_of(reader(), campaign, None)} == {here: 2, there: 1}
    assert sorted(line.roles for line in reviews.lines_of(reader(), sheet_of(campaign, here).id)) == [[], ["help_desk"]]
    with pytest.raises(Refusal):
        opened()


def test_a_sheet_is_signed_when_everybody_is_decided_and_then_access_is_withdrawn(app: Flask, time: ManualClock) -> None:
    unit_id = add_unit()
    kept, left = add_person("a", unit_id=unit_id), add_person("b", unit_id=unit_id)
    sheet = sheet_of(opened(), unit_id)
    decide(sheet.id, {kept: KEEP})
    with pytest.raises(Refusal, match="chưa được quyết định"):
        sign(sheet.id)
    decide(sheet.id, {left: WITHDRAW})
    assert state_of(left) == "active"
    assert sign(sheet.id) == 1
    assert (state_of(kept), state_of(left)) == ("active", "suspended")
    assert trail.events("person.suspended")[0].detail["reason"] == "access_review"
    with pytest.raises(Refusal, match="đã được ký"):
        sign(sheet.id)
    assert decide(sheet.id, {kept: WITHDRAW}) == 0
    assert state_of(kept) == "active"


def test_an_officer_decides_about_nobody_of_other_units_nobody_with_a_role_and_not_themselves(app: Flask, time: ManualClock) -> None:
    mine, other = add_unit(), add_unit("UBND xã Đồng Văn")
    officer, administrator = add_official(Role.HR_OFFICER, unit_of_role=mine, unit_id=mine), add_official(Role.IT_ADMIN, unit_id=mine)
    colleague, stranger = add_person("a", unit_id=mine), add_person("b", unit_id=other)
    campaign = opened()
    reviewer = Reviewer(f"person:{officer}", "Cán bộ", officer, [mine])
    for person_id in (officer, administrator):
        with pytest.raises(Forbidden):
            decide(sheet_of(campaign, mine).id, {person_id: WITHDRAW}, reviewer)
    with pytest.raises(NotFound):
        decide(sheet_of(campaign, other).id, {stranger: WITHDRAW}, reviewer)
    with pytest.raises(NotFound):
        sign(sheet_of(campaign, other).id, reviewer)
    foreign = {line.id: WITHDRAW for line in reviews.lines_of(reader(), sheet_of(campaign, other).id)}
    with pytest.raises(Refusal):
        in_transaction(lambda c: reviews.decide(c, sheet_of(campaign, mine).id, foreign, reviewer))
    decide(sheet_of(campaign, mine).id, {colleague: KEEP}, reviewer)
    sign(sheet_of(campaign, mine).id, reviewer)
    assert {state_of(one) for one in (officer, administrator, colleague, stranger)} == {"active"}
    decide(sheet_of(campaign, mine).id, {administrator: WITHDRAW})  # left open, decided from above
    assert state_of(administrator) == "suspended"


def test_the_worker_opens_a_review_in_its_months_and_alarms_when_it_is_overdue(app: Flask, time: ManualClock) -> None:
    add_person("a", unit_id=add_unit())
    assert not open_review_of_the_month()
    time.advance(days=7)
    assert open_review_of_the_month()
    assert not open_review_of_the_month()
    assert [(one.name, one.due_on) for one in reviews.campaigns(reader(), None)] == [("2026-12", date(2026, 12, 31))]
    time.advance(days=31)
    lifecycle_job()
    lifecycle_job()
    assert [event.detail["campaign"] for event in trail.events("review.overdue")] == ["2026-12"]
