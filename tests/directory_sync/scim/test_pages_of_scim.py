"""The pages of sources and of accounts in advance."""

import re
from typing import Any

import pytest
from flask import Flask

from directory_sync.scim import provisioning, sources
from idp.database import reader
from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.relying_party import ALL_SCOPES, register_party
from tests.support.scim import Pusher, add_source
from tests.support.signed_in import browser_of, send_form, words_of


@pytest.fixture
def admin(scim_app: Flask) -> Any:
    return browser_of(scim_app, Role.IT_ADMIN)


def test_a_source_is_added_and_its_secret_is_shown_this_once(scim_app: Flask, admin: Any) -> None:
    assert "Chưa có nguồn nào" in words_of(admin.get("/console/scim"))
    add_unit("Sở Y tế", code="S07")
    form = {"name": "so-y-te", "title": "Nhân sự Sở Y tế", "unit": "S07", "withdrawals": "5"}
    page = send_form(admin, "/console/scim/add", form).text
    client_id, secret = (re.search(rf'id="client-{part}">([^<]+)<', page).group(1) for part in ("id", "secret"))  # type: ignore[union-attr]
    pusher = Pusher(scim_app.test_client(), client_id, secret)
    assert pusher.add("a")["groups"][0]["display"] == "Sở Y tế"
    listed = words_of(admin.get("/console/scim"))
    assert "Nhân sự Sở Y tế" in listed
    assert secret not in listed


@pytest.mark.parametrize("wrong", [{"name": "Sở"}, {"title": ""}, {"unit": "S99"}, {"name": "a" * 27}, {"unit": "\0"}])
def test_what_is_wrong_with_a_source_is_told_and_what_was_typed_stays(scim_app: Flask, admin: Any, wrong: dict[str, str]) -> None:
    response = send_form(admin, "/console/scim/add", {"name": "so-y-te", "title": "Nhân sự", **wrong})
    assert response.status_code == 400
    assert "Có lỗi cần sửa" in response.text
    assert sources.all_sources(reader()) == []


def test_more_suspensions_are_allowed_with_a_number_and_a_reason(scim_app: Flask, admin: Any) -> None:
    source = add_source(scim_app.test_client(), withdrawals=0)
    for number in range(4):
        source.add(f"p{number}")
    assert source.patch(source.get("/Users")["Resources"][0]["id"], {"op": "replace", "path": "active", "value": False}).status_code == 429
    assert "scim:so-y-te bị tạm dừng" in words_of(admin.get("/console"))
    where = "/console/scim/so-y-te/allow"
    for wrong in ({"reason": "ngắn"}, {"withdrawals": "4"}, {"withdrawals": "x"}, {"hours": "25"}):
        form = {"withdrawals": "2", "hours": "1", "reason": "Giải thể phòng theo quyết định 12", **wrong}
        assert send_form(admin, where, form).status_code == 400
    assert send_form(admin, where, {"withdrawals": "2", "hours": "1", "reason": "Giải thể phòng theo quyết định 12"}).status_code == 303
    assert sources.require(reader(), "so-y-te").raised_to == 2
    assert admin.get("/console/scim/khong-co/allow").status_code == 404


def test_an_application_is_given_accounts_from_its_page(scim_app: Flask, admin: Any) -> None:
    party = register_party(scope=ALL_SCOPES)
    add_person("vmsinh")
    page, form = f"/console/clients/{party.client_id}", {"url": "https://app.example.gov.vn/scim/v2", "token": "t-1", "units": ""}
    assert f"{page}/provisioning" in admin.get(f"{page}/setup").text  # beside the other pages of the connection
    assert "Chưa cấp tài khoản trước" in words_of(admin.get(f"{page}/provisioning"))
    assert send_form(admin, f"{page}/provisioning/change", {**form, "url": "x"}).status_code == 400
    assert send_form(admin, f"{page}/provisioning/change", form).status_code == 303
    assert provisioning.look() == 2  # the administrator is one of the people
    shown = admin.get(f"{page}/provisioning")
    assert "Đang chờ gửi" in words_of(shown)
    assert "t-1" not in shown.text + admin.get(f"{page}/provisioning/change").text
    for deed in ("fill", "stop"):
        assert send_form(admin, f"{page}/provisioning", {"deed": deed}).status_code == 303
    assert provisioning.look() == 0


@pytest.mark.parametrize(("role", "status"), [(Role.HR_OFFICER, 403), (Role.LEADER, 403), (Role.AUDITOR, 403)])
def test_who_may_not_change_applications_adds_no_source(scim_app: Flask, role: Role, status: int) -> None:
    browser = browser_of(scim_app, role)
    assert browser.get("/console/scim/add").status_code == status
    assert browser.post("/console/scim/add", data={"name": "x", "title": "x"}).status_code in (400, status)
    assert browser.get("/console/clients/x/provisioning/change").status_code == status
