"""Rules of the pages of reorganisations."""

import io
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from directory_sync import reorganisations
from directory_sync.reorganisation_file import SchemeRow
from directory_sync.reorganisation_models import Origin, ReorganisationState
from directory_sync.reorganisation_words import FLAWS, KINDS, ORIGINS, STATES
from idp.database import in_transaction, reader
from idp.people.unit_models import SuccessionKind
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.web.formats import today
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of
from wsgi import build

PAGE, NEW = "/console/reorganisations", "/console/reorganisations/new"
FIELDS = {"name": "Sắp xếp cấp xã", "decision": "1684/NQ-UBTVQH15", "effective_on": "01/07/2025"}
FILE = "mã cũ,tên cũ,mã mới,tên mới\n00715,,M00715,Xã Lũng Cú\n00718,,M00715,Xã Lũng Cú\n99999,Xã Không Có,M1,Xã Nào Đó\n"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, with two communes' offices."""
    application = build(settings_for(database_url))
    with application.app_context():
        for code, name in (("00715", "UBND xã Lũng Cú"), ("00718", "UBND xã Má Lé")):
            unit_id = add_unit(name, code=code)
            person_id = add_person(f"can-bo-{code}", "Vàng Mí Sính", unit_id=unit_id)
            in_transaction(partial(grant, person_id=person_id, role=Role.HR_OFFICER, unit_id=unit_id, actor="cli:t"))
        yield application
    close(application)


def _send(browser: FlaskClient, content: bytes | str, **fields: Any) -> TestResponse:
    file = (io.BytesIO(content.encode() if isinstance(content, str) else content), "phuong-an.csv")
    form = {**FIELDS, **fields, "file": file, "csrf_token": csrf_token(browser, NEW)}
    return browser.post(NEW, data=form, content_type="multipart/form-data")


def test_every_state_kind_and_flaw_has_its_words() -> None:
    assert set(STATES) == set(ReorganisationState)
    assert set(KINDS) == set(SuccessionKind)
    assert set(ORIGINS) == set(Origin)
    assert {"not_found", "not_unique", "twice"} <= set(FLAWS)


def test_who_sees_proposes_and_approves(app: Flask) -> None:
    for role, sees, proposes in ((Role.LEADER, 403, 403), (Role.AUDITOR, 200, 403), (Role.HR_OFFICER, 200, 200), (Role.IT_ADMIN, 200, 200)):
        browser = browser_of(app, role)
        assert browser.get(PAGE).status_code == sees, role
        assert browser.get(NEW).status_code == proposes, role
    of_a_unit = browser_of(app, Role.HR_OFFICER, unit_of_role=add_unit("Sở Nội vụ"))
    assert of_a_unit.get(PAGE).status_code == 403


def test_a_file_becomes_a_draft_that_shows_people_roles_and_rows_that_say_nothing(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    sent = _send(browser, FILE)
    assert sent.status_code == 303
    page = words_of(browser.get(sent.headers["Location"]))
    for words in ("Sáp nhập", "UBND xã Má Lé", "người ở các đơn vị cũ", "1 dòng có lỗi", "kết thúc cùng đơn vị"):
        assert words in page, words
    flawed = words_of(browser.get(f"{sent.headers['Location']}?flawed=1"))
    assert "Xã Không Có" in flawed
    assert str(FLAWS["not_found"]) in flawed
    table = browser.get(f"{PAGE}/1/rows.csv").get_data(as_text=True)
    assert table.count("\r\n") == 4
    assert str(FLAWS["not_found"]) in table


def test_what_was_typed_stays_when_something_is_missing(app: Flask) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    sent = _send(browser, FILE, effective_on="tháng 7")
    assert sent.status_code == 422
    page = sent.get_data(as_text=True)
    assert 'value="Sắp xếp cấp xã"' in page
    assert "Nhập ngày hiệu lực dạng ngày/tháng/năm" in page
    assert _send(browser, b"\x00\xff\xfe").status_code == 422
    assert _send(browser, "mã cũ,mã mới\n1,2\n").status_code == 422


def test_who_proposed_it_cannot_approve_it_and_a_second_officer_can(app: Flask) -> None:
    first, second = browser_of(app, Role.HR_OFFICER), browser_of(app, Role.HR_OFFICER)
    _send(first, FILE)
    assert f"{PAGE}/1/approve" not in first.get(f"{PAGE}/1").get_data(as_text=True)
    assert send_form(first, f"{PAGE}/1/approve", {}, page=f"{PAGE}/1").status_code == 403
    assert send_form(second, f"{PAGE}/1/approve", {}, page=f"{PAGE}/1").status_code == 303
    assert reorganisations.require_reorganisation(reader(), 1).state == ReorganisationState.APPROVED
    assert "Đã phê duyệt" in words_of(second.get(PAGE))
    assert send_form(second, f"{PAGE}/1/withdraw", {}, page=f"{PAGE}/1").status_code == 303
    assert send_form(second, f"{PAGE}/1/withdraw", {}, page=PAGE + "/new").status_code == 409


def test_a_scheme_of_thousands_of_rows_is_shown_a_page_at_a_time(app: Flask) -> None:
    rows = [SchemeRow(line, SuccessionKind.NEW, new_name=f"Xã {line}") for line in range(2, 132)]
    in_transaction(
        lambda connection: reorganisations.propose(
            connection, rows, name="Lớn", decision="1", effective_on=today(), origin=Origin.FILE, actor="cli:t"
        )
    )
    browser = browser_of(app, Role.AUDITOR)
    assert "Xã 51" in words_of(browser.get(f"{PAGE}/1"))
    assert "Xã 131" in words_of(browser.get(f"{PAGE}/1?page=3"))
    assert browser.get(f"{PAGE}/1?page=x").status_code == 200
    assert browser.get(f"{PAGE}/2").status_code == 404
