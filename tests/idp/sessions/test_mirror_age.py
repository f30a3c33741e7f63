"""Rules of sessions while nobody reads the directory: they go on as long as a reading, or the directory's own yes, is fresh enough."""

from flask import Flask

from idp.clock import ManualClock
from idp.database import in_transaction
from idp.people import mirror
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL1, AAL3
from tests.support.people import add_person

OWN = "test"  # the source of the people of the tests


def cookie_of(app: Flask, *amr: str) -> str:
    person_id = add_person()

    def start(connection: object) -> str:
        acr = AAL1 if "pwd" in amr else AAL3
        terms = {"person_id": person_id, "acr": acr, "amr": amr, "shared_pc": False, "administrator": False}
        return browser_sessions.start(connection, **terms)[0]  # type: ignore[arg-type]

    return in_transaction(start)


def lives(cookie: str) -> bool:
    return browser_sessions.find(cookie) is not None


def at_work(cookie: str, time: ManualClock, hours: float) -> None:
    for _ in range(int(hours * 2)):
        time.advance(minutes=30)
        lives(cookie)


def test_a_session_begun_by_a_password_goes_on_for_eight_hours_without_a_reading(app: Flask, time: ManualClock) -> None:
    in_transaction(lambda c: mirror.note_reading(c, OWN))
    time.advance(hours=9)
    cookie = cookie_of(app, "pwd")
    at_work(cookie, time, 8)
    assert lives(cookie)
    time.advance(seconds=1)
    assert not lives(cookie)
    in_transaction(lambda c: mirror.note_reading(c, OWN))
    assert lives(cookie)


def test_one_begun_by_a_passkey_goes_on_while_its_persons_own_source_is_read(app: Flask, time: ManualClock) -> None:
    in_transaction(lambda c: mirror.note_reading(c, OWN))
    cookie = cookie_of(app, "hwk", "user", "mfa")
    at_work(cookie, time, 8)
    assert lives(cookie)
    time.advance(seconds=1)
    in_transaction(lambda c: mirror.note_reading(c, "another"))
    assert not lives(cookie)


def test_where_no_directory_was_ever_read_sessions_last_as_long_as_the_settings_say(app: Flask, time: ManualClock) -> None:
    cookie = cookie_of(app, "pwd")
    at_work(cookie, time, 11.5)
    assert lives(cookie)
