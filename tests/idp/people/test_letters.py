"""Rules of letters: whoever's ways of signing in change is told, once, without a link, and only where there is a mail server."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from idp import access, clock, outbox
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.outbox import OutboxMessage
from idp.people import letters
from idp.people.letter_words import LETTERS
from idp.people.letters import Letter
from idp.settings import SettingsMistaken
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.mail_server import MailServer, mail_server
from tests.support.people import add_person

_o = table_of(OutboxMessage)


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    """A mail server for all of these tests."""
    with mail_server() as server:
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    """The same, with nothing in it."""
    running.taken.clear()
    running.answer = ""
    letters._resting["until"] = 0.0
    return running


@pytest.fixture
def app(database_url: str, server: MailServer) -> Iterator[Flask]:
    """An installation that sends mail."""
    application = create_app(
        settings_for(database_url, smtp_url=server.url, mail_from="dinhdanh@hagiang.gov.vn", help_line="0219 3867 100")
    )
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def deliver() -> None:
    outbox.deliver_due(letters.DELIVERERS)


def waiting() -> list[str]:
    return [payload["letter"] for payload in reader().execute(select(_o.c.payload).where(_o.c.kind == letters.KIND)).scalars()]


def write(person_id: uuid.UUID, letter: Letter = Letter.PASSWORD_CHANGED) -> None:
    in_transaction(lambda c: letters.write(c, person_id, letter))


def test_who_lost_their_factors_is_told_in_both_languages_without_a_link(app: Flask, server: MailServer, time: clock.ManualClock) -> None:
    """ENR-003."""
    person_id = add_person(name="Vàng Mí Sính")
    in_transaction(lambda c: access.reset_factors(c, person_id, reason="Mất điện thoại", actor="person:officer"))
    deliver()
    [mail] = server.taken
    text = mail.get_content()
    assert mail["To"] == "Vàng Mí Sính <vmsinh@hagiang.gov.vn>"
    assert mail["From"].addresses[0].addr_spec == "dinhdanh@hagiang.gov.vn"
    assert mail["Subject"] == "Hủy mọi phương tiện xác thực / All factors reset"
    assert "Kính gửi Vàng Mí Sính," in text
    assert "Dear Vàng Mí Sính," in text
    assert "24/11/2026 08:00" in text
    assert "0219 3867 100" in text
    assert "://" not in text
    assert "Mất điện thoại" not in text
    deliver()
    assert len(server.taken) == 1


@pytest.mark.parametrize("letter", list(Letter))
def test_every_letter_has_its_words(letter: Letter) -> None:
    assert LETTERS[letter].sentence.endswith(".")
    assert LETTERS[letter].english_sentence.endswith(".")


def test_a_server_that_is_busy_is_tried_again_and_one_that_refuses_the_address_is_not(
    app: Flask, server: MailServer, time: clock.ManualClock
) -> None:
    write(add_person())
    server.answer = "451 busy"
    deliver()
    letters._resting["until"] = 0.0
    server.answer = ""
    time.advance(seconds=3)
    deliver()
    assert len(server.taken) == 1
    write(add_person("lvan"))
    server.answer = "550 nobody here"
    deliver()
    row = reader().execute(select(_o).where(_o.c.failed_at.is_not(None))).one()
    assert row.last_error == "the address was refused (550)"


def test_a_server_that_is_away_holds_nobody_up_twice(database_url: str, time: clock.ManualClock) -> None:
    application = create_app(settings_for(database_url, smtp_url="smtp://127.0.0.1:1", mail_from="a@b.vn"))
    with application.app_context():
        letters._resting["until"] = 0.0
        for name in ("one", "two"):
            write(add_person(name))
        deliver()
        errors = set(reader().execute(select(_o.c.last_error)).scalars())
        assert errors == {"the mail server did not take it (ConnectionRefusedError)", "the mail server did not answer a moment ago"}
        letters._resting["until"] = 0.0
    close(application)


def test_nothing_is_written_without_a_mail_server(database_url: str) -> None:
    application = create_app(settings_for(database_url))
    with application.app_context():
        write(add_person())
        assert waiting() == []
    close(application)


@pytest.mark.parametrize("given", [{"mail": None}, {"mail": "no address"}, {"mail": "a@b.vn\r\nBcc: c@d.vn"}, {"mail": "@"}])
def test_an_address_that_is_none_is_given_up_and_adds_no_header(app: Flask, server: MailServer, given: dict[str, Any]) -> None:
    """ADM-007."""
    write(add_person(**given))
    deliver()
    assert server.taken == []
    assert reader().execute(select(_o.c.failed_at)).scalar_one() is not None


def test_a_name_adds_no_header_either(app: Flask, server: MailServer) -> None:
    """ADM-007: and nothing in it is carried out."""
    write(add_person(name="Sính\r\nBcc: x@y.vn {{7*7}} <script>"))
    deliver()
    [mail] = server.taken
    assert mail["Bcc"] is None
    assert "49" not in mail.get_content()
    assert mail.get_content_type() == "text/plain"


def test_a_strange_browser_is_told_of_once_a_day_and_a_place(app: Flask, server: MailServer, time: clock.ManualClock) -> None:
    person_id = add_person()
    for address in ("203.0.113.5", "203.0.113.5", "203.0.113.6"):
        with app.test_request_context("/sign-in", environ_base={"REMOTE_ADDR": address}):
            write(person_id, Letter.STRANGE_BROWSER)
    assert waiting() == ["strange_browser"] * 2
    time.advance(days=1)
    with app.test_request_context("/sign-in", environ_base={"REMOTE_ADDR": "203.0.113.5"}):
        write(person_id, Letter.STRANGE_BROWSER)
    deliver()
    assert len(server.taken) == 3
    assert "203.0.113.5" in server.taken[0].get_content()


@pytest.mark.parametrize("url", ["http://mail.example.vn", "smtp://", "mail.example.vn"])
def test_a_mail_server_is_named_by_a_url_and_comes_with_a_sender(url: str) -> None:
    with pytest.raises(SettingsMistaken, match="SMTP_URL"):
        settings_for("sqlite://", smtp_url=url, mail_from="a@b.vn")
    with pytest.raises(SettingsMistaken, match="MAIL_FROM"):
        settings_for("sqlite://", smtp_url="smtps://mail.example.vn")
