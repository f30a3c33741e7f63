"""Rules of the pages of closings and parameters: a named person signs, a second one approves, nothing past changes."""

from flask import Flask

from idp.clock import ManualClock
from idp.database import reader
from idp.enrollment.closings import list_closings
from idp.enrollment.parameters import list_versions
from idp.roles.models import Role
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from tests.support.tracked_province import build_province, freeze

CLOSINGS, PARAMETERS = "/console/enrollment/closings", "/console/enrollment/parameters"


def test_a_period_is_closed_corrected_and_signed_by_a_named_person(app: Flask, time: ManualClock) -> None:
    build_province()
    freeze()
    browser = browser_of(app, Role.LEADER, name="Giàng A Páo")
    near = {"kind": "month", "period": "2026-11", "day": "2026-11-24"}
    assert "cần ghi lý do" in words_of(send_form(browser, CLOSINGS, near))
    assert send_form(browser, CLOSINGS, {**near, "reason": "Ngày 14 không chốt được"}).status_code == 303
    assert "chưa ký" in words_of(browser.get(CLOSINGS))
    assert send_form(browser, CLOSINGS, {**near, "reason": "Sửa ghi chú"}).status_code == 303
    first, second = sorted(row.sequence for row in list_closings(reader()))
    refused = words_of(send_form(browser, f"{CLOSINGS}/{first}/sign", {}, page=CLOSINGS))
    assert "Đã có bản đính chính mới hơn" in refused
    assert send_form(browser, f"{CLOSINGS}/{second}/sign", {}, page=CLOSINGS).status_code == 303
    shown = words_of(browser.get(CLOSINGS))
    assert "Giàng A Páo" in shown
    assert "đính chính: Sửa ghi chú" in shown
    assert "Chốt kỳ</button>" not in words_of(browser_of(app, Role.HR_OFFICER).get(CLOSINGS))


def test_parameters_need_a_second_person_and_a_day_to_come(app: Flask, time: ManualClock) -> None:
    one, other = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    wanted = {"recent_days": "45", "entry_days": "90", "by1": "2026-12-31", "percent1": "60", "reason": "Nghị quyết mới"}
    past = words_of(send_form(one, PARAMETERS, {**wanted, "effective_from": "2026-11-24"}))
    assert "phải sau hôm nay" in past
    assert 'value="45"' in past
    assert send_form(one, PARAMETERS, {**wanted, "effective_from": "2026-12-01"}).status_code == 303
    version = list_versions(reader())[0].version
    assert "không tự duyệt được" in words_of(send_form(one, f"{PARAMETERS}/{version}/approve", {}, page=PARAMETERS))
    assert send_form(other, f"{PARAMETERS}/{version}/approve", {}, page=PARAMETERS).status_code == 303
    assert "đã duyệt" in words_of(one.get(PARAMETERS))
    auditor = browser_of(app, Role.AUDITOR)
    assert auditor.post(PARAMETERS, data={"csrf_token": csrf_token(one, PARAMETERS)}).status_code in (400, 403)
