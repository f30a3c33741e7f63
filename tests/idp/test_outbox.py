"""Rules of the outbox."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock, outbox
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.outbox import DeliveryFailed, Message, OutboxMessage, Undeliverable
from tests.support.installation import close, settings_for

_t = table_of(OutboxMessage)


def _enqueue(kind: str = "letter") -> None:
    in_transaction(lambda connection: outbox.enqueue(connection, kind, {"to": "nobody"}))


def _fail(_: Message) -> None:
    raise DeliveryFailed("HTTP 500")


def test_a_message_is_delivered_once(app: Flask, time: clock.ManualClock) -> None:
    _enqueue()
    delivered: list[Message] = []
    assert outbox.deliver_due({"letter": delivered.append}) == 1
    assert outbox.deliver_due({"letter": delivered.append}) == 0
    assert [message.payload for message in delivered] == [{"to": "nobody"}]


def test_a_failed_delivery_is_tried_again_after_growing_pauses(app: Flask, time: clock.ManualClock) -> None:
    _enqueue()
    for pause in (2, 4, 8, 16):
        assert outbox.deliver_due({"letter": _fail}) == 1
        time.advance(seconds=pause - 1)
        assert outbox.deliver_due({"letter": _fail}) == 0
        time.advance(seconds=1)
    assert reader().execute(select(_t.c.attempts, _t.c.last_error)).one() == (4, "HTTP 500")


def test_a_message_is_given_up_after_a_day(app: Flask, time: clock.ManualClock) -> None:
    _enqueue()
    outbox.deliver_due({"letter": _fail})
    time.advance(hours=25)
    outbox.deliver_due({"letter": _fail})
    time.advance(hours=25)
    assert outbox.deliver_due({"letter": _fail}) == 0
    assert reader().execute(select(_t.c.failed_at)).scalar_one() is not None


def test_what_can_never_be_delivered_is_given_up_at_once(app: Flask, time: clock.ManualClock) -> None:
    def refuse(_: Message) -> None:
        raise Undeliverable("the client is gone")

    _enqueue()
    _enqueue("unknown kind")
    outbox.deliver_due({"letter": refuse})
    assert {row.failed_at for row in reader().execute(select(_t.c.failed_at))} == {time.instant}


def test_one_dead_receiver_delays_no_other(app: Flask, time: clock.ManualClock) -> None:
    _enqueue("dead")
    _enqueue("alive")
    delivered: list[Message] = []
    outbox.deliver_due({"dead": _fail, "alive": delivered.append})
    assert [message.kind for message in delivered] == ["alive"]


def test_a_worker_that_died_frees_its_messages_when_the_lease_runs_out(app: Flask, time: clock.ManualClock) -> None:
    _enqueue()
    assert len(in_transaction(outbox.lease_due)) == 1
    assert in_transaction(outbox.lease_due) == []
    time.advance(seconds=outbox.LEASE.total_seconds())
    assert len(in_transaction(outbox.lease_due)) == 1


def test_twenty_workers_at_once_lease_each_message_once(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        for _ in range(10):
            _enqueue()

    def lease(_: int) -> list[Message]:
        with app.app_context():
            return in_transaction(outbox.lease_due)

    with ThreadPoolExecutor(20) as pool:
        leased = [message.id for messages in pool.map(lease, range(20)) for message in messages]
    assert len(leased) == len(set(leased)) == 10
    close(app)


def test_pauses_never_exceed_an_hour() -> None:
    assert timedelta(seconds=outbox.LONGEST_PAUSE_SECONDS) == timedelta(hours=1)


@pytest.mark.parametrize("attempts", [1, 5, 40])
def test_any_number_of_attempts_has_a_pause(app: Flask, time: clock.ManualClock, attempts: int) -> None:
    _enqueue()
    (message,) = in_transaction(outbox.lease_due)
    tried = Message(message.id, message.kind, message.payload, None, None, message.created_at, attempts)
    in_transaction(lambda connection: outbox.mark_failed(connection, tried, "no answer"))
    pause = reader().execute(select(_t.c.next_attempt_at)).scalar_one() - time.instant
    assert timedelta(seconds=2) <= pause <= timedelta(hours=1)
