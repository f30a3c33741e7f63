"""Rules of the pages of posts, planned changes and reviews, and of one unit's officer who tries them on another's people."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from directory_sync.lifecycle import idle, planned, reviews
from directory_sync.lifecycle.planned import Plan
from directory_sync.lifecycle.words import DECISIONS, PLANS, POSTS
from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.people import appointments
from idp.people.career_models import PlannedKind, PostKind
from idp.people.models import Person
from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of

_p = table_of(Person)
POST: dict[str, Any] = {"kind": "secondment", "unit": "dong van", "title": "Phó Chủ tịch", "from_day": "2026-12-01", "decision": "7/QĐ"}
LEAVES: dict[str, Any] = {"plan": "leaving", "plan_from": "2026-12-31", "plan_decision": "8/QĐ-SNV"}


@pytest.fixture
def units(time: ManualClock) -> tuple[uuid.UUID, uuid.UUID]:
    """Two units: the officer's own and another."""
    return add_unit(), add_unit("UBND xã Đồng Văn", code="00721")


def officer_of(app: Flask, unit_id: uuid.UUID | None = None) -> FlaskClient:
    return browser_of(app, Role.HR_OFFICER, unit_of_role=unit_id)


def test_every_kind_has_words() -> None:
    assert (set(POSTS), set(PLANS), set(DECISIONS)) == (set(PostKind), set(PlannedKind), {"keep", "withdraw"})


def test_an_officer_adds_and_ends_posts_and_plans_and_calls_off_changes(app: Flask, units: tuple[uuid.UUID, uuid.UUID]) -> None:
    person_id, browser = add_person(unit_id=units[0]), officer_of(app)
    page = f"/console/people/{person_id}/service"
    assert f'href="{page}"' in words_of(browser.get(f"/console/people/{person_id}"))
    assert send_form(browser, f"{page}/posts", {**POST, "unit": "UBND xa Dong Van"}, page=page).status_code == 303
    assert send_form(browser, f"{page}/plans", LEAVES, page=page).status_code == 303
    (post,), (change,) = appointments.posts_of(reader(), person_id), planned.changes_of(reader(), person_id)
    assert (post.unit_id, post.kind, post.from_day, change.from_day) == (units[1], "secondment", date(2026, 12, 1), date(2026, 12, 31))
    shown = words_of(browser.get(page))
    assert "Phó Chủ tịch" in shown
    assert "8/QĐ-SNV" in shown
    assert send_form(browser, f"{page}/posts/{post.id}/end", {}, page=page).status_code == 303
    assert send_form(browser, f"{page}/plans/{change.id}/call_off", {}, page=page).status_code == 303
    assert appointments.posts_of(reader(), person_id)[0].to_day == date(2026, 11, 24)
    assert planned.changes_of(reader(), person_id)[0].called_off_at is not None
    assert send_form(browser, f"{page}/plans/{change.id}/call_off", {}, page=page).status_code == 404


@pytest.mark.parametrize(
    ("where", "form", "told"),
    [
        ("posts", {**POST, "unit": "không có đâu"}, "Không có đơn vị"),
        ("posts", {**POST, "unit": "00721", "to_day": "2026-11-30"}, "Ngày kết thúc"),
        ("posts", {**POST, "unit": "00721", "kind": "boss"}, "kiêm nhiệm hoặc biệt phái"),
        ("plans", {**LEAVES, "plan_from": "hôm qua"}, "theo lịch"),
        ("plans", {**LEAVES, "plan_from": ""}, "ngày hiệu lực"),
        ("plans", {**LEAVES, "plan_decision": " "}, "căn cứ"),
        ("plans", {**LEAVES, "plan": "promotion"}, "loại thay đổi"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    app: Flask, units: tuple[uuid.UUID, uuid.UUID], where: str, form: dict[str, Any], told: str
) -> None:
    page = f"/console/people/{add_person(unit_id=units[0])}/service"
    answer = send_form(officer_of(app), f"{page}/{where}", form, page=page)
    assert answer.status_code == 400
    assert told in words_of(answer)
    assert ("7/QĐ" if where == "posts" else form["plan_decision"].strip()) in words_of(answer)


def test_one_units_officer_plans_nothing_for_people_of_another_and_gives_no_post_there(
    app: Flask, units: tuple[uuid.UUID, uuid.UUID]
) -> None:
    mine, other = units
    own, stranger, browser = add_person("a", unit_id=mine), add_person("b", unit_id=other), officer_of(app, mine)
    own_page, page = f"/console/people/{own}/service", f"/console/people/{stranger}/service"
    token = csrf_token(browser, own_page)
    change = in_transaction(lambda c: planned.plan(c, stranger, Plan(PlannedKind.LEAVING, date(2026, 12, 31), "9/QĐ"), actor="cli:test"))
    assert browser.get(page).status_code == 404
    for path, form in (
        (f"{page}/posts", {**POST, "unit": "Lũng Cú"}), (f"{page}/plans", LEAVES), (f"{page}/plans/{change}/call_off", {}),
        (f"{own_page}/plans/{change}/call_off", {}),
    ):  # fmt: skip
        assert browser.post(path, data={**form, "csrf_token": token}).status_code == 404, path
    assert browser.post(f"{own_page}/posts", data={**POST, "unit": "00721", "csrf_token": token}).status_code == 400
    assert appointments.posts_of(reader(), own) == appointments.posts_of(reader(), stranger) == []
    assert [one.called_off_at for one in planned.changes_of(reader(), stranger)] == [None]


def test_a_review_is_opened_decided_signed_and_printed(app: Flask, units: tuple[uuid.UUID, uuid.UUID]) -> None:
    kept, left = add_person("a", "Người Ở Lại", unit_id=units[0]), add_person("b", "Người Rời Đi", unit_id=units[0])
    browser = officer_of(app)
    answer = send_form(browser, "/console/reviews", {"name": "Cuối năm 2026", "due_on": "2026-12-31"})
    assert answer.status_code == 303
    assert "Cuối năm 2026" in words_of(browser.get(answer.location))
    campaign = reviews.campaigns(reader(), None)[0]
    sheet = next(one for one in reviews.sheets_of(reader(), campaign.id, None) if one.unit_id == units[0])
    page = f"/console/reviews/sheets/{sheet.id}"
    lines = {line.person_id: line.id for line in reviews.lines_of(reader(), sheet.id)}
    refused = send_form(browser, page, {f"line-{lines[left]}": "withdraw", "sign": "1"})
    assert refused.status_code == 400
    assert "chưa được quyết định" in words_of(refused)
    assert send_form(browser, page, {"keep_rest": "1", "sign": "1", "note": "Đã họp"}).status_code == 303
    assert reader().execute(select(_p.c.state).where(_p.c.id == left)).scalar() == "suspended"
    assert reader().execute(select(_p.c.state).where(_p.c.id == kept)).scalar() == "active"
    minutes = words_of(browser.get(f"{page}/minutes"))
    for words in ("Biên bản rà soát tài khoản", "Người Rời Đi", "Thu hồi", "Đã họp", "thu hồi 1"):
        assert words in minutes
    assert send_form(browser, "/console/reviews", {"name": "Cuối năm 2026"}).status_code == 409


def test_one_units_officer_neither_opens_a_review_nor_sees_or_signs_another_units_sheet(
    app: Flask, units: tuple[uuid.UUID, uuid.UUID]
) -> None:
    mine, other = units
    add_person("a", unit_id=mine)
    stranger = add_person("b", unit_id=other)
    campaign = in_transaction(lambda c: reviews.open_campaign(c, "2026-2", date(2026, 12, 31), actor="cli:test"))
    own, foreign = sorted(reviews.sheets_of(reader(), campaign, None), key=lambda one: one.unit_id != mine)
    browser = officer_of(app, mine)
    token = csrf_token(browser, f"/console/reviews/sheets/{own.id}")
    assert browser.post("/console/reviews", data={"name": "x", "csrf_token": token}).status_code == 403
    assert "Đồng Văn" not in words_of(browser.get(f"/console/reviews/{campaign}"))
    page, line = f"/console/reviews/sheets/{foreign.id}", reviews.lines_of(reader(), foreign.id)[0].id
    assert [browser.get(page).status_code, browser.get(f"{page}/minutes").status_code] == [404, 404]
    for form in ({f"line-{line}": "withdraw", "sign": "1"}, {"keep_rest": "1"}):
        assert browser.post(page, data={**form, "csrf_token": token}).status_code == 404
    assert browser.post(f"/console/reviews/sheets/{own.id}", data={f"line-{line}": "withdraw", "csrf_token": token}).status_code == 303
    assert reader().execute(select(_p.c.state).where(_p.c.id == stranger)).scalar() == "active"
    assert [one.decision for one in reviews.lines_of(reader(), foreign.id)] == [None]


def test_the_consoles_home_says_what_is_late(app: Flask, units: tuple[uuid.UUID, uuid.UUID], time: ManualClock) -> None:
    person_id = add_person(unit_id=units[0])
    in_transaction(lambda c: reviews.open_campaign(c, "2026-2", date(2026, 11, 25), actor="cli:test"))
    in_transaction(lambda c: planned.plan(c, person_id, Plan(PlannedKind.SUSPENSION, date(2026, 11, 25), "9/QĐ"), actor="cli:test"))
    time.advance(days=9)
    browser = officer_of(app)
    home = words_of(browser.get("/console"))
    assert "1 thay đổi nhân sự quá hạn" in home
    assert "Đợt rà soát 2026-2 quá hạn" in home
    waiting = words_of(browser.get("/console/desk/waiting"))
    assert f"/console/people/{person_id}/service" in waiting
    assert "quá hạn" in waiting


def test_who_is_idle_is_listed(app: Flask, units: tuple[uuid.UUID, uuid.UUID], time: ManualClock) -> None:
    add_person("a", "Người Vắng Lâu", unit_id=units[0], last_signed_in_at=clock.now() - timedelta(days=50))
    add_person("b", "Người Đơn Vị Khác", unit_id=units[1], last_signed_in_at=clock.now() - timedelta(days=50))
    in_transaction(idle.warn_idle)
    listed = words_of(officer_of(app, units[0]).get("/console/idle"))
    assert "Người Vắng Lâu" in listed
    assert "Người Đơn Vị Khác" not in listed


def test_these_pages_are_for_who_keeps_the_staff_records(app: Flask) -> None:
    for role in (None, Role.AUDITOR, Role.LEADER, Role.HELP_DESK):
        browser = browser_of(app, role)
        for path in ("/console/reviews", "/console/idle", "/console/desk/waiting", "/console/desk", "/console/desk/rules"):
            assert browser.get(path).status_code == 403, (role, path)
