"""Rules of the page that gives roles in an application, and of the page that tells what was changed of it."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registration import change
from clients.role_rules import kept_roles
from idp.database import in_transaction, reader
from idp.roles.models import Role
from tests.support.entry import let_in
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.trail import events

BAD = '"><script>alert(1)</script>'


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    return register_party(client_name="Một cửa", client_id="mot-cua")


@pytest.fixture
def browser(app: Flask, party: RelyingParty) -> FlaskClient:
    return browser_of(app, Role.IT_ADMIN)


def give(browser: FlaskClient, **form: str) -> Any:
    return send_form(browser, "/console/clients/mot-cua/roles", {"reason": "Theo đề nghị", **form})


def test_a_role_is_given_by_rule_and_by_name_and_taken_back_with_a_reason(browser: FlaskClient, party: RelyingParty) -> None:
    unit, person = add_unit("Sở Y tế", code="H27.5"), add_person("binh", "Lý Thị Bình")
    assert give(browser, name="reader", unit="H27.5", title="Chuyên viên", category="cong_chuc", valid_to="31/12/2027").status_code == 303
    assert give(browser, name="chief", person="binh").status_code == 303
    rows = kept_roles(reader(), party.key)
    assert [(row.name, row.unit_id, row.title, row.staff_category, row.person_id) for row in rows] == [
        ("chief", None, None, None, person), ("reader", unit, "Chuyên viên", "cong_chuc", None),
    ]  # fmt: skip
    page = words_of(browser.get("/console/clients/mot-cua/roles"))
    assert "người của Sở Y tế và các đơn vị bên dưới, công chức, chức vụ Chuyên viên" in page
    removal = f"/console/clients/mot-cua/roles/{rows[0].id}/remove"
    assert send_form(browser, removal, {"reason": ""}).status_code == 400
    assert send_form(browser, removal, {"reason": "Chuyển công tác"}).status_code == 303
    assert [row.name for row in kept_roles(reader(), party.key)] == ["reader"]
    assert [row.detail["reason"] for row in events("client_role.taken")] == ["Chuyển công tác"]
    assert browser.get(removal).status_code == 404


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "có dấu"}, "name"), ({"name": ""}, "name"), ({"name": "a", "unit": "khong-co"}, "unit"), ({"name": "a", "person": "ai"}, "person"),
        ({"name": "a", "valid_from": "31/02/2026"}, "valid_from"), ({"name": "a", "reason": "x"}, "reason"),
        ({"name": "a", "valid_from": "02/01/2026", "valid_to": "01/01/2026"}, "name"), ({"name": BAD, "unit": BAD, "title": BAD}, "unit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    browser: FlaskClient, party: RelyingParty, form: dict[str, str], field: str
) -> None:
    refused = give(browser, **form)
    page = words_of(refused)
    assert refused.status_code == 400
    assert f'href="#{field}"' in page
    assert "<script>alert" not in page
    assert kept_roles(reader(), party.key) == []


def test_the_history_tells_who_changed_what_before_and_after(browser: FlaskClient, party: RelyingParty) -> None:
    addresses = ("https://rp.test/cb", "https://rp.test/hai")
    in_transaction(
        lambda c: change(
            c, "mot-cua", actor="cli:an", reason=f"Thêm máy {BAD}", redirect_uris=addresses, require_consent=True, client_name=BAD
        )
    )
    let_in("mot-cua", "category", "cong_chuc")
    give(browser, name="reader")
    page = words_of(browser.get("/console/clients/mot-cua/history"))
    assert re.search(r"Địa chỉ trả về: trước —\s*→ sau <code>https://rp.test/hai</code>", page)
    assert re.search(r"Hỏi ý kiến cán bộ: trước <code>không</code>\s*→ sau <code>có</code>", page)
    assert "Dòng lệnh (an)" in page
    assert "Cho vai trò trong" in page
    assert "Đăng ký kết nối" in page
    assert "<script>alert" not in page


def test_the_history_goes_on_from_a_place_and_refuses_one_that_is_none(browser: FlaskClient, party: RelyingParty) -> None:
    for number in range(52):
        in_transaction(lambda c, number=number: change(c, "mot-cua", actor="cli:an", client_name=f"Tên {number}"))  # type: ignore[misc]
    page = words_of(browser.get("/console/clients/mot-cua/history"))
    older = re.search(r'href="([^"]+history\?before=[^"]+)"', page)
    assert older
    rest = words_of(browser.get(older.group(1)))
    assert ("<code>Tên 51</code>" in page, "<code>Tên 51</code>" in rest, "Đăng ký kết nối" in rest) == (True, False, True)
    assert browser.get("/console/clients/mot-cua/history?before=x").status_code == 404
