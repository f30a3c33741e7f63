"""Rules of the ledger of leavings: who had to know, who knows, and how long it took."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import access, clock, outbox
from idp.credentials import officer_codes
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, reader
from idp.oidc import leavings
from idp.oidc.leavings import LeavingFacts
from idp.opaque_tokens import Secret
from idp.outbox import Message
from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in

LOGOUT = "https://rp.test/logout"


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    return add_person()


def leave(person_id: uuid.UUID, **known: object) -> LeavingFacts:
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="system:sync", **known))  # type: ignore[arg-type]
    return ledger(person_id)


def ledger(person_id: uuid.UUID) -> LeavingFacts:
    return leavings.leavings_of(reader(), person_id)[0]


def deliver(*, works: bool = True) -> None:
    def answer(_message: Message) -> None:
        if not works:
            raise outbox.DeliveryFailed("answered 503")

    outbox.deliver_due({"logout_token": answer, "session_ended": lambda _m: None})


def test_each_client_is_told_or_has_no_channel(browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    told, silent = register_party(client_name="A", backchannel_logout_uri=LOGOUT), register_party(client_name="B")
    sign_in(browser, person_id)
    told.tokens(browser)
    told.tokens(browser)
    silent.tokens(browser)
    left = leave(person_id)
    assert [(one.client_name, one.state) for one in left.clients] == [("A", "waiting"), ("B", "no_channel")]
    assert left.is_unconfirmed
    assert left.took is None


def test_the_time_runs_from_the_directorys_change_to_the_last_confirmation(
    browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    party = register_party(backchannel_logout_uri=LOGOUT)
    sign_in(browser, person_id)
    party.tokens(browser)
    changed_at, read_at = clock.now() - timedelta(seconds=40), clock.now() - timedelta(seconds=2)
    leave(person_id, changed_at=changed_at, read_at=read_at)
    time.advance(seconds=3)
    deliver()
    left = ledger(person_id)
    assert (left.counted_from, left.took, left.clients[0].state) == (changed_at, timedelta(seconds=43), "confirmed")


def test_a_client_that_fails_for_a_day_stays_unconfirmed(browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    """SES-007: tried again with growing pauses, and then said so."""
    party = register_party(backchannel_logout_uri=LOGOUT)
    sign_in(browser, person_id)
    party.tokens(browser)
    leave(person_id)
    deliver(works=False)
    assert (ledger(person_id).clients[0].state, ledger(person_id).clients[0].last_error) == ("waiting", "answered 503")
    time.advance(hours=25)
    deliver(works=False)
    assert ledger(person_id).clients[0].state == "failed"
    assert ledger(person_id).is_unconfirmed


def test_who_entered_nothing_was_out_at_once(person_id: uuid.UUID, time: clock.ManualClock) -> None:
    assert leave(person_id).took == timedelta(0)


def test_a_directory_whose_clock_is_ahead_makes_no_time_less_than_nothing(person_id: uuid.UUID, time: clock.ManualClock) -> None:
    assert leave(person_id, changed_at=clock.now() + timedelta(minutes=3)).took == timedelta(0)


def test_codes_of_an_officer_die_with_access(person_id: uuid.UUID, time: clock.ManualClock) -> None:
    code = NewCode(Secret("x"), "y")
    for kind in (officer_codes.TEMPORARY, officer_codes.ACTIVATION):
        in_transaction(lambda c, kind=kind: officer_codes.issue(c, person_id, kind, code, issued_by="person:z"))  # type: ignore[misc]
    leave(person_id)
    assert officer_codes.find_open(reader(), person_id) == []


def test_the_province_has_a_median_a_worst_and_those_unconfirmed(app: Flask, time: clock.ManualClock) -> None:
    for number, seconds in enumerate((10, 20, 90)):
        leave(add_person(f"p{number}"), changed_at=clock.now() - timedelta(seconds=seconds))
    late, party, browser = add_person("late"), register_party(backchannel_logout_uri=LOGOUT), app.test_client()
    sign_in(browser, late)
    party.tokens(browser)
    leave(late)
    found = leavings.figures(leavings.leavings_since(reader(), clock.now() - timedelta(days=1)))
    assert (found.leavings, found.unconfirmed, found.median, found.worst) == (4, 1, 20, 90)
    assert leavings.figures([]).median is None


def test_coming_back_keeps_the_leaving_and_the_subject(person_id: uuid.UUID, time: clock.ManualClock) -> None:
    leave(person_id)
    in_transaction(lambda c: access.restore(c, person_id, reason="mistake", actor="cli:root"))
    assert ledger(person_id).undone_at == clock.now()
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left again", actor="cli:root"))
    assert [one.undone_at is None for one in leavings.leavings_of(reader(), person_id)] == [True, False]
