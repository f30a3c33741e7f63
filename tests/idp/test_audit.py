"""Rules of the audit trail."""

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from idp import audit
from idp.database import in_transaction, reader

EVENT = audit.Event.PERSON_ADDED


def _record(times: int) -> None:
    def write(connection: Connection) -> None:
        for number in range(times):
            audit.record(connection, EVENT, actor="cli:test", number=number)

    in_transaction(write)


def test_events_are_linked_once_and_the_chain_holds(app: Flask) -> None:
    _record(3)
    assert in_transaction(audit.link_events) == 3
    _record(2)
    assert in_transaction(audit.link_events) == 2
    assert in_transaction(audit.link_events) == 0
    report = audit.verify_chain(reader())
    assert (report.links, report.unlinked, report.broken_at) == (5, 0, None)


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "DELETE FROM audit_link"])
def test_the_database_refuses_to_change_the_trail(app: Flask, statement: str) -> None:
    _record(1)
    in_transaction(audit.link_events)
    with pytest.raises(DBAPIError, match="append-only"):
        in_transaction(lambda c: c.execute(text(statement)))


def test_a_changed_event_breaks_the_chain_at_its_position(app: Flask) -> None:
    _record(3)
    in_transaction(audit.link_events)

    def tamper(connection: Connection) -> None:
        from_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
        drop = "DROP TRIGGER audit_event_no_update" if from_sqlite else "DROP TRIGGER audit_event_append_only ON audit_event"
        for statement in (
            drop,
            "UPDATE audit_event SET actor = 'cli:somebody' WHERE id = (SELECT event_id FROM audit_link WHERE position = 2)",
        ):
            connection.execute(text(statement))

    in_transaction(tamper)
    assert audit.verify_chain(reader()).broken_at == 2


def test_no_text_that_somebody_sent_breaks_the_chain(app: Flask) -> None:
    in_transaction(lambda c: audit.record(c, audit.Event.PASSKEY_REFUSED, actor="anonymous", reason="\ud800 \0 \u202e"))
    assert in_transaction(audit.link_events) == 1
    assert audit.verify_chain(reader()).broken_at is None
