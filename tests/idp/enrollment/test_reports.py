"""Rules of the official forms: the figures of the page, as real numbers and days in a file that another library reads as well."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import Connection, text

from idp.clock import ManualClock
from idp.database import in_transaction
from idp.enrollment.reports.suppression import publishable, suppressed
from idp.roles.models import Role
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from tests.support.tracked_province import Province, build_province, freeze

REPORTS = "/console/enrollment/reports"


@pytest.fixture
def province(app: Flask, time: ManualClock) -> Province:
    built = build_province()
    freeze()
    return built


def _rows_of(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_form_1_is_a_workbook_with_the_states_name_real_numbers_and_totals_that_add_up(app: Flask, province: Province) -> None:
    rows = _rows_of(browser_of(app, Role.LEADER).get(f"{REPORTS}/1.xlsx").data)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in rows[0]
    assert "Độc lập - Tự do - Hạnh phúc" in rows[1]
    head = next(number for number, row in enumerate(rows) if row[0] == "STT")
    assert rows[head][2:5] == ["Tên cơ quan, đơn vị", "Tổng số", "Tham gia"]
    lines = {row[2]: row for row in rows[head + 1 :] if row[2]}
    assert lines["Sở Nội vụ"][3:11] == [12, 12, 10, 8, 7, 5, 2, pytest.approx(0.1666)]
    assert lines["UBND xã Lũng Cú"][1] == "H27.20.1"
    total, parts = lines["Tổng cộng"], [row for name, row in lines.items() if str(name).startswith("Cộng ")]
    assert total[3:11] == [24, 24, 16, 13, 11, 7, 2, pytest.approx(0.0833)]
    for column in range(3, 10):
        assert sum(float(str(row[column])) for row in parts) == total[column]
    assert any("THỦ TRƯỞNG ĐƠN VỊ" in row for row in rows)


def test_form_2_and_4_and_the_prose_tell_the_same_day(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.LEADER)
    systems = _rows_of(browser.get(f"{REPORTS}/2.xlsx").data)
    assert next(row for row in systems if row[1] == "van-ban")[5:8] == [26, 2, pytest.approx(0.0769)]
    assert browser.get(f"{REPORTS}/4.xlsx").status_code == 200
    assert browser.get(f"{REPORTS}/3").status_code == 404
    prose = words_of(browser.get(f"{REPORTS}/prose"))
    assert "2/24 người thông suốt, hợp nhất, đạt 8,33%, trên 1/1 hệ thống đã kết nối" in prose
    for page in ("1", "2", "4"):
        paper = words_of(browser.get(f"{REPORTS}/{page}"))
        assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in paper
        assert "ngày 24 tháng 11 năm 2026" in paper


def test_the_same_form_is_a_csv_file(app: Flask, province: Province) -> None:
    sent = browser_of(app, Role.AUDITOR).get(f"{REPORTS}/1.csv")
    lines = sent.data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("STT,Mã định danh,")
    assert any(line.startswith("1,H27.3,Sở Nội vụ,12,12,10,8,7,5,2,16.66,") for line in lines)
    assert browser_of(app, Role.AUDITOR).get(f"{REPORTS}/1.pdf").status_code == 404


def test_the_evidence_pack_is_checked_by_its_own_script_and_a_changed_count_is_named(
    app: Flask, province: Province, time: ManualClock, tmp_path: Path
) -> None:
    time.advance(days=1)
    freeze()
    browser = browser_of(app, Role.AUDITOR)
    token = csrf_token(browser, REPORTS)
    sent = browser.post(f"{REPORTS}/evidence", data={"csrf_token": token})
    with zipfile.ZipFile(io.BytesIO(sent.data)) as pack:
        pack.extractall(tmp_path)
    assert "Vàng Mí Sính" not in (tmp_path / "days.jsonl").read_text("utf-8")
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["days"] == 2
    assert _check(tmp_path) == (0, "Everything holds.")
    public = tmp_path / "public" / "public.jsonl"
    assert '"seamless": null' in public.read_text("utf-8")  # two people only on B6
    assert "H27" not in public.read_text("utf-8")
    assert _check(tmp_path / "public") == (0, "Everything holds.")
    kept = public.read_text("utf-8")
    public.write_text(kept.replace('"seamless": null', '"seamless": 20', 1), "utf-8")
    assert "2026-11-24: the public part tells something else" in _check(tmp_path)[1]
    public.write_text(kept.splitlines()[1] + "\n", "utf-8")
    assert "2026-11-25: does not follow the day before it" in _check(tmp_path / "public")[1]
    public.write_text(kept, "utf-8")
    written = (tmp_path / "days.jsonl").read_text("utf-8").splitlines()
    first = json.loads(written[0])
    first["counts"][0][4] += 1
    (tmp_path / "days.jsonl").write_text("\n".join([json.dumps(first, ensure_ascii=False), *written[1:]]) + "\n", "utf-8")
    code, told = _check(tmp_path)
    assert code == 1
    assert "2026-11-24: is not what was frozen" in told
    (tmp_path / "days.jsonl").write_text(written[1] + "\n", "utf-8")
    assert "2026-11-25: does not follow the day before it" in _check(tmp_path)[1]


def test_an_auditor_has_every_frozen_day_counted_anew_and_a_changed_row_is_named(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.AUDITOR)
    assert "đều đúng như đã lưu" in words_of(send_form(browser, f"{REPORTS}/verify", {}, page=REPORTS))
    in_transaction(_change_a_count)
    told = words_of(send_form(browser, f"{REPORTS}/verify", {}, page=REPORTS))
    assert "không đúng như đã lưu" in told
    assert "24/11/2026" in told
    assert browser_of(app, Role.LEADER).post(f"{REPORTS}/verify", data={"csrf_token": csrf_token(browser, REPORTS)}).status_code in (
        400,
        403,
    )


def _change_a_count(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER snapshot_total_no_update"))
    else:
        connection.execute(text("ALTER TABLE snapshot_total DISABLE TRIGGER ALL"))
    connection.execute(text("UPDATE snapshot_total SET people = people + 1 WHERE kind = 'whole'"))


def _check(folder: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-I", "check.py"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_an_evidence_pack_is_for_who_sees_the_whole_province(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.LEADER, unit_of_role=province.district)
    assert browser.post(f"{REPORTS}/evidence", data={"csrf_token": csrf_token(browser, REPORTS)}).status_code == 404


def test_names_need_the_permission_and_a_reason_and_numbers_are_masked(app: Flask, province: Province) -> None:
    people = "/console/enrollment/people"
    assert browser_of(app, Role.AUDITOR).get(people).status_code == 403
    browser = browser_of(app, Role.HR_OFFICER)
    assert "Vàng Mí Sính B5" not in words_of(browser.get(f"{people}?unit={province.commune}"))
    assert "Nhập lý do" in words_of(send_form(browser, f"{people}?unit={province.commune}", {"reason": ""}))
    shown = words_of(send_form(browser, f"{people}?unit={province.commune}", {"reason": "Ngày đăng ký lưu động"}))
    assert "Vàng Mí Sính B5" in shown
    assert "Vàng Mí Sính B6" not in shown
    assert f"002000{province.commune.hex[-6:]}" not in shown
    assert "0020••••••" in shown
    told = words_of(browser_of(app, Role.AUDITOR).get("/console/audit"))
    assert "Mở danh sách người chưa hoàn thành xác thực (Ngày đăng ký lưu động)" in told
    sheet = send_form(
        browser, f"{people}?unit={province.commune}&segment=B0", {"reason": "Ngày đăng ký lưu động", "as": "xlsx", "segment": "B0"}
    )
    assert [row[1] for row in _rows_of(sheet.data) if str(row[1]).startswith("Vàng")] == ["Vàng Mí Sính B0 0", "Vàng Mí Sính B0 1"]
    bound = browser_of(app, Role.HR_OFFICER, unit_of_role=province.district)
    assert bound.get(f"{people}?unit={province.department}").status_code == 404
    assert "Sở Nội vụ" not in words_of(send_form(bound, people, {"reason": "Danh sách của huyện"}))


def test_figures_are_public_only_when_the_province_says_so(app: Flask, province: Province) -> None:
    browser = app.test_client()
    assert browser.get("/public/enrollment").status_code == 404
    app.extensions["hopnhat.settings"] = app.extensions["hopnhat.settings"].model_copy(update={"tracker_public": True})
    told = browser.get("/public/enrollment.json")
    assert told.json
    assert told.json["whole"] == {"entitled": None, "seamless": None, "percent": None, "hidden": True}  # two people only on B6
    assert "Số người quá ít để công bố" in words_of(browser.get("/public/enrollment"))


def test_a_hidden_group_cannot_be_worked_out_from_the_rest() -> None:
    groups = {"province": (500, 200), "district": (40, 20), "commune": (3, 1)}
    cells = {one.key: one.people for one in suppressed(groups)}
    assert cells == {"province": 500, "district": None, "commune": None}
    assert {one.people for one in suppressed({"a": (100, 50), "b": (9, 5)})} == {None}
    assert {one.key: one.people for one in suppressed({"a": (100, 50), "b": (30, 15)})} == {"a": 100, "b": 30}


@pytest.mark.parametrize(
    ("people", "reached", "may"), [(10, 0, True), (9, 0, False), (20, 10, True), (20, 12, False), (20, 20, True), (0, 0, False)]
)
def test_a_share_that_would_tell_of_each_of_a_few_is_not_published(people: int, reached: int, may: bool) -> None:
    assert publishable(people, reached) is may
