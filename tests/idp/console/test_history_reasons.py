"""Rules of opening somebody's history: a reason first, on record, and told to the person."""

import pytest
from flask import Flask

from idp import audit
from idp.clock import ManualClock
from idp.roles.models import Role
from tests.support.people import add_unit
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.trail import events

REASON = "Xác minh phản ánh ngày 20/11"


def test_a_person_s_sessions_and_events_open_with_a_reason_for_half_an_hour(app: Flask, time: ManualClock) -> None:
    person_id, other = add_official(name="Sùng Thị Máy"), add_official(name="Lù Văn Hạ")
    sign_in(app, person_id)
    auditor, page = add_official(Role.AUDITOR), f"/console/people/{person_id}"
    browser = sign_in(app, auditor)
    assert "Sùng Thị Máy đăng nhập" not in words_of(browser.get(page))
    assert browser.get(f"/console/audit?person={person_id}").status_code == 303
    assert send_form(browser, page + "/history", {"reason": REASON}).status_code == 303
    assert "Sùng Thị Máy đăng nhập" in words_of(browser.get(page))
    assert browser.get(f"/console/audit?person={person_id}").status_code == 200
    assert browser.get(f"/console/audit?person={other}").status_code == 303
    assert "Sùng Thị Máy đăng nhập" not in words_of(browser_of(app, Role.AUDITOR).get(page))
    time.advance(minutes=30, seconds=1)
    assert "Sùng Thị Máy đăng nhập" not in words_of(sign_in(app, auditor).get(page))


@pytest.mark.parametrize("query", ["person={}", "actor={}", "actor=person:{}", "actor=person:{}&event=session.started"])
def test_the_trail_narrowed_to_one_person_asks_first_and_then_leads_back(app: Flask, query: str) -> None:
    person_id = add_official(name="Sùng Thị Máy")
    sign_in(app, person_id)
    browser = browser_of(app, Role.AUDITOR)
    asked = browser.get("/console/audit?" + query.format(person_id))
    assert asked.status_code == 303
    answer = send_form(browser, asked.location, {"reason": REASON})
    page = browser.get(answer.location)
    assert page.status_code == 200
    assert "Sùng Thị Máy đăng nhập" in words_of(page)


def test_the_person_reads_who_opened_their_history_and_why(app: Flask) -> None:
    person_id = add_official(name="Sùng Thị Máy")
    browser = browser_of(app, Role.AUDITOR, name="Hoàng Thị Liên")
    send_form(browser, f"/console/people/{person_id}/history", {"reason": REASON})
    own = words_of(sign_in(app, person_id).get("/account/history"))
    assert "Hoàng Thị Liên" in own
    assert REASON in own


@pytest.mark.parametrize("reason", ["", "vì", "x" * 201])
def test_no_readable_reason_opens_nothing(app: Flask, reason: str) -> None:
    person_id = add_official()
    browser = browser_of(app, Role.AUDITOR)
    assert send_form(browser, f"/console/people/{person_id}/history", {"reason": reason}).status_code == 400
    assert not events(audit.Event.HISTORY_OPENED)


def test_the_history_of_somebody_out_of_reach_is_not_there_and_one_s_own_needs_no_reason(app: Flask) -> None:
    officer = add_official(Role.HELP_DESK, unit_of_role=add_unit(), name="Hoàng Thị Liên")
    browser = sign_in(app, officer)
    assert browser.get(f"/console/people/{add_official()}/history").status_code == 404
    auditor = add_official(Role.AUDITOR, name="Ma Thị Hà")
    assert "Ma Thị Hà đăng nhập" in words_of(sign_in(app, auditor).get(f"/console/people/{auditor}"))


def test_a_reason_leads_nowhere_but_to_our_own_lists(app: Flask) -> None:
    person_id = add_official()
    answer = send_form(browser_of(app, Role.AUDITOR), f"/console/people/{person_id}/history?to=https://evil.example", {"reason": REASON})
    assert answer.location == f"/console/people/{person_id}"
