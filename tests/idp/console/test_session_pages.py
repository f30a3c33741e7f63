"""Rules of the page of who is signed in, across people."""

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from idp import audit
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.roles.models import Role
from idp.sessions import browser_sessions
from idp.sessions.models import BrowserSession
from tests.support.people import add_unit
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.trail import events

SESSIONS = "/console/sessions"
REASON = "Máy tính bị mất cắp sáng nay"
_s = table_of(BrowserSession)


def _open(*people: uuid.UUID) -> int:
    rows = reader().execute(select(_s.c.id).where(_s.c.person_id.in_(people), _s.c.ended_at.is_(None))).all()
    return len(rows)


def _table(page: str) -> str:
    return page.partition("<tbody>")[2].partition("</tbody>")[0]


def _without_tokens(page: str) -> str:
    return re.sub(r'value="[^"]{30,}"|nonce="[^"]+"', "", page)


def test_open_sessions_of_everybody_are_listed_with_place_and_people_of_other_units_are_not(app: Flask) -> None:
    mine, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Du Già")
    here, there = add_official(name="Sùng Thị Máy", unit_id=mine), add_official(name="Lù Văn Hạ", unit_id=other)
    for person_id in (here, there):
        sign_in(app, person_id)
    ended = add_official(name="Uông Văn Út", unit_id=mine)
    sign_in(app, ended)
    in_transaction(lambda connection: browser_sessions.end_all(connection, ended, reason="signed_out", actor="cli:test"))
    whole = _table(words_of(browser_of(app, Role.AUDITOR).get(SESSIONS)))
    assert "Sùng Thị Máy" in whole
    assert "Lù Văn Hạ" in whole
    assert "Uông Văn Út" not in whole
    officer = browser_of(app, Role.HELP_DESK, unit_of_role=mine)
    assert "Sùng Thị Máy" in _table(words_of(officer.get(SESSIONS)))
    for query in ("", f"?unit={other}", "?address=127.0.0.1", "?shared=1"):
        assert "Lù Văn Hạ" not in words_of(officer.get(SESSIONS + query))
    assert "Lù Văn Hạ" not in words_of(officer.get(f"{SESSIONS}?person={there}"))
    told = [words_of(officer.get(f"{SESSIONS}?person={key}")).replace(str(key), "") for key in (there, uuid.uuid4())]
    assert "ngoài phạm vi được giao" in told[0]
    assert _without_tokens(told[0]) == _without_tokens(told[1]), "whether somebody of that name is elsewhere is not told"


def test_a_session_that_has_run_out_is_not_shown(app: Flask, time: ManualClock) -> None:
    sign_in(app, add_official(name="Sùng Thị Máy"))
    time.advance(days=1)
    assert "Sùng Thị Máy" not in _table(words_of(browser_of(app, Role.AUDITOR).get(SESSIONS)))


def test_the_sessions_of_one_person_are_shown_only_after_a_reason(app: Flask) -> None:
    person_id = add_official(name="Sùng Thị Máy")
    sign_in(app, person_id)
    browser = browser_of(app, Role.AUDITOR)
    asked = browser.get(f"{SESSIONS}?person={person_id}")
    assert asked.status_code == 303
    answer = send_form(browser, asked.location, {"reason": REASON})
    assert answer.status_code == 303
    assert "Sùng Thị Máy" in _table(words_of(browser.get(answer.location)))


def test_whoever_cannot_be_read_is_said_with_what_can_be_typed_and_the_list_is_not_widened(app: Flask) -> None:
    sign_in(app, add_official(name="Sùng Thị Máy"))
    page = words_of(browser_of(app, Role.AUDITOR).get(f"{SESSIONS}?person=khong+co"))
    assert "<title>Lỗi:" in page
    assert "Gõ đủ tên đăng nhập" in page
    assert "Sùng Thị Máy" not in page


def test_all_sessions_of_a_filter_end_with_a_reason_but_not_those_out_of_reach(app: Flask) -> None:
    unit_id = add_unit()
    person_id, administrator = add_official(unit_id=unit_id), add_official(Role.AUDITOR, unit_id=unit_id)
    for whose in (person_id, person_id, administrator):
        sign_in(app, whose)
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=unit_id, unit_id=unit_id)
    page = words_of(officer.get(f"{SESSIONS}/end?unit={unit_id}"))
    assert "2 phiên của 1 người" in page
    assert "2 phiên khác" in page  # the auditor's, and one's own
    assert send_form(officer, f"{SESSIONS}/end?unit={unit_id}", {"reason": "vì"}).status_code == 400
    assert _open(person_id) == 2
    assert send_form(officer, f"{SESSIONS}/end?unit={unit_id}", {"reason": REASON}).status_code == 303
    assert (_open(person_id), _open(administrator)) == (0, 1)
    assert [event.detail["reason"] for event in events(audit.Event.SESSION_ENDED)] == [REASON, REASON]


def test_without_a_filter_nobody_ends_the_sessions_of_the_whole_province(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert browser.get(f"{SESSIONS}/end").status_code == 400
    assert browser_of(app, Role.AUDITOR).get(f"{SESSIONS}/end?shared=1").status_code == 403


@pytest.mark.parametrize(
    "query", ["unit=x", "client=x", "after=%ff", "before=AAAA", "address=%00", "person=%00", "endpoint=x", "after=" + "A" * 300]
)
def test_nonsense_in_the_address_is_no_error_of_ours(app: Flask, query: str) -> None:
    assert browser_of(app, Role.AUDITOR).get(f"{SESSIONS}?{query}").status_code in (200, 400, 404)
