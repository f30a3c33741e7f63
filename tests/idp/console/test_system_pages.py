"""Rules of the pages of the catalogue of systems, of its files and of `hopnhat system`."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from openpyxl import load_workbook

from clients import catalogue
from clients.catalogue import System
from idp.console import system_cli
from idp.database import in_transaction, reader
from idp.roles.models import Role
from tests.support.people import add_unit
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of

ADD, IMPORT = "/console/add-system", "/console/import-systems"
FORM = {
    "code": "mot-cua", "name": "Một cửa điện tử", "level": "commune", "protocol": "own", "own_passwords_left": "yes", "in_scope": "1",
    "security_level": "3", "accounts": "1.200", "planned_on": "31/12/2026",
}  # fmt: skip
FILE = "Mã;Tên hệ thống;Cấp;Còn mật khẩu riêng;Dự kiến kết nối;Lạ\nmot-cua;Một cửa điện tử;Cấp xã;không còn;31/12/2026;x\nthu;Thư công vụ;cap tinh;;;\n"


def _find(code: str = "mot-cua") -> Any:
    return catalogue.find_system(reader(), code)


def _send_file(browser: Any, content: bytes | str, **form: str) -> Any:
    sent = content.encode() if isinstance(content, str) else content
    data = {**form, "csrf_token": csrf_token(browser, IMPORT), "file": (io.BytesIO(sent), "ds.csv")}
    return browser.post(IMPORT, data=data, content_type="multipart/form-data")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(system_cli.group, list(arguments), catch_exceptions=True)


def test_a_system_is_written_down_and_shown(app: Flask) -> None:
    add_unit("UBND xã Lũng Cú", code="H22.9")
    browser = browser_of(app, Role.IT_ADMIN)
    assert send_form(browser, ADD, FORM | {"owner_unit": "H22.9"}).status_code == 303
    page = words_of(browser.get("/console/systems/mot-cua"))
    assert all(words in page for words in ("Một cửa điện tử", "UBND xã Lũng Cú", "1.200", "31/12/2026", "Chưa kết nối"))
    assert "0 trên 1" in words_of(browser.get("/console/systems"))
    assert "Một cửa" not in words_of(browser.get("/console/systems?standing=integrated"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "Ô"), ("name", ""), ("owner_unit", "không có"), ("accounts", "x"), ("planned_on", "31/02/2026"), ("security_level", "9")],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(app: Flask, field: str, value: str) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    answer = send_form(browser, ADD, FORM | {"notes": "ghi chú giữ lại", field: value})
    assert answer.status_code == 400
    assert f'id="{field}-error"' in words_of(answer)
    assert "ghi chú giữ lại" in words_of(answer)
    assert reader().execute(catalogue._in_order).all() == []


def test_a_system_is_changed_retired_and_reopened_with_a_reason(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    send_form(browser, ADD, FORM)
    send_form(browser, "/console/systems/mot-cua/change", {**FORM, "code": "mcdt", "name": "Một cửa"})
    assert (_find("mcdt").name, _find("mcdt").in_scope) == ("Một cửa", True)
    assert send_form(browser, "/console/systems/mcdt/retire", {"reason": ""}).status_code == 400
    send_form(browser, "/console/systems/mcdt/retire", {"reason": "đã thay bằng hệ thống mới"})
    assert _find("mcdt").standing == "retired"
    send_form(browser, "/console/systems/mcdt/reopen", {"reason": "nhập nhầm"})
    assert _find("mcdt").standing == "not_connected"
    assert send_form(browser, "/console/systems/mcdt/vouch", {"reason": "đã xem tận nơi"}).status_code == 400
    assert browser.get("/console/systems/khac").status_code == 404


def test_only_whoever_may_change_applications_changes_the_catalogue(app: Flask) -> None:
    auditor, leader = browser_of(app, Role.AUDITOR), browser_of(app, Role.LEADER)
    assert auditor.get("/console/systems").status_code == 200
    assert leader.get("/console/systems").status_code == 403
    for path in (ADD, IMPORT):
        assert auditor.get(path).status_code == 403
        assert auditor.post(path).status_code in (400, 403)


def test_a_file_is_looked_at_first_and_then_taken_in_whole(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    in_transaction(lambda c: catalogue.add_system(c, System("mot-cua", "Tên cũ", notes="giữ", accounts=7), actor="cli:test"))
    page = words_of(_send_file(browser, FILE))
    assert "Sẽ thêm 1, thay đổi 1 hệ thống" in page
    assert "Các cột không dùng đến: Lạ" in page
    assert _find("thu") is None
    content = page.split('name="content" value="')[1].split('"')[0]
    assert send_form(browser, IMPORT, {"content": content, "take_in": "1"}).status_code == 303
    changed = _find()
    assert (changed.name, changed.level, changed.own_passwords_left, changed.notes, changed.accounts) == (
        "Một cửa điện tử",
        "commune",
        "no",
        "giữ",
        7,
    )
    assert _find("thu").level == "province"


def test_one_wrong_line_keeps_the_whole_file_out(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    page = words_of(
        _send_file(browser, FILE + "thu;Hai lần;;;;\n;Không mã;;;;\nba;Ba;cấp mười;;;\nbon;Bốn;;;32/01/2026;\nnam;;;;;\n", take_in="1")
    )
    assert "chưa có gì được ghi" in page
    assert all(
        words in page
        for words in ("Mã này đã có ở một dòng phía trên", "Thiếu mã hệ thống", "Chọn một trong", "không phải ngày", "Tên hệ thống cần có")
    )
    assert _find("mot-cua") is None


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0", b"x" * 60_001])
def test_a_file_that_is_no_table_is_refused_with_words(app: Flask, content: bytes) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    answer = _send_file(browser, content)
    assert answer.status_code == 400
    assert 'id="file-error"' in words_of(answer)
    assert browser.post(IMPORT, data={"csrf_token": csrf_token(browser, IMPORT), "content": "%%%"}).status_code == 400


def test_what_is_given_out_can_be_taken_in_again(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    send_form(browser, ADD, FORM | {"name": "=Một cửa"})
    for form in ("csv", "xlsx"):
        page = words_of(_send_file(browser, browser.get(f"/console/systems.{form}").data))
        assert "1 dòng giữ nguyên" in page
    book = load_workbook(io.BytesIO(browser.get("/console/systems.xlsx").data))
    assert book.active is not None
    assert book.active["A2"].value == "mot-cua"


def test_markup_in_a_name_stays_text(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    send_form(browser, ADD, FORM | {"name": "<script>alert(1)</script>", "notes": "<b>x</b>"})
    for path in ("/console/systems", "/console/systems/mot-cua", "/console/systems/mot-cua/change"):
        assert "<script>alert" not in words_of(browser.get(path))


def test_the_commands_do_what_the_pages_do(app: Flask, tmp_path: Path) -> None:
    add_unit("UBND xã Lũng Cú", code="H22.9")
    assert run("add", "mot-cua", "--name", "Một cửa", "--owner", "H22.9", "--planned-on", "2026-12-31").exit_code == 0
    assert (
        json.loads(
            run(
                "change", "mot-cua", "--accounts", "5", "--out-of-scope", "--protocol", "oidc", "--own-passwords-left", "no", "--json"
            ).stdout
        )["accounts"]
        == 5
    )
    assert json.loads(run("list", "--standing", "not_connected", "--json").stdout)["systems"][0]["protocol"] == "oidc"
    told = json.loads(run("list", "--json").stdout)
    assert (told["in_scope"], told["systems"][0]["standing"]) == (0, "not_connected")
    assert run("retire", "mot-cua", "--reason", "thay mới").exit_code == 0
    assert run("reopen", "mot-cua", "--reason", "nhầm").exit_code == 0
    assert run("add", "x", "--name", "X", "--owner", "không có").exit_code == 1
    assert run("change", "mot-cua").exit_code == 2
    assert run("export", str(tmp_path / "a.csv")).exit_code == run("export", str(tmp_path / "a.xlsx")).exit_code == 0
    told = json.loads(run("import", str(tmp_path / "a.xlsx"), "--json").stdout)
    assert (told["add"], told["change"], told["keep"], told["done"]) == (0, 0, 1, False)
    (tmp_path / "b.csv").write_text(FILE, encoding="utf-8")
    assert run("import", str(tmp_path / "b.csv"), "--yes").exit_code == 0
    assert "Thư công vụ" in run("list").output
    (tmp_path / "c.csv").write_text("Mã\n\nÔ\n", encoding="utf-8")
    assert run("import", str(tmp_path / "c.csv"), "--yes").exit_code == 1
