"""Rules of what the console shows of leavings, and of ending one session of somebody."""

import json
import uuid
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from idp import access, audit, clock
from idp.console.leaving_cli import list_leavings
from idp.database import in_transaction
from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party
from tests.support.relying_party import sign_in as sign_in_at
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from tests.support.trail import events

REASON = "Mất máy tính xách tay"


def leave(person_id: uuid.UUID, seconds: int = 0) -> None:
    changed_at = clock.now() - timedelta(seconds=seconds)
    in_transaction(lambda c: access.withdraw(c, person_id, reason="locked_in_directory", actor="system:sync", changed_at=changed_at))


def test_the_province_sees_median_worst_and_who_has_not_confirmed(app: Flask, browser: FlaskClient, time: clock.ManualClock) -> None:
    leave(add_person("a", "Lù Văn Hạ"), 65)
    late, party = add_person("b", "Sùng Thị Máy"), register_party(client_name="Một cửa", backchannel_logout_uri="https://rp.test/out")
    sign_in_at(browser, late)
    party.tokens(browser)
    leave(late)
    page = words_of(browser_of(app, Role.AUDITOR).get("/console/leavings"))
    assert "1 phút 5 giây" in page
    assert page.index("Sùng Thị Máy") < page.index("Lù Văn Hạ")
    assert "chưa xong" in page
    assert "đang báo" in page
    auditor = browser_of(app, Role.AUDITOR)
    send_form(auditor, f"/console/people/{late}/history", {"reason": REASON})
    person = words_of(auditor.get(f"/console/people/{late}"))
    assert "Một cửa:" in person
    assert "danh bạ thay đổi" in person


def test_an_officer_of_a_unit_sees_the_leavings_of_their_own_people(app: Flask, time: clock.ManualClock) -> None:
    """ADM-001"""
    own, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Ma Lé")
    leave(add_person("a", "Lù Văn Hạ", unit_id=own))
    leave(add_person("b", "Sùng Thị Máy", unit_id=other))
    page = words_of(browser_of(app, Role.HR_OFFICER, unit_of_role=own).get("/console/leavings"))
    assert "Lù Văn Hạ" in page
    assert "Sùng Thị Máy" not in page
    assert "các đơn vị được giao" in page


def test_where_nobody_left_the_page_says_so(app: Flask) -> None:
    assert "Không thu hồi của ai" in words_of(browser_of(app, Role.AUDITOR).get("/console/leavings"))
    assert browser_of(app, Role.LEADER).get("/console/leavings").status_code == 403


def test_the_command_tells_the_same(app: Flask, time: clock.ManualClock) -> None:
    leave(add_person("a", "Lù Văn Hạ"), 65)
    told = app.test_cli_runner().invoke(list_leavings, ["a", "--json"], obj=None)
    found = json.loads(told.output)
    assert (found["figures"]["worst"], found["leavings"][0]["seconds"], found["leavings"][0]["name"]) == (65.0, 65.0, "Lù Văn Hạ")
    assert "1 leavings, 0 unconfirmed" in app.test_cli_runner().invoke(list_leavings, []).output


def test_one_session_of_somebody_is_ended_with_a_reason(app: Flask) -> None:
    """LOG-035"""
    person_id = add_official(name="Sùng Thị Máy")
    one, other = sign_in(app, person_id), sign_in(app, person_id)
    admin = browser_of(app, Role.IT_ADMIN)
    send_form(admin, f"/console/people/{person_id}/history", {"reason": REASON})
    page = admin.get(f"/console/people/{person_id}").get_data(as_text=True)
    path = next(part.partition('"')[0] for part in page.split('href="') if part.partition('"')[0].endswith("/end"))
    assert send_form(admin, path, {"reason": ""}).status_code == 400
    assert send_form(admin, path, {"reason": REASON}).status_code == 303
    assert sorted(browser.get("/account/sessions").status_code for browser in (one, other)) == [200, 303]
    assert events(audit.Event.SESSION_ENDED)[-1].detail["reason"] == REASON


def test_nobody_ends_a_session_outside_their_reach_or_by_anothers_name(app: Flask) -> None:
    """ADM-001"""
    own, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Ma Lé")
    stranger, neighbour = add_official(unit_id=other), add_official(unit_id=own)
    client = app.test_client()
    session_id = sign_in_at(client, stranger)
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=own)
    token = csrf_token(officer, f"/console/people/{neighbour}/suspend")
    for person_id in (stranger, neighbour):
        path = f"/console/people/{person_id}/sessions/{session_id}/end"
        assert officer.get(path).status_code == 404
        assert officer.post(path, data={"reason": REASON, "csrf_token": token}).status_code == 404
    assert client.get("/account/sessions").status_code == 200


def test_the_help_desk_sees_on_the_consoles_home_who_raised_an_alarm(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person("b", "Sùng Thị Máy")
    in_transaction(lambda c: access.report_misuse(c, person_id, actor=f"person:{person_id}"))
    assert "Sùng Thị Máy báo có người khác dùng tài khoản" in words_of(browser_of(app, Role.HELP_DESK).get("/console"))
    assert "Sùng Thị Máy" not in words_of(browser_of(app, Role.LEADER).get("/console"))
    officer = browser_of(app, Role.HELP_DESK, unit_of_role=add_unit())
    assert "Sùng Thị Máy" not in words_of(officer.get("/console"))
    time.advance(days=8)
    assert "Sùng Thị Máy" not in words_of(browser_of(app, Role.HELP_DESK).get("/console"))
