"""Rules of lists that are taken away as files."""

import csv
import io

from flask import Flask
from openpyxl import load_workbook

from idp import audit
from idp.database import in_transaction
from idp.roles.grants import revoke
from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of
from tests.support.trail import events

PEOPLE, SESSIONS = "/console/people/export", "/console/sessions/export"
REASON = "Đối chiếu quân số theo công văn số 7"


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_people_of_a_filter_and_of_ones_units_alone_are_in_the_file(app: Flask) -> None:
    mine, other = add_unit(), add_unit("UBND xã Du Già")
    add_person("a", "Sùng Thị Máy", unit_id=mine)
    add_person("b", "Lù Văn Hạ", unit_id=mine, state="suspended")
    add_person("c", "Lù Văn Hạ", unit_id=other, state="suspended")
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=mine)
    answer = send_form(officer, PEOPLE + "?state=suspended", {"reason": REASON, "kind": "csv"})
    assert [row[:2] for row in _rows(words_of(answer))[1:]] == [["Lù Văn Hạ", "b"]]
    (asked,) = events(audit.Event.PEOPLE_EXPORTED)
    assert asked.detail == {"kind": "csv", "filters": {"state": "suspended"}, "reason": REASON}
    (ended,) = events(audit.Event.EXPORT_ENDED)
    assert ended.detail == {"of": "people.exported", "rows": 1, "whole": True, "reason": REASON}


def test_a_workbook_holds_the_same_and_a_cell_that_looks_like_a_formula_is_text(app: Flask) -> None:
    add_person("a", "=HYPERLINK(1)", title="@SUM(1)")
    browser = browser_of(app, Role.AUDITOR)
    answer = send_form(browser, PEOPLE, {"reason": REASON, "kind": "xlsx"})
    sheet = load_workbook(io.BytesIO(answer.get_data())).worksheets[0]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells["=HYPERLINK(1)"] == "s"
    told = words_of(send_form(browser, PEOPLE, {"reason": REASON, "kind": "csv"}))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in _rows(told) for cell in row)


def test_without_a_reason_or_of_another_kind_nothing_is_sent(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    for path in (PEOPLE, SESSIONS, "/console/audit/export"):
        assert send_form(browser, path, {"reason": "vì", "kind": "csv"}).status_code == 400
        assert send_form(browser, path, {"reason": REASON, "kind": "exe"}).status_code == 404
    assert not events(audit.Event.EXPORT_ENDED)


def test_a_role_taken_away_ends_a_file_that_is_being_sent(app: Flask) -> None:
    add_person("a", "Sùng Thị Máy")
    auditor = add_official(Role.AUDITOR)
    browser = sign_in(app, auditor)
    answer = send_form(browser, PEOPLE, {"reason": REASON, "kind": "csv"})
    in_transaction(lambda connection: revoke(connection, auditor, Role.AUDITOR, actor="cli:test"))
    assert len(_rows(words_of(answer))) <= 1  # the headings
    (ended,) = events(audit.Event.EXPORT_ENDED)
    assert (ended.detail["rows"], ended.detail["whole"]) == (0, False)


def test_open_sessions_are_taken_away_with_device_and_applications(app: Flask) -> None:
    sign_in(app, add_official(name="Sùng Thị Máy"))
    told = _rows(words_of(send_form(browser_of(app, Role.AUDITOR), SESSIONS, {"reason": REASON, "kind": "csv"})))
    assert len({len(row) for row in told}) == 1
    assert "Sùng Thị Máy" in [row[0] for row in told]
