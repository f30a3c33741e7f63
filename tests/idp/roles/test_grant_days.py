"""Rules of the days on which a role holds: rights are read at every request, whatever the worker has written down."""

from datetime import date, timedelta

import pytest
from flask import Flask

from idp.clock import ManualClock
from idp.console import role_job
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.roles.grants import Terms, find_grants, grant
from idp.roles.models import Role
from idp.roles.permissions import is_administrator, permissions_of
from idp.sessions.assurance import AAL1
from tests.support.people import add_person
from tests.support.signed_in import sign_in
from tests.support.trail import kinds

TODAY = date(2026, 11, 24)


def given(role: Role, terms: Terms) -> object:
    person_id = add_person()
    in_transaction(lambda connection: grant(connection, person_id, role, actor="cli:test", terms=terms))
    return person_id


def test_a_role_ends_with_its_last_day_also_in_a_session_that_is_open_and_before_the_worker_has_seen_it(
    app: Flask, time: ManualClock
) -> None:
    person_id = add_person()
    terms = Terms(valid_until=TODAY)
    in_transaction(lambda connection: grant(connection, person_id, Role.AUDITOR, actor="cli:test", terms=terms))
    time.advance(hours=15, minutes=52)  # 23:52 in the province
    browser = sign_in(app, person_id)
    assert browser.get("/console/audit").status_code == 200
    time.advance(minutes=10)
    assert permissions_of(person_id) == frozenset()
    assert browser.get("/console/audit").status_code == 403
    assert is_administrator(person_id), "it is over, yet nobody has looked: two factors are still asked for"
    role_job.look()
    role_job.look()
    assert not is_administrator(person_id)
    assert kinds("role.revoked") == ["role.revoked"]


def test_a_role_for_a_day_to_come_allows_nothing_until_that_day_and_begins_with_new_sessions(app: Flask, time: ManualClock) -> None:
    person_id = add_person()
    browser = sign_in(app, person_id, AAL1)
    terms = Terms(valid_from=TODAY + timedelta(days=1), valid_until=TODAY + timedelta(days=40))
    in_transaction(lambda connection: grant(connection, person_id, Role.HELP_DESK, actor="cli:test", terms=terms))
    role_job.look()
    assert permissions_of(person_id) == frozenset()
    time.advance(hours=17)
    assert permissions_of(person_id) == frozenset(), "only when what the person had before has ended"
    role_job.look()
    assert permissions_of(person_id)
    assert browser.get("/account").status_code == 303, "signed in with one factor before it began"
    assert kinds("role.begun") == ["role.begun"]


def test_whoever_s_role_ends_within_two_weeks_is_told_once(app: Flask, time: ManualClock) -> None:
    given(Role.LEADER, Terms(valid_until=TODAY + timedelta(days=15)))
    role_job.look()
    assert kinds("role.ending") == []
    time.advance(hours=24)
    role_job.look()
    role_job.look()
    assert kinds("role.ending") == ["role.ending"]


@pytest.mark.parametrize(
    "terms",
    [
        Terms(valid_until=TODAY - timedelta(days=1)),
        Terms(valid_from=TODAY + timedelta(days=3), valid_until=TODAY + timedelta(days=2)),
        Terms(valid_until=TODAY + timedelta(days=5 * 366 + 1)),
    ],
)
def test_days_that_make_no_sense_are_refused(app: Flask, time: ManualClock, terms: Terms) -> None:
    person_id = add_person()
    with pytest.raises(Refusal):
        in_transaction(lambda connection: grant(connection, person_id, Role.LEADER, actor="cli:test", terms=terms))
    assert not find_grants(reader())


def test_a_role_that_is_over_can_be_given_anew_before_the_worker_has_looked(app: Flask, time: ManualClock) -> None:
    person_id = add_person()
    in_transaction(lambda connection: grant(connection, person_id, Role.LEADER, actor="cli:test", terms=Terms(valid_until=TODAY)))
    time.advance(hours=24)
    assert in_transaction(lambda connection: grant(connection, person_id, Role.LEADER, actor="cli:test"))
    assert permissions_of(person_id)
    assert len(find_grants(reader())) == 1
