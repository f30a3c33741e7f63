"""Rules of statements at the driver's price: they tell and refuse what `Connection.execute` does."""

import uuid

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from idp import clock
from idp.app import create_app
from idp.audit import AuditEvent
from idp.clock import ManualClock
from idp.database import at_once, db, in_transaction, new_id, reader, table_of
from idp.people.models import Person
from idp.prepared import first, first_with, run
from tests.support.installation import close, settings_for
from tests.support.people import add_person

_e, _p = table_of(AuditEvent), table_of(Person)
_event = select(_e).where(_e.c.id == bindparam("wanted"), _e.c.event == "person.added")
_insert = insert(AuditEvent)
_rename = (
    update(_p).where(_p.c.id == bindparam("wanted"), _p.c.name != "").values(name=bindparam("new_name")).returning(_p.c.name, _p.c.state)
)
_nobody = update(_p).where(_p.c.id == bindparam("wanted")).values(title=bindparam("new_title"))


def _event_row() -> dict[str, object]:
    return {
        "id": new_id(), "at": clock.now(), "event": "person.added", "actor": "cli:test", "person_id": None, "client_id": uuid.uuid4(),
        "address": None, "request_id": None, "detail": {"xã": ["Lũng Cú", 1]},
    }  # fmt: skip


def test_a_row_is_what_connection_execute_tells_of_it(app: Flask, time: ManualClock) -> None:
    row = _event_row()
    assert in_transaction(lambda c: run(c, _insert, row)) == 1
    told, core = first(reader(), _event, {"wanted": row["id"]}), reader().execute(_event, {"wanted": row["id"]}).one()
    assert tuple(told) == tuple(core)
    assert told._asdict() == dict(core._mapping) == row


def test_a_deed_and_its_event_are_both_there_or_neither(app: Flask) -> None:
    """Whichever database: on PostgreSQL in one statement, which is a transaction by itself."""
    person_id, row = add_person("vmsinh"), _event_row()
    for wanted, event, is_done in ((new_id(), _event_row(), False), (person_id, row, True)):
        values = {"wanted": wanted, "new_name": "Vàng Mí Sính"}
        changed = at_once(lambda c, values=values, event=event: first_with(c, _rename, values, (_e, event)))  # type: ignore[misc]
        assert (changed is not None, first(reader(), _event, {"wanted": event["id"]}) is not None) == (is_done, is_done)
    with pytest.raises(IntegrityError):
        at_once(lambda c: first_with(c, _rename, {"wanted": person_id, "new_name": "Khác"}, (_e, row)))
    assert reader().execute(select(_p.c.name).where(_p.c.id == person_id)).scalar_one() == "Vàng Mí Sính"


def test_no_row_is_none(app: Flask) -> None:
    assert first(reader(), _event, {"wanted": new_id()}) is None


def test_a_change_tells_how_many_rows_and_what_it_returns(app: Flask) -> None:
    person_id = add_person("vmsinh")
    changed = in_transaction(lambda c: first(c, _rename, {"wanted": person_id, "new_name": "Vàng Mí Sính"}))
    assert (changed.name, changed.state) == ("Vàng Mí Sính", "active")
    assert in_transaction(lambda c: run(c, _nobody, {"wanted": new_id(), "new_title": "x"})) == 0


def test_what_is_run_belongs_to_the_transaction(app: Flask) -> None:
    row = _event_row()

    def write_and_fail(connection: object) -> None:
        run(connection, _insert, row)  # type: ignore[arg-type]
        raise KeyError

    with pytest.raises(KeyError):
        in_transaction(write_and_fail)
    assert first(reader(), _event, {"wanted": row["id"]}) is None


def test_a_refusal_of_the_database_is_the_same_error_and_tells_no_value(app: Flask) -> None:
    row = _event_row() | {"actor": "s3cret-person"}
    in_transaction(lambda c: run(c, _insert, row))
    with pytest.raises(IntegrityError) as refused:
        in_transaction(lambda c: run(c, _insert, row))
    assert "s3cret" not in str(refused.value)


def test_a_name_left_out_is_found_at_once(app: Flask) -> None:
    with pytest.raises(AssertionError):
        first(reader(), select(_p.c.id).where(_p.c.name == bindparam("name")), {})


def test_a_connection_that_broke_is_not_used_again(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        first(reader(), _event, {"wanted": new_id()})
        driver = reader().connection.dbapi_connection
        assert driver is not None
        pid = driver.info.backend_pid
        with db.engine.begin() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(OperationalError):
            first(reader(), _event, {"wanted": new_id()})
        assert first(reader(), _event, {"wanted": new_id()}) is None
    close(app)
