"""Rules of the pages of people."""

import uuid
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from sqlalchemy import select

from idp import audit, clock
from idp.clock import ManualClock
from idp.database import reader, table_of
from idp.people.models import Person
from idp.roles.models import Role
from idp.sessions.models import BrowserSession
from tests.support.enrolled_people import add_person_on
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of

REASON = "Nghỉ hưu theo quyết định số 12"
_p, _s, _e = table_of(Person), table_of(BrowserSession), table_of(audit.AuditEvent)


def _state(person_id: uuid.UUID) -> str:
    return str(reader().execute(select(_p.c.state).where(_p.c.id == person_id)).scalar_one())


def test_people_are_found_without_accents_and_nothing_found_says_what_to_try(app: Flask) -> None:
    add_person("dtdung", "Đặng Thị Dung")
    browser = browser_of(app, Role.AUDITOR)
    assert "Đặng Thị Dung" in words_of(browser.get("/console/people?q=dang+thi"))
    assert "Thử gõ không dấu" in words_of(browser.get("/console/people?q=zzz"))


def test_the_list_narrows_by_level_state_rung_and_unit(app: Flask, time: ManualClock) -> None:
    province, commune = add_unit("Sở Nội vụ", level="province"), add_unit()
    add_person_on("B5", name="Vàng Mí Sính", unit_id=province)
    add_person_on("B0", name="Sùng Thị Máy", unit_id=commune)
    add_person("gone", "Lù Văn Hạ", state="suspended", state_reason="gone_from_directory", unit_id=commune)
    browser = browser_of(app, Role.AUDITOR)
    expected = {
        "level=province": {"Vàng Mí Sính"},
        "state=suspended": {"Lù Văn Hạ"},
        "rung=B5": {"Vàng Mí Sính"},
        "rung=B0": {"Sùng Thị Máy"},
        f"unit={commune}": {"Sùng Thị Máy", "Lù Văn Hạ"},
    }
    for query, names in expected.items():
        page = words_of(browser.get(f"/console/people?{query}"))
        assert {name for name in ("Vàng Mí Sính", "Sùng Thị Máy", "Lù Văn Hạ") if name in page} == names, query


def test_the_list_narrows_by_category_by_the_last_sign_in_and_by_the_unit_as_it_is_typed(app: Flask, time: ManualClock) -> None:
    unit = add_unit("Sở Y tế", code="H27.5")
    days = {"Lý Thị Bình": 46, "Giàng A Páo": 44, "Thào Mí Sử": None}
    for number, (name, ago) in enumerate(days.items()):
        seen = clock.now() - timedelta(days=ago) if ago else None
        add_person(f"p{number}", name, staff_category="vien_chuc" if ago == 44 else "can_bo", last_signed_in_at=seen, unit_id=unit)
    browser = browser_of(app, Role.AUDITOR)
    expected = {
        "category=vien_chuc": {"Giàng A Páo"},
        "seen=quiet": {"Lý Thị Bình"},
        "seen=never&unit=H27.5": {"Thào Mí Sử"},
        "unit=Sở Y tế": set(days),
        "unit=Sở Y tá": set(),
        "category=x&seen=x": set(days),
    }
    for query, names in expected.items():
        page = words_of(browser.get("/console/people", query_string=dict(parse_qsl(query))))
        assert {name for name in days if name in page} == names, query
        assert (" wrong" in page) == ("Sở Y tá" in query)
    address = "?seen=quiet&category=can_bo"
    kept = send_form(browser, f"/console/filters/people{address}", {"name": "Lâu không vào"}, page=f"/console/people{address}")
    assert "seen=quiet" in kept.headers["Location"]


@pytest.mark.parametrize(
    "query", ["level=x", "state=x", "state=%00", "q=%00", "rung=B9", "unit=not-a-key", "after=%ff", "q=" + "%25" * 300]
)
def test_nonsense_in_the_address_is_no_error_of_ours(app: Flask, query: str) -> None:
    assert browser_of(app, Role.AUDITOR).get(f"/console/people?{query}").status_code in (200, 400, 404)


def test_a_reason_is_kept_without_what_cannot_be_seen(app: Flask) -> None:
    person_id = add_official(name="Sùng Thị Máy")
    browser = browser_of(app, Role.IT_ADMIN)
    assert send_form(browser, f"/console/people/{person_id}/suspend", {"reason": "nghỉ\0 việc\u202e\r\ntừ nay"}).status_code == 303
    event = reader().execute(select(_e).where(_e.c.event == audit.Event.PERSON_SUSPENDED.value)).one()
    assert event.detail["reason"] == "nghỉ việc từ nay"


def test_a_name_that_looks_like_html_stays_a_name(app: Flask) -> None:
    person_id = add_person("x", "<script>alert(1)</script>", title='"><img src=x>')
    browser = browser_of(app, Role.AUDITOR)
    for path in ("/console/people", f"/console/people/{person_id}", "/console/audit"):
        page = words_of(browser.get(path))
        assert "<script>" not in page
        assert "<img" not in page


def test_a_person_is_suspended_with_a_reason_out_everywhere_and_on_record(app: Flask, time: ManualClock) -> None:
    person_id = add_official(name="Sùng Thị Máy")
    theirs = sign_in(app, person_id)
    browser = browser_of(app, Role.IT_ADMIN)
    assert send_form(browser, f"/console/people/{person_id}/suspend", {"reason": REASON}).status_code == 303
    assert _state(person_id) == "suspended"
    assert reader().execute(select(_s.c.ended_at).where(_s.c.person_id == person_id)).scalar_one() is not None
    assert theirs.get("/console").status_code == 303
    event = reader().execute(select(_e).where(_e.c.event == audit.Event.PERSON_SUSPENDED.value)).one()
    assert event.detail["reason"] == REASON
    assert event.actor.startswith("person:")
    assert event.request_id
    assert REASON in words_of(browser.get(f"/console/people/{person_id}"))
    assert send_form(browser, f"/console/people/{person_id}/restore", {"reason": "Quyết định bị thu hồi"}).status_code == 303
    assert _state(person_id) == "active"


@pytest.mark.parametrize("reason", ["", "   ", "vì", "x" * 201])
def test_without_a_readable_reason_nothing_happens(app: Flask, reason: str) -> None:
    person_id = add_person()
    answer = send_form(browser_of(app, Role.IT_ADMIN), f"/console/people/{person_id}/suspend", {"reason": reason})
    assert answer.status_code == 400
    assert "Lỗi:" in words_of(answer)
    assert _state(person_id) == "active"


def test_nobody_suspends_or_signs_out_themselves_by_this_page(app: Flask) -> None:
    me, other = add_official(Role.IT_ADMIN), add_person()
    browser = sign_in(app, me)
    page = f"/console/people/{other}/suspend"
    for deed in ("suspend", "restore", "sign_out"):
        assert send_form(browser, f"/console/people/{me}/{deed}", {"reason": REASON}, page=page).status_code == 403
    assert _state(me) == "active"


def test_an_auditor_only_looks(app: Flask) -> None:
    person_id = add_person()
    browser = browser_of(app, Role.AUDITOR)
    assert f"/console/people/{person_id}/suspend" not in words_of(browser.get(f"/console/people/{person_id}"))
    assert browser.get(f"/console/people/{person_id}/suspend").status_code == 403


@pytest.mark.parametrize("deed", ["suspend", "restore", "sign_out"])
def test_a_deed_without_the_page_s_token_is_refused(app: Flask, deed: str) -> None:
    person_id = add_person()
    answer = browser_of(app, Role.IT_ADMIN).post(f"/console/people/{person_id}/{deed}", data={"reason": REASON})
    assert answer.status_code == 400
    assert _state(person_id) == "active"


def test_signing_somebody_out_ends_their_sessions_and_leaves_the_account(app: Flask) -> None:
    person_id = add_official()
    theirs = sign_in(app, person_id)
    assert send_form(browser_of(app, Role.IT_ADMIN), f"/console/people/{person_id}/sign_out", {"reason": REASON}).status_code == 303
    assert theirs.get("/console").status_code == 303
    assert _state(person_id) == "active"
