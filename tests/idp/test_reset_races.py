"""Rules of a reset beside an enrolment, on PostgreSQL: what was enrolled in the same instant does not outlive it."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection

from idp import access
from idp.app import create_app
from idp.credentials import factors, totp
from idp.database import forget_connections, in_transaction, new_id, reader
from idp.people.sign_in_name import lock
from tests.support.installation import close, settings_for
from tests.support.people import add_person

WAITS_SECONDS = 0.5


@pytest.fixture
def app(postgresql_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        yield application
    close(application)


def test_a_factor_being_enrolled_while_all_are_reset_is_gone_as_well(app: Flask) -> None:
    """Whoever stole the password and sees the reset coming would else keep the phone of their own."""
    person_id, session_id = add_person(), new_id()
    pending = in_transaction(lambda c: totp.begin_enrollment(c, person_id, session_id, "Điện thoại"))

    def reset() -> None:
        with app.app_context():
            try:
                in_transaction(lambda c: access.reset_factors(c, person_id, reason="lost", actor="cli:test"))
            finally:
                forget_connections()

    resetting = threading.Thread(target=reset)

    def enrol(connection: Connection) -> None:
        lock(connection, person_id)
        totp.confirm_enrollment(connection, person_id, pending.credential_id, 0)
        resetting.start()
        resetting.join(WAITS_SECONDS)
        assert resetting.is_alive(), "it waits for the enrolment"

    in_transaction(enrol)
    resetting.join()
    assert not factors.held_by(reader(), person_id).second_factor
