"""Rules of an account that rests after wrong tries: its person is told by mail, its officers at the console's home."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from idp import audit, clock
from idp.app import create_app
from idp.credentials import failures
from idp.database import in_transaction, reader, table_of
from idp.login import unlocking
from idp.login.resting import record_rest, tell_resting
from idp.outbox import OutboxMessage
from idp.people import letters
from idp.roles.models import Role
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of, words_of

_o = table_of(OutboxMessage)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An installation that has a mail server; nothing is sent here."""
    application = create_app(settings_for(database_url, smtp_url="smtp://127.0.0.1:1", mail_from="dinhdanh@hagiang.gov.vn"))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def fails(person_id: uuid.UUID | None, tries: int) -> None:
    account = failures.account_of_person(person_id) if person_id else failures.account_of_name("nobody")
    for _ in range(tries):
        attempt = in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, account))
        in_transaction(lambda c: record_rest(c, attempt, person_id, actor="anonymous"))  # noqa: B023


def letters_written() -> list[tuple[uuid.UUID, str]]:
    in_transaction(tell_resting)
    rows = reader().execute(select(_o.c.person_id, _o.c.payload).where(_o.c.kind == letters.KIND).order_by(_o.c.id))
    return [(row.person_id, row.payload["letter"]) for row in rows]


def test_officers_see_on_the_consoles_home_whose_slip_was_used(app: Flask, time: clock.ManualClock) -> None:
    """ENR-001: an officer who printed none sees that somebody enrolled."""
    unit_id = add_unit()
    person_id = add_person(name="Sùng Thị Máy", unit_id=unit_id)
    in_transaction(lambda c: audit.record(c, audit.Event.ACTIVATION_CODE_USED, actor=f"person:{person_id}", person_id=person_id))
    said = "Đã dùng phiếu kích hoạt trong 7 ngày qua: Sùng Thị Máy."
    assert said in words_of(browser_of(app, Role.HELP_DESK, unit_of_role=unit_id).get("/console"))
    assert said not in words_of(browser_of(app, Role.HELP_DESK, unit_of_role=add_unit("UBND xã Đồng Văn")).get("/console"))
    time.advance(days=8)
    assert said not in words_of(browser_of(app, Role.HELP_DESK, unit_of_role=unit_id).get("/console"))


def test_who_rests_is_written_to_once_a_day_and_not_before_they_do(app: Flask, time: clock.ManualClock) -> None:
    """ENR-001, LOG-013."""
    person_id = add_person()
    fails(None, 5)
    fails(person_id, 4)
    assert letters_written() == []
    fails(person_id, 1)
    assert letters_written() == [(person_id, "rests")]
    for hours in (1, 2, 3):
        time.advance(hours=hours)
        fails(person_id, 5)
        assert len(letters_written()) == 1
    time.advance(hours=23)
    fails(person_id, 5)
    assert len(letters_written()) == 2


def test_officers_see_on_the_consoles_home_who_of_their_people_rests_until_they_do_not(app: Flask, time: clock.ManualClock) -> None:
    unit_id = add_unit()
    person_id = add_person(name="Sùng Thị Máy", unit_id=unit_id)
    fails(person_id, 5)
    said = "Đăng nhập của Sùng Thị Máy tạm khóa"
    of_unit = browser_of(app, Role.HELP_DESK, unit_of_role=unit_id)
    of_another = browser_of(app, Role.HELP_DESK, unit_of_role=add_unit("UBND xã Đồng Văn"))
    assert said in words_of(of_unit.get("/console"))
    assert said not in words_of(of_another.get("/console"))
    assert said not in words_of(browser_of(app, Role.AUDITOR).get("/console"))
    in_transaction(lambda c: unlocking.unlock(c, person_id, reason="Đã gọi điện", actor="test"))
    assert said not in words_of(of_unit.get("/console"))
