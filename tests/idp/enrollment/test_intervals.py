"""Rules of the intervals: they follow the trail, fall by time at the instant, and a recount agrees with them."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import text, update

from clients.entry import EntryRule
from clients.entry_models import EntryKind
from clients.entry_rules import add_rule, kept_rules, remove_rule
from idp import audit, clock
from idp.audit import Event
from idp.clock import ManualClock
from idp.credentials import proofings
from idp.database import in_transaction, new_id, reader, table_of
from idp.enrollment.exemptions import exempt
from idp.enrollment.figures_of_day import day_of
from idp.enrollment.following import look, look_job, seconds_behind
from idp.enrollment.listing import counts_by_intervals, history_of, people_on
from idp.enrollment.recount import count_differences, list_differences
from idp.enrollment.rungs import NO_UNIT, count_people
from idp.enrollment.snapshots import recount_everybody, take_snapshot
from idp.people.career_models import Appointment
from idp.people.models import DirectoryReason, Person
from tests.support.enrolled_people import add_person_on, enter, integrated_system
from tests.support.people import add_unit

_p = table_of(Person)
START = timedelta(minutes=1)


def _look() -> None:
    in_transaction(audit.link_events)
    look_job()


def _begin(time: ManualClock) -> None:
    _look()
    time.advance(seconds=60)


def _change(person_id: uuid.UUID, event: Event = Event.PERSON_CHANGED, **values: Any) -> None:
    def deed(connection: Any) -> None:
        connection.execute(update(_p).where(_p.c.id == person_id), values)
        audit.record(connection, event, actor="system:test", person_id=person_id)

    in_transaction(deed)


def _rungs(person_id: uuid.UUID) -> list[tuple[str, str]]:
    return [(row.rung, row.cause) for row in history_of(reader(), person_id)]


def test_the_first_look_fills_in_everybody_and_later_ones_follow_the_events(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B4")
    _begin(time)
    assert _rungs(person_id) == [("B4", "beginning")]
    _change(person_id, Event.SECOND_FACTOR_VERIFIED, last_two_factor_at=clock.now())
    at = clock.now()
    time.advance(seconds=3)
    _look()
    first, second = history_of(reader(), person_id)
    assert (first.to_at, first.end_cause) == (at, "second_factor.verified")
    assert (second.rung, second.from_at, second.to_at, second.cause) == ("B5", at, None, "second_factor.verified")


def test_a_fall_by_time_is_told_at_its_instant_with_its_cause(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    _begin(time)
    time.advance(days=40)
    _look()
    fallen = history_of(reader(), person_id)[-1]
    assert (fallen.rung, fallen.cause) == ("B4", "time.two_factor")
    last = reader().execute(_p.select().where(_p.c.id == person_id)).one().last_two_factor_at
    assert fallen.from_at == last + timedelta(days=30)


def test_signing_in_again_puts_the_fall_off_without_another_interval(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    _begin(time)
    for _ in range(4):
        time.advance(days=20)
        _change(person_id, Event.SECOND_FACTOR_VERIFIED, last_two_factor_at=clock.now())
        _look()
    assert _rungs(person_id) == [("B5", "beginning")]


def test_an_entry_of_long_ago_takes_the_highest_rung_away_and_a_new_one_gives_it_back(app: Flask, time: ManualClock) -> None:
    client, person_id = integrated_system(), add_person_on("B6")
    _begin(time)
    for _ in range(5):
        time.advance(days=20)
        _change(person_id, Event.SECOND_FACTOR_VERIFIED, last_two_factor_at=clock.now())
        _look()
    assert _rungs(person_id)[-1] == ("B5", "time.entry")

    def enters(connection: Any) -> None:
        audit.record(connection, Event.AUTHORIZATION_GRANTED, actor="person:x", person_id=person_id, client_id=client)

    in_transaction(enters)
    _look()
    assert _rungs(person_id)[-1] == ("B6", "authorization.granted")


def test_every_integrated_system_counts_unless_no_password_of_its_own_is_left(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B6")
    other = integrated_system("mot-cua")
    assert [row.rung for row in count_people(reader())] == ["B5"]
    enter(person_id, other)
    assert [row.rung for row in count_people(reader())] == ["B6"]
    integrated_system("thu-cong-vu", own_passwords_left="no")
    assert [row.rung for row in count_people(reader())] == ["B6"]


def test_a_system_that_becomes_integrated_is_noticed_by_the_next_look(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B6")
    _begin(time)
    integrated_system("mot-cua")
    _look()
    assert _rungs(person_id) == [("B6", "beginning"), ("B5", "systems.changed")]


def test_a_proofing_withdrawn_and_one_expired_are_different_falls(app: Flask, time: ManualClock) -> None:
    withdrawn, expired = add_person_on("B4"), add_person_on("B4")
    _begin(time)
    in_transaction(lambda c: proofings.withdraw(c, withdrawn, reason="Nhầm người", actor="person:officer"))
    _look()
    time.advance(days=1827)
    _look()
    assert _rungs(withdrawn)[-1] == ("B2", "proofing.withdrawn")
    assert _rungs(expired)[-1] == ("B2", "time.proofing")


def test_who_leaves_has_no_interval_any_more(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    _begin(time)
    _change(person_id, Event.PERSON_SUSPENDED, state="suspended", state_reason=DirectoryReason.GONE.value)
    _look()
    (only,) = history_of(reader(), person_id)
    assert (only.to_at, only.end_cause) == (clock.now(), "person.suspended")


def test_what_no_event_explains_is_recorded_and_put_right_never_silently(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    _begin(time)
    assert in_transaction(recount_everybody) == 0
    in_transaction(lambda connection: connection.execute(update(_p).where(_p.c.id == person_id), {"first_signed_in_at": None}))
    assert in_transaction(recount_everybody) == 1
    (difference,) = list_differences(reader())
    assert (difference.person_id, difference.by_intervals, difference.by_facts) == (person_id, "B5", "B1")
    assert _rungs(person_id)[-1] == ("B1", "recount")
    assert in_transaction(recount_everybody) == 0
    assert count_differences(reader()) == 1


def test_what_comes_late_is_told_from_the_snapshot_on_and_the_day_keeps_its_list(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B5")
    _begin(time)
    _change(person_id, last_two_factor_at=None)  # the event is not in the chain yet
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    taken = clock.now()
    day = taken.date()
    listed = counts_by_intervals(reader(), day)
    time.advance(seconds=5)
    _look()
    assert counts_by_intervals(reader(), day) == listed
    assert [row.rung for row in people_on(reader(), day)] == ["B4"]
    assert count_differences(reader()) == 0


def test_a_person_on_secondment_counts_at_the_host_unit_while_it_lasts(app: Flask, time: ManualClock) -> None:
    home, host = add_unit("Sở Nội vụ"), add_unit("UBND xã Lũng Cú")
    person_id = add_person_on("B1", unit_id=home)
    today = clock.now().date()
    row = {
        "id": new_id(), "person_id": person_id, "unit_id": host, "kind": "secondment", "from_day": today + timedelta(days=2),
        "to_day": today + timedelta(days=5), "created_by": "cli:test", "created_at": clock.now(),
    }  # fmt: skip
    in_transaction(lambda connection: connection.execute(table_of(Appointment).insert(), row))
    _begin(time)
    units = []
    for _ in range(7):
        assert in_transaction(recount_everybody) == 0
        units.append(count_people(reader())[0].unit_id)
        time.advance(days=1)
    assert units == [home, home, host, host, host, host, home]
    assert [one.unit_id for one in history_of(reader(), person_id)] == [home, host, home]


def test_an_exemption_stays_in_the_denominator_and_is_counted_apart(app: Flask, time: ManualClock) -> None:
    person_id, today = add_person_on("B1"), clock.now().date()
    in_transaction(lambda c: exempt(c, person_id, today, today + timedelta(days=1), reason="QĐ 12", actor="person:officer"))
    assert [(row.people, row.exempt, row.absent, row.entitled) for row in count_people(reader())] == [(1, 1, 0, 0)]
    time.advance(days=2)
    assert [(row.people, row.exempt) for row in count_people(reader())] == [(1, 0)]


def test_the_database_lets_an_interval_be_closed_once_and_nothing_else(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B1")
    _begin(time)
    refused = 0
    for statement in ("UPDATE rung_interval SET rung = 'B6'", "DELETE FROM rung_interval", "DELETE FROM rung_difference WHERE 1 = 0"):
        try:
            in_transaction(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - each driver has its own
            refused += "append-only" in str(error)
    assert refused == 2
    assert _rungs(person_id) == [("B1", "beginning")]


def test_people_of_no_unit_have_intervals_too(app: Flask, time: ManualClock) -> None:
    person_id = add_person_on("B1", unit_id=None)
    _begin(time)
    assert history_of(reader(), person_id)[0].unit_id == NO_UNIT
    assert in_transaction(look) == 0
    assert seconds_behind(reader()) is not None


def test_only_systems_that_a_person_may_enter_are_asked_for(app: Flask, time: ManualClock) -> None:
    add_person_on("B6", staff_category="vien_chuc")
    integrated_system("mot-cua")
    assert [row.rung for row in count_people(reader())] == ["B5"]

    def officials_only(connection: Any) -> None:
        for kept in kept_rules(connection, integrated_system("mot-cua")):
            remove_rule(connection, "mot-cua", kept.id, actor="cli:test")
        add_rule(connection, "mot-cua", EntryRule(EntryKind.CATEGORY, staff_category="can_bo"), actor="cli:test")

    in_transaction(officials_only)
    assert [(row.rung, row.entitled) for row in count_people(reader())] == [("B6", 1)]
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    systems = {one.code: (one.entitled, one.entered) for one in day_of(reader(), clock.now().date()).systems}
    assert systems == {"van-ban": (1, 1), "mot-cua": (0, 0)}
