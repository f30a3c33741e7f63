"""Rules of turning the leaders' page: to another period, to the tree of another day, and to the names behind a past day."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from idp import audit
from idp.audit import Event
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment.dashboard import dashboard_of
from idp.enrollment.figures_of_day import newest_day, reconciles
from idp.enrollment.other_tree import day_by_tree_of, trees_to_show
from idp.roles.models import Role
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.tracked_province import Province, build_province, freeze, merge_district

PAGE, NAMES = "/console/enrollment", "/console/enrollment/people"


def _merge(province: Province, time: ManualClock) -> uuid.UUID:
    """The district and its commune become one new commune, a day after the last snapshot."""
    time.advance(days=1)
    merged = merge_district(province)
    time.advance(hours=1)
    freeze()
    return merged


@pytest.fixture
def province(app: Flask, time: ManualClock) -> Province:
    built = build_province()
    freeze()
    return built


def test_after_a_merger_both_trees_show_the_same_people(app: Flask, province: Province, time: ManualClock) -> None:
    old_day = newest_day(reader())
    merged = _merge(province, time)
    new_day = newest_day(reader())
    assert old_day
    assert new_day
    assert trees_to_show(reader(), new_day) == [(old_day, new_day)]
    by_old = day_by_tree_of(reader(), new_day, old_day)
    by_new = day_by_tree_of(reader(), old_day, new_day)
    now = {one.key: one.figures for one in by_old.lines if one.kind == "unit"}
    assert (now[str(province.commune)].people, now[str(province.district)].people) == (9, 12)
    assert str(merged) not in now
    then = {one.key: one.figures.people for one in by_new.lines if one.kind == "unit"}
    assert then[str(merged)] == 12
    for found in (by_old, by_new):
        top = found.below("")
        assert found.whole.figures.people == sum(one.figures.people for one in top) == 24
        assert reconciles(found.below(str(province.top)), top[0])
    browser = browser_of(app, Role.LEADER)
    shown = words_of(browser.get(PAGE))
    assert f"tree={old_day}" in shown
    other = words_of(browser.get(f"{PAGE}/tree?tree={old_day}&unit={province.district}"))
    assert "UBND xã Lũng Cú" in other
    assert "khớp với số chung" in other
    assert browser.get(f"{PAGE}/tree?tree=2020-01-01").status_code == 404
    assert browser_of(app, Role.LEADER, unit_of_role=province.department).get(f"{PAGE}/tree?tree={old_day}").status_code == 404


def test_a_period_is_compared_with_the_day_that_was_chosen(app: Flask, province: Province, time: ManualClock) -> None:
    first = newest_day(reader())
    for days in (20, 30):
        time.advance(days=days)
        freeze()
    newest = newest_day(reader())
    assert first
    assert newest
    assert dashboard_of(reader(), newest).before == first + timedelta(days=20)
    assert dashboard_of(reader(), newest, before=first).before == first
    browser = browser_of(app, Role.LEADER)
    assert f"so với {first:%d/%m/%Y}" in words_of(browser.get(f"{PAGE}?before={first}"))
    assert browser.get(f"{PAGE}?before={newest}").status_code == 404
    assert browser.get(f"{PAGE}?before=2020-01-01").status_code == 404


def test_any_frozen_day_is_told_by_name_again_with_a_reason_and_on_record(app: Flask, province: Province, time: ManualClock) -> None:
    day = newest_day(reader())
    _merge(province, time)
    browser = browser_of(app, Role.HR_OFFICER)
    path = f"{NAMES}?day={day}&unit={province.commune}"
    assert "Vàng Mí Sính B5" not in words_of(browser.get(path))
    assert "Nhập lý do" in words_of(send_form(browser, path, {"reason": ""}))
    shown = words_of(send_form(browser, path, {"reason": "Đối chiếu kỳ tháng 11", "segment": "B1"}))
    assert "Vàng Mí Sính B1 2" in shown
    assert "Vàng Mí Sính B5" not in shown
    assert "Sở Nội vụ" not in shown
    told = [one for one in _trail() if one["event"] == Event.TRACKER_NAMES_SHOWN]
    assert (told[-1]["detail"]["of_day"], told[-1]["detail"]["segment"]) == (str(day), "B1")
    assert browser_of(app, Role.AUDITOR).get(path).status_code == 403
    bound = browser_of(app, Role.HR_OFFICER, unit_of_role=province.department)
    assert bound.get(path).status_code == 404
    assert "Vàng Mí Sính B1 2" not in words_of(send_form(bound, f"{NAMES}?day={day}", {"reason": "Đối chiếu kỳ tháng 11"}))
    assert browser.get(f"{NAMES}?day=2020-01-01").status_code == 404


def test_todays_reach_decides_who_may_read_a_past_day_and_that_days_tree_what_is_read(
    app: Flask, province: Province, time: ManualClock
) -> None:
    day = newest_day(reader())
    merged = _merge(province, time)
    reason = {"reason": "Đối chiếu kỳ tháng 11"}
    heir = browser_of(app, Role.HR_OFFICER, unit_of_role=merged)
    shown = words_of(send_form(heir, f"{NAMES}?day={day}", reason))
    assert "Vàng Mí Sính B1 2" in shown  # of the commune that went into the merged one
    assert "UBND xã Lũng Cú" in shown  # as it was called then
    assert "Đồng Văn mới" not in shown
    assert "Sở Nội vụ" not in shown
    assert "UBND xã Lũng Cú" in words_of(heir.get(f"{NAMES}?day={day}&unit={province.commune}"))
    assert heir.get(f"{NAMES}?day={day}&unit={province.department}").status_code == 404
    assert heir.get(f"{NAMES}?day={day}&unit={merged}").status_code == 404  # was not there that day
    before = browser_of(app, Role.HR_OFFICER, unit_of_role=province.district)
    assert before.get(f"{NAMES}?day={day}&unit={province.commune}").status_code == 404  # its people are elsewhere today


def _trail() -> list[dict[str, Any]]:
    in_transaction(audit.link_events)
    return list(audit.read_trail(reader()))


def test_a_lagging_unit_is_told_with_the_one_above_and_what_to_do(app: Flask, province: Province) -> None:
    shown = words_of(browser_of(app, Role.HR_OFFICER).get(PAGE))
    assert "Huyện Đồng Văn</span>" in shown  # above the commune
    assert f"/console/enrollment/remind?unit={province.commune}" in shown
    assert f"campaigns?unit={province.commune}#plan-day" in shown
    assert "Đăng nhập lần đầu và đọc thông báo xử lý dữ liệu: <b>3 người</b>" in shown
    assert "/console/enrollment/remind" not in words_of(browser_of(app, Role.AUDITOR).get(PAGE))


def test_the_consoles_home_says_what_the_leaders_page_says(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert "2 / 24 người thông suốt, hợp nhất, số liệu chốt 24/11/2026" in words_of(browser.get("/console"))
    bound = browser_of(app, Role.HR_OFFICER, unit_of_role=province.district)
    assert "0 / 12 người thông suốt, hợp nhất" in words_of(bound.get("/console"))
