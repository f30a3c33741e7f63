"""Rules of what is forgotten: sessions, messages and counts do not grow without bound, and nothing that still matters goes."""

import uuid
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select

from idp import access, clock, outbox
from idp.credentials import failures
from idp.credentials.models import FailureCount
from idp.database import in_transaction, reader, table_of
from idp.oidc import leavings, old_records
from idp.outbox import OutboxMessage
from idp.sessions import browser_sessions
from idp.sessions.models import BrowserSession
from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in

ACTOR = "system:test"


def count(record: type) -> int:
    return int(reader().execute(select(func.count()).select_from(table_of(record))).scalar_one())


def forget() -> int:
    return in_transaction(old_records.forget_old)


def deliver() -> None:
    outbox.deliver_due({"session_ended": lambda _m: None, "logout_token": lambda _m: None}, 1000)


def test_a_year_of_sign_ins_leaves_a_quarter_of_a_year_of_sessions(app: Flask, time: clock.ManualClock) -> None:
    """LOG-037."""
    person_id = add_person()
    for _week in range(52):
        with app.test_request_context("/"):
            in_transaction(
                lambda c: browser_sessions.start(
                    c, person_id=person_id, acr="urn:hopnhat:aal1", amr=("pwd",), shared_pc=False, administrator=False
                )
            )  # fmt: skip
        time.advance(days=7)
        in_transaction(browser_sessions.end_expired)
        deliver()
        forget()
        assert count(BrowserSession) <= 14
        assert count(OutboxMessage) <= 14


def test_an_open_session_and_one_in_which_something_began_stay(browser: FlaskClient, app: Flask, time: clock.ManualClock) -> None:
    person_id, party = add_person(), register_party(backchannel_logout_uri="https://rp.test/out")
    sign_in(browser, person_id)
    party.tokens(browser)
    in_transaction(lambda c: browser_sessions.end_all(c, person_id, reason="r", actor=ACTOR))
    sign_in(app.test_client(), person_id)
    deliver()
    time.advance(days=100)
    forget()
    assert count(BrowserSession) == 2


def test_what_the_ledger_of_leavings_tells_of_stays(browser: FlaskClient, app: Flask, time: clock.ManualClock) -> None:
    person_id, party = add_person(), register_party(backchannel_logout_uri="https://rp.test/out")
    sign_in(browser, person_id)
    party.tokens(browser)
    in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor=ACTOR))
    deliver()
    time.advance(days=100)
    forget()
    [left] = leavings.leavings_of(reader(), person_id)
    assert [one.state for one in left.clients] == ["confirmed"]
    assert count(OutboxMessage) == 2  # the session, and all of the person


def test_a_message_that_waits_is_kept_however_old_it_is(app: Flask, time: clock.ManualClock) -> None:
    in_transaction(lambda c: outbox.enqueue(c, "letter", {}))
    time.advance(days=400)
    assert forget() == 0


def test_counts_of_names_that_nobody_has_are_gone_after_a_month(app: Flask, time: clock.ManualClock) -> None:
    """LOG-037: a thousand made-up names leave nothing."""

    def guess(connection: Connection) -> None:
        for _ in range(1000):
            failures.count_attempt(connection, failures.password_kind(), failures.account_of_name(uuid.uuid4().hex))

    in_transaction(guess)
    assert count(FailureCount) == 1000
    time.advance(days=31)
    in_transaction(failures.forget_old)
    assert count(FailureCount) == 0
    assert timedelta(days=31) > failures.KEPT
