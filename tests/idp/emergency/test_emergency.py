"""Rules of emergency access: two envelopes open the console once, for an hour, loudly, and nothing else."""

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from idp.app import create_app
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.emergency import accounts, sessions
from idp.emergency.sealed_password import ALPHABET, draw, is_in, plain
from idp.outbox import OutboxMessage
from idp.people.models import Person
from idp.roles import proposals
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, words_of
from tests.support.trail import events, kinds

SEALED, SECOND, WRONG, OTHER = draw(), draw(), draw(), draw()  # drawn once: it is slow on purpose
TWO = (SEALED, SECOND)
WHO = "Danh bạ không trả lời từ 8 giờ"
_o, _p = table_of(OutboxMessage), table_of(Person)


def make(name: str = "Phòng máy chủ", two: accounts.Two = TWO) -> None:
    """An account with the passwords above, kept by two people, who open it below."""
    holders = add_person("lan.nt", "Nguyễn Thị Lan"), add_person("minh.tv", "Trần Văn Minh")
    in_transaction(lambda connection: accounts.create(connection, name, two, holders, actor="cli:test"))


@pytest.fixture
def envelope(app: Flask) -> str:
    """The first password of that account."""
    make()
    return str(SEALED.password)


def enter(browser: FlaskClient, password: str, used_for: str = WHO, second: str = str(SECOND.password), **given: str) -> Any:
    form = {"password": password, "second_password": second, "used_for": used_for, "first_opener": "lan.nt", "second_opener": "minh.tv"}
    return browser.post("/emergency", data={"csrf_token": csrf_token(browser, "/emergency"), **form, **given})


def inside(app: Flask, password: str) -> FlaskClient:
    browser = app.test_client()
    assert enter(browser, password).headers["Location"] == "/console"
    return browser


def test_an_envelope_opens_the_console_once_and_raises_the_alarm(database_url: str) -> None:
    app = create_app(
        settings_for(database_url, smtp_url="smtp://127.0.0.1:1", mail_from="idp@hagiang.gov.vn", emergency_alarm_addresses=["truc@ha.vn"])
    )
    with app.app_context():
        make("Két")
        add_official(Role.IT_ADMIN, mail="qt@hagiang.gov.vn", mail_key="qt@hagiang.gov.vn")
        add_official(Role.AUDITOR, mail="kt@hagiang.gov.vn", mail_key="kt@hagiang.gov.vn")
        browser = app.test_client()
        answer = enter(browser, str(SEALED.password))
        assert answer.status_code == 303
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "đang được dùng" in words_of(browser.get("/console"))
        (begun,) = events("emergency.begun")
        assert begun.detail["reason"] == WHO
        told = {row.payload["to"]: row.payload for row in reader().execute(select(_o).where(_o.c.kind == "emergency_alarm"))}
        assert set(told) == {"qt@hagiang.gov.vn", "truc@ha.vn", "lan.nt@hagiang.gov.vn", "minh.tv@hagiang.gov.vn"}
        assert {payload["opened_by"] for payload in told.values()} == {"Nguyễn Thị Lan, Trần Văn Minh"}
        assert all(payload["used_for"] == WHO for payload in told.values())
        again = enter(app.test_client(), str(SEALED.password))
        assert again.status_code == 400
        assert "đã được dùng" in words_of(again)
        assert not any(str(one.password) in str([row.detail for row in events()]) for one in TWO)
        assert "Sealed" not in accounts.advice()
        assert "spent" in accounts.advice()
    close(app)


def test_who_is_in_does_what_an_administrator_of_the_province_does_until_the_hour_is_over(
    app: Flask, envelope: str, time: ManualClock
) -> None:
    person_id = add_person("nhan")
    browser = inside(app, envelope)
    for path in ("/console/people", "/console/clients", "/console/audit", "/console/roles", "/console/sync", "/console/enrollment"):
        assert browser.get(path).status_code in (200, 404), path
    assert send_form(browser, f"/console/people/{person_id}/suspend", {"reason": "Máy bị mất"}).status_code == 303
    (suspended,) = events("person.suspended")
    assert suspended.actor.startswith("emergency:")
    assert "Truy cập khẩn cấp" in words_of(browser.get("/console/audit"))
    for _minute in range(5):
        time.advance(minutes=12)
        browser.get("/console/people")
    assert browser.get("/console/people").headers["Location"].startswith("/sign-in")


def test_it_rests_after_a_quarter_of_an_hour_and_asks_again_for_what_is_sensitive(app: Flask, envelope: str, time: ManualClock) -> None:
    person_id, browser = add_person("nhan"), inside(app, envelope)
    time.advance(minutes=6)
    asked = browser.get(f"/console/people/{person_id}/suspend")
    assert asked.headers["Location"] == "/emergency"
    assert enter(browser, envelope).status_code == 303, "whoever is in types the same password again"
    assert browser.get(f"/console/people/{person_id}/suspend").status_code == 200
    assert kinds("emergency.begun") == ["emergency.begun"]
    time.advance(minutes=16)
    assert browser.get("/console").headers["Location"].startswith("/sign-in")


def test_it_agrees_to_nothing_of_its_own_and_gives_no_word_of_a_person(app: Flask, envelope: str) -> None:
    add_person("nhan")
    browser = inside(app, envelope)
    form = {"person": "nhan", "role": "it_admin", "unit": "", "reason": "Mọi quản trị viên đã nghỉ"}
    proposal = send_form(browser, "/console/roles/new", form).headers["Location"]
    (row,) = proposals.waiting(reader())
    token = csrf_token(browser, "/console/roles/new")
    assert browser.post(f"{proposal}/approve", data={"csrf_token": token, "shown": row.digest}).status_code == 403
    second = browser_of(app, Role.IT_ADMIN)
    token = csrf_token(second, "/console/roles/new")
    assert second.post(f"{proposal}/approve", data={"csrf_token": token, "shown": row.digest}).status_code == 303
    token = csrf_token(browser, "/console/roles/new")
    assert browser.post("/console/enrollment/reports/mail", data={"csrf_token": token, "every": "week"}).status_code == 403
    assert browser.post("/console/filters/people?q=a", data={"csrf_token": token, "name": "x"}).status_code == 403


def test_no_application_and_no_account_page_opens_by_it(app: Flask, envelope: str) -> None:
    browser, party = inside(app, envelope), register_party()
    for path in ("/account", "/account/data"):
        assert browser.get(path).status_code in (303, 404)
    assert "/sign-in" in party.authorize(browser).headers["Location"]
    silent = party.authorize(browser, prompt="none").headers["Location"]
    assert "error=login_required" in silent
    assert len(reader().execute(select(_p.c.id)).all()) == 2, "it is nobody of the roster: these two keep the envelopes"
    assert kinds("session.started") == []


def test_a_slip_of_the_finger_is_told_from_a_guess(app: Flask, envelope: str) -> None:
    browser = app.test_client()
    slip = ("B" if envelope[0] != "B" else "C") + envelope[1:]
    for typed in (slip, "Đường dài" * 30, "\0" * 32):
        assert enter(browser, typed).status_code == 400
        assert 'id="second_password-error"' in words_of(enter(browser, envelope, second=typed))
    assert kinds("emergency.refused") == []
    assert enter(browser, envelope.lower().replace("-", " ")).status_code == 303


def test_the_page_exists_for_the_networks_of_the_settings_only(database_url: str) -> None:
    app = create_app(settings_for(database_url, emergency_networks=["10.1.0.0/16", "2001:db8::/64"]))
    with app.app_context():
        for address, status in (("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("2001:db8::7", 200), ("10.2.0.1", 404), ("127.0.0.1", 404)):
            assert app.test_client().get("/emergency", environ_base={"REMOTE_ADDR": address}).status_code == status
        forged = {"X-Forwarded-For": "10.1.2.3"}
        assert app.test_client().get("/emergency", headers=forged, environ_base={"REMOTE_ADDR": "9.9.9.9"}).status_code == 404
    close(app)


def test_whoever_uses_it_says_who_they_are_and_why_by_a_form_of_ours(app: Flask, envelope: str) -> None:
    browser = app.test_client()
    answer = enter(browser, envelope, "vội")
    assert answer.status_code == 400
    assert 'href="#used_for"' in words_of(answer)
    assert envelope not in words_of(answer)
    assert browser.post("/emergency", data={"password": envelope, "used_for": WHO}).status_code == 400
    assert kinds("emergency.begun") == []


def test_an_administrator_puts_an_end_to_it_and_a_new_seal_does_too(app: Flask, envelope: str) -> None:
    browser, other = inside(app, envelope), browser_of(app, Role.IT_ADMIN)
    page = words_of(other.get("/console/emergency"))
    assert WHO in page
    add_person("nhan")
    send_form(browser, "/console/roles/new", {"person": "nhan", "role": "it_admin", "unit": "", "reason": "Không rõ"})
    (live,) = sessions.running(reader())
    token = csrf_token(other, "/console/emergency")
    path = f"/console/emergency/sessions/{live.id}/end"
    assert other.post(path, data={"csrf_token": token}).status_code == 303
    assert other.post(path, data={"csrf_token": token}).status_code == 404
    assert browser.get("/console").status_code == 303
    assert not proposals.waiting(reader()), "what they asked a second person for goes with them"
    account = accounts.require(reader(), "Phòng máy chủ")
    keepers = (account.first_holder, account.second_holder)
    in_transaction(lambda c: accounts.seal(c, account.id, account.name, TWO, keepers, actor="cli:test"))
    browser = inside(app, envelope)
    in_transaction(lambda c: accounts.seal(c, account.id, account.name, (WRONG, OTHER), keepers, actor="cli:test"))
    assert browser.get("/console").status_code == 303
    assert enter(app.test_client(), envelope).status_code == 400


def test_whoever_is_done_leaves(app: Flask, envelope: str) -> None:
    browser = inside(app, envelope)
    token = csrf_token(browser, "/console/roles/new")
    assert browser.post("/console/emergency/leave", data={"csrf_token": token}).status_code == 303
    assert browser.get("/console").status_code == 303
    assert kinds("emergency.ended") == ["emergency.ended"]


def test_of_twenty_who_open_the_same_envelope_at_once_one_is_in(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        make("Két")
        account = accounts.require(reader(), "Két")
    start, won = threading.Barrier(20), []

    def spend() -> None:
        with app.test_request_context("/emergency"):
            start.wait()
            value = in_transaction(
                lambda connection: sessions.spend(connection, account, used_for=WHO, openers=(account.first_holder, account.second_holder))
            )
            if value is not None:
                won.append(value)

    threads = [threading.Thread(target=spend) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(won) == len(sessions.running(reader())) == 1
    close(app)


def test_a_password_has_no_letter_that_a_vietnamese_input_method_changes() -> None:
    assert not set("AEIOUYDW") & set(ALPHABET)
    assert not set("01OI5S2Z") - set("2") & set(ALPHABET)
    assert is_in(SEALED.hash, plain(str(SEALED.password)) or "")


@settings(derandomize=True, max_examples=200)
@given(at=st.integers(0, 31), shift=st.integers(1, len(ALPHABET) - 1))
def test_every_single_slip_and_every_swap_of_neighbours_shows(at: int, shift: int) -> None:
    signs = plain(str(SEALED.password)) or ""
    other = ALPHABET[(ALPHABET.index(signs[at]) + shift) % len(ALPHABET)]
    assert plain(signs[:at] + other + signs[at + 1 :]) is None
    if at < 29 and signs[at] != signs[at + 1]:
        assert plain(signs[:at] + signs[at + 1] + signs[at] + signs[at + 2 :]) is None
