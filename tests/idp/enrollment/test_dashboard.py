"""Rules of the leaders' page: frozen figures, never one without the other, everything adds up, and nobody sees more than is theirs."""

import re

import pytest
from flask import Flask

from idp.clock import ManualClock
from idp.roles.models import Role
from tests.support.signed_in import browser_of, words_of
from tests.support.tracked_province import build_province, freeze, freeze_days


def _plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_headline_is_never_shown_without_the_systems_it_stands_on(app: Flask, time: ManualClock) -> None:
    build_province()
    freeze()
    shown = _plain(words_of(browser_of(app, Role.LEADER).get("/console/enrollment")))
    assert "8,33% người, trên 1/1 hệ thống" in shown
    assert "2 / 24 người được vào ít nhất một hệ thống" in shown
    assert "29,16% được xác thực điện tử" in shown  # 7 of 24, cut off
    assert "còn thiếu 10 người" in shown
    assert "không khớp" not in shown
    assert "Chưa đủ dữ liệu để dự báo" in shown


def test_while_no_day_is_frozen_the_figures_of_the_moment_stand_there_and_say_so(app: Flask, time: ManualClock) -> None:
    build_province()
    browser = browser_of(app, Role.LEADER)
    assert "Chưa có ngày nào được chốt" in words_of(browser.get("/console/enrollment"))
    for page in ("systems", "quality", "reports", "closings", "parameters", "reports/definitions"):
        assert browser.get(f"/console/enrollment/{page}").status_code == 200, page
    assert browser.get("/console/enrollment/reports/1").status_code == 404


def test_with_nobody_to_count_no_share_is_claimed(app: Flask, time: ManualClock) -> None:
    freeze()
    shown = _plain(words_of(browser_of(app, Role.IT_ADMIN).get("/console/enrollment")))
    assert "Không có đối tượng" in shown
    assert "0,00% người" not in shown


def test_the_page_goes_down_the_tree_and_each_table_adds_up_to_the_one_above(app: Flask, time: ManualClock) -> None:
    province = build_province()
    freeze()
    browser = browser_of(app, Role.LEADER)
    for unit_id in (province.top, province.district):
        shown = words_of(browser.get(f"/console/enrollment?unit={unit_id}"))
        assert "khớp với số chung" in shown
        assert "không khớp" not in shown
    assert "không khớp" not in words_of(browser.get(f"/console/enrollment?unit={province.commune}"))
    assert "Trực thuộc" in words_of(browser.get(f"/console/enrollment?unit={province.district}"))


def test_a_leader_of_one_unit_sees_that_unit_only(app: Flask, time: ManualClock) -> None:
    province = build_province()
    freeze()
    browser = browser_of(app, Role.LEADER, unit_of_role=province.district)
    shown = _plain(words_of(browser.get("/console/enrollment")))
    assert "0 / 12 người được vào" in shown
    assert "Sở Nội vụ" not in shown
    assert browser.get(f"/console/enrollment?unit={province.department}").status_code == 404
    assert browser.get(f"/console/enrollment/reports/1?unit={province.department}").status_code == 404
    assert "Sở Nội vụ" not in words_of(browser.get("/console/enrollment/reports/1"))


def test_from_fourteen_days_on_there_is_a_forecast_with_a_drawn_trend_and_its_table(app: Flask, time: ManualClock) -> None:
    build_province()
    freeze_days(time, 15)
    shown = words_of(browser_of(app, Role.LEADER).get("/console/enrollment"))
    assert "Không đạt với tốc độ hiện tại" in shown
    assert '<title id="trend-title">' in shown
    assert '<desc id="trend-desc">' in shown
    assert "Xu hướng, số liệu cuối mỗi tháng" in shown


@pytest.mark.parametrize("asked", ["?day=2026-13-01", "?day=2020-01-01", "?unit=x", "?unit=00000000-0000-0000-0000-000000000001"])
def test_what_is_not_there_is_not_found(app: Flask, time: ManualClock, asked: str) -> None:
    build_province()
    freeze()
    assert browser_of(app, Role.LEADER).get(f"/console/enrollment{asked}").status_code == 404
