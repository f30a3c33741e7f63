"""Rules of the trail as it is shown and taken away."""

import base64
import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from idp import audit
from idp.clock import ManualClock
from idp.console.words import SENTENCES, sentence
from idp.database import in_transaction
from idp.roles.models import Role
from idp.web.paging import PAGE_ROWS
from tests.support.people import add_person
from tests.support.signed_in import browser_of, send_form, words_of

TRAIL, EXPORT = "/console/audit", "/console/audit/export"
REASON = "Kiểm tra theo công văn số 7"


def _record(event: audit.Event, times: int = 1, **given: Any) -> None:
    def write(connection: Connection) -> None:
        for number in range(times):
            audit.record(connection, event, **{"actor": "cli:test", "number": number, **given})

    in_transaction(write)


def test_every_event_has_its_sentence() -> None:
    assert set(SENTENCES) == set(audit.Event)


def test_an_event_is_told_with_names_and_shown_as_it_was_recorded(app: Flask) -> None:
    person_id = add_person(name="Sùng Thị Máy")
    _record(audit.Event.PERSON_SUSPENDED, person_id=person_id, reason="gone_from_directory")
    page = words_of(browser_of(app, Role.AUDITOR).get(TRAIL))
    assert "Vô hiệu hóa Sùng Thị Máy (không còn trong danh bạ)" in page
    assert "Dòng lệnh (test)" in page
    assert "&#34;reason&#34;: &#34;gone_from_directory&#34;" in page


def test_a_person_who_is_gone_from_the_tables_is_told_as_unknown(app: Flask) -> None:
    assert sentence("session.started", {}, None, None) == "một người không rõ đăng nhập"


def test_the_trail_narrows_by_day_kind_person_actor_and_request_code(app: Flask, time: ManualClock) -> None:
    person_id = add_person("stmay", "Sùng Thị Máy")
    time.advance(days=-3)
    _record(audit.Event.SIGNING_KEY_CREATED)
    time.advance(days=3)
    _record(audit.Event.TOTP_ENROLLED, person_id=person_id, actor=f"person:{person_id}")
    browser = browser_of(app, Role.AUDITOR)
    send_form(browser, f"/console/people/{person_id}/history", {"reason": REASON})
    created, enrolled = "Tạo khóa ký", "đăng ký ứng dụng tạo mã"
    for query, shown, hidden in (
        ("since=24/11/2026", enrolled, created),
        ("until=23/11/2026", created, enrolled),
        ("event=signing_key.created", created, enrolled),
        ("person=stmay", enrolled, created),
        ("actor=stmay", enrolled, created),
        ("actor=cli:test", created, enrolled),
    ):
        table = words_of(browser.get(f"{TRAIL}?{query}")).split("<tbody>")[-1]
        assert shown in table, query
        assert hidden not in table, query


@pytest.mark.parametrize("query", ["since=31/02/2026", "person=nobody", "actor=nobody"])
def test_a_filter_that_cannot_be_read_is_said_and_never_widens_the_list(app: Flask, query: str) -> None:
    _record(audit.Event.SIGNING_KEY_CREATED)
    page = words_of(browser_of(app, Role.AUDITOR).get(f"{TRAIL}?{query}"))
    assert "<title>Lỗi:" in page


def test_pages_follow_one_another_without_gap_or_repetition(app: Flask, time: ManualClock) -> None:
    browser = browser_of(app, Role.AUDITOR)
    _record(audit.Event.SIGNING_KEY_CREATED, PAGE_ROWS + 10)
    first = words_of(browser.get(TRAIL + "?event=signing_key.created"))
    following = first.split('href="/console/audit?after=')[1].split('"')[0].replace("&amp;", "&")
    second = words_of(browser.get("/console/audit?after=" + following))
    numbers = [
        int(part.split(" ")[1].split("\n")[0].rstrip("}")) for page in (first, second) for part in page.split("&#34;number&#34;:")[1:]
    ]
    assert sorted(numbers) == list(range(PAGE_ROWS + 10))


def test_the_error_page_s_code_leads_to_what_happened(app: Flask) -> None:
    person_id = add_person()
    administrator = browser_of(app, Role.IT_ADMIN)
    send_form(administrator, f"/console/people/{person_id}/suspend", {"reason": "Nghỉ hưu từ tháng này"})
    page = words_of(administrator.get(TRAIL))
    code = page.split("/console/audit?code=")[1].split('"')[0]
    assert "Vô hiệu hóa" in words_of(administrator.get(f"{TRAIL}?code={code.lower()}"))


def test_an_export_is_on_record_before_it_is_sent(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    answer = send_form(browser, EXPORT + "?event=signing_key.created", {"kind": "jsonl", "reason": REASON}, page=TRAIL)
    assert answer.status_code == 200
    assert f"Xuất nhật ký ({REASON})" in words_of(browser.get(TRAIL))
    assert "signing_key.created" in words_of(browser.get(TRAIL))


def test_json_lines_hold_all_that_was_recorded(app: Flask) -> None:
    _record(audit.Event.SIGNING_KEY_CREATED, 1203, kid="k")
    answer = send_form(
        browser_of(app, Role.AUDITOR), EXPORT + "?event=signing_key.created", {"kind": "jsonl", "reason": REASON}, page=TRAIL
    )
    lines = [json.loads(line) for line in words_of(answer).splitlines()]
    assert sorted(line["detail"]["number"] for line in lines) == list(range(1203))


def test_a_spreadsheet_finds_no_formula_in_the_export(app: Flask) -> None:
    person_id = add_person(name="=HYPERLINK(1)")
    _record(audit.Event.SESSION_STARTED, person_id=person_id, actor="+cmd")
    answer = send_form(browser_of(app, Role.AUDITOR), EXPORT, {"kind": "csv", "reason": REASON}, page=TRAIL)
    told = words_of(answer)
    assert told.startswith("\ufeff")
    for row in csv.reader(io.StringIO(told[1:])):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_the_chain_is_recomputed_on_request_and_a_break_is_named(app: Flask) -> None:
    _record(audit.Event.SIGNING_KEY_CREATED, 3)
    in_transaction(audit.link_events)
    browser = browser_of(app, Role.AUDITOR)
    assert "Chuỗi băm hợp lệ" in words_of(send_form(browser, TRAIL + "/verify", {}, page=TRAIL))
    sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    drop = "DROP TRIGGER audit_event_no_update" if sqlite else "DROP TRIGGER audit_event_append_only ON audit_event"
    change = "UPDATE audit_event SET actor = 'x' WHERE id = (SELECT event_id FROM audit_link WHERE position = 2)"
    for statement in (drop, change):
        in_transaction(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]
    assert "bị đứt ở vị trí 2" in words_of(send_form(browser, TRAIL + "/verify", {}, page=TRAIL))


def test_events_that_wait_too_long_for_the_chain_call_for_attention(app: Flask, time: ManualClock) -> None:
    _record(audit.Event.SIGNING_KEY_CREATED)
    in_transaction(audit.link_events)
    browser = browser_of(app, Role.AUDITOR)
    assert "Chuỗi băm của nhật ký: 1 sự kiện" in words_of(browser.get("/console"))
    time.advance(minutes=6)
    assert timedelta(minutes=6)
    assert "chưa được nối vào chuỗi băm" in words_of(browser.get("/console"))


@pytest.mark.parametrize("query", ["since=01/01/0001", "until=31/12/9999", "since=9999-12-31", "until=0001-01-01"])
def test_a_day_that_no_calendar_of_ours_reaches_is_told_and_takes_nothing_away(app: Flask, query: str) -> None:
    _record(audit.Event.SIGNING_KEY_CREATED)
    browser = browser_of(app, Role.AUDITOR)
    assert "Ngày viết như 24/11/2026." in words_of(browser.get(f"{TRAIL}?{query}"))
    assert send_form(browser, f"{EXPORT}?{query}", {"kind": "csv", "reason": REASON}, page=TRAIL).status_code == 404


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24T00:00:00"])
def test_a_place_in_the_trail_that_was_never_given_is_no_error_of_ours(app: Flask, at: str) -> None:
    place = base64.urlsafe_b64encode(at.encode() + bytes(16)).decode().rstrip("=")
    assert browser_of(app, Role.AUDITOR).get(f"{TRAIL}?after={place}").status_code == 404
