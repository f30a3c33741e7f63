"""Rules of the page and the commands of rules by path."""

import json

import pytest
from flask import Flask
from sqlalchemy import select

from clients.models import Client
from clients.path_rule_deeds import set_path_rules
from clients.registry import find_client
from idp.console.path_cli import group
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.roles.models import Role
from tests.support.guarded_site import register_site
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.trail import events

_c = table_of(Client)
BAD = "<script>alert(1)</script>"
FORM = {
    "pattern": "/duyet/**",
    "methods": "*",
    "who": "role",
    "name": "hr_officer",
    "acr": "aal2",
    "max_age": "900",
    "reason": "Theo quy chế",
}


@pytest.fixture
def client_id(app: Flask) -> str:
    return register_site().party.client_id


def rules(client_id: str) -> tuple[str, ...]:
    kept = reader().execute(select(_c.c.settings).where(_c.c.client_id == client_id)).scalar_one()
    return tuple(kept.get("path_rules", ()))


def test_an_administrator_adds_orders_tries_and_takes_away_with_reasons(app: Flask, client_id: str) -> None:
    browser, path = browser_of(app, Role.IT_ADMIN), f"/console/clients/{client_id}/paths"
    assert "Quy tắc theo đường dẫn" in words_of(browser.get(f"/console/clients/{client_id}/entry"))  # the pages of one group
    assert "Chưa có quy tắc nào." in words_of(browser.get(path))
    assert send_form(browser, path, FORM).status_code == 303
    opened = {"pattern": "/duyet/mau/**", "methods": "GET|HEAD", "who": "public", "name": "", "acr": "", "max_age": "", "first": "1"}
    assert send_form(browser, path, {**opened, "reason": "Mẫu đơn ai cũng xem"}).status_code == 303
    closing, opening = "* /duyet/** role:hr_officer acr=aal2 max_age=900", "GET|HEAD /duyet/mau/** public"
    assert rules(client_id) == (opening, closing)
    page = words_of(browser.get(f"{path}?path=/duyet/7&method=GET"))
    assert f"Quy tắc quyết định: {closing}" in page
    assert "Tất cả, không cần đăng nhập" in page
    assert "có thể được hiểu theo nhiều cách" in words_of(browser.get(f"{path}?path=/x/../duyet"))
    seen = f"{opening}\n{closing}"
    assert send_form(browser, f"{path}/all", {"lines": closing, "seen": seen, "why": "Đóng phần mẫu"}, page=path).status_code == 303
    assert rules(client_id) == (closing,)
    assert [event.detail["reason"] for event in events("client.changed")] == ["Theo quy chế", "Mẫu đơn ai cũng xem", "Đóng phần mẫu"]


@pytest.mark.parametrize(
    ("name", "value"), [("pattern", BAD), ("pattern", "/a/../b"), ("name", BAD), ("max_age", "x"), ("who", "ai"), ("reason", "")]
)
def test_what_cannot_be_a_rule_is_said_and_kept(app: Flask, client_id: str, name: str, value: str) -> None:
    refused = send_form(browser_of(app, Role.IT_ADMIN), f"/console/clients/{client_id}/paths", {**FORM, name: value})
    assert refused.status_code == 400
    assert BAD not in refused.text
    assert 'href="#pattern"' in refused.text or 'href="#reason"' in refused.text
    assert rules(client_id) == ()


def test_rules_that_changed_meanwhile_are_not_written_over(app: Flask, client_id: str) -> None:
    in_transaction(lambda c: set_path_rules(c, client_id, ("* /a nobody",), seen=(), actor="t"))
    with pytest.raises(Refusal) as refused:
        in_transaction(lambda c: set_path_rules(c, client_id, (), seen=(), actor="t"))
    assert refused.value.status == 409
    assert rules(client_id) == ("* /a nobody",)


def test_an_auditor_sees_the_rules_and_changes_none(app: Flask, client_id: str) -> None:
    browser, path = browser_of(app, Role.AUDITOR), f"/console/clients/{client_id}/paths"
    assert "Thêm quy tắc" not in words_of(browser.get(path))
    assert browser.post(path, data=FORM).status_code in (400, 403)
    assert browser.get("/console/clients/khong-co/paths").status_code == 404


def test_the_commands_add_list_try_and_remove(app: Flask, client_id: str) -> None:
    run = app.test_cli_runner().invoke
    assert run(group, ["add", client_id, "* /duyet/** signed-in acr=aal2"]).exit_code == 0
    assert run(group, ["add", client_id, "GET", "/duyet/mau", "public", "--place", "1"]).exit_code == 0
    assert [line["rule"] for line in json.loads(run(group, ["list", client_id, "--json"]).output)] == [
        "GET /duyet/mau public", "* /duyet/** signed-in acr=aal2",
    ]  # fmt: skip
    assert run(group, ["try", client_id, "/DUYET/7"]).output.strip() == "* /duyet/** signed-in acr=aal2"
    assert run(group, ["try", client_id, "/a//b"]).exit_code == 1
    assert run(group, ["remove", client_id, "GET /duyet/mau public"]).exit_code == 0
    assert run(group, ["remove", client_id, "GET /duyet/mau public"]).exit_code == 1
    known = find_client(client_id)
    assert known is not None
    assert known.metadata.path_rules == ("* /duyet/** signed-in acr=aal2",)
