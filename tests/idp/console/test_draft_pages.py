"""Rules of the wizard that connects an application."""

import re
import threading
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clients import drafts
from clients.client_secrets import holds
from clients.draft_models import ClientCard, ClientDraft
from clients.entry_rules import kept_rules
from clients.models import Client
from clients.registry import find_by_key
from idp import access
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.roles.grants import revoke
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.people import add_unit
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from tests.support.trail import kinds

_d, _c, _k = table_of(ClientDraft), table_of(Client), table_of(ClientCard)
ABOUT = {
    "client_name": "Một cửa điện tử", "owner": "H27.5", "purpose": "Nhận hồ sơ", "contact_1": "an@hagiang.gov.vn",
    "contact_2": "binh@hagiang.gov.vn", "environment": "test",
}  # fmt: skip
ADDRESSES = {"redirect_uris": "https://mot-cua.test/cb", "backchannel_logout_uri": "", "client_uri": "https://mot-cua.test/"}
DATA = {"scope": ["profile", "email"], "minimum_acr": "urn:hopnhat:aal1", "subject_type": "public", "entry_units": "H27.5"}
BAD = "<script>alert(1)</script>"


@pytest.fixture
def unit(app: Flask) -> uuid.UUID:
    return add_unit("Sở Y tế", code="H27.5")


def begin(browser: FlaskClient) -> str:
    location = send_form(browser, "/console/drafts", {}).headers["Location"]
    return location.removesuffix("/about")


def fill_in(browser: FlaskClient, draft: str, **about: str) -> None:
    for page, form in (("about", {**ABOUT, **about}), ("kind", {"kind": "server"}), ("addresses", ADDRESSES), ("data", DATA)):
        sent: Any = send_form(browser, f"{draft}/{page}", form)
        assert sent.status_code == 303, words_of(sent)


def decide(browser: FlaskClient, draft: str, deed: str) -> Any:
    page = words_of(browser.get(f"{draft}/check"))
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    return browser.post(
        f"{draft}/{deed}", data={"csrf_token": csrf_token(browser, f"{draft}/check"), "shown": shown.group(1) if shown else ""}
    )


def test_an_application_for_tests_is_connected_at_once_and_its_secret_is_shown_once(app: Flask, unit: uuid.UUID) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    draft = begin(browser)
    fill_in(browser, draft)
    assert decide(browser, draft, "submit").headers["Location"].endswith("/done")
    row = reader().execute(select(_c)).one()
    assert "Nhận khóa bí mật" in words_of(browser.get(f"{draft}/done"))
    page = words_of(send_form(browser, f"{draft}/done", {}))
    found = re.search(r'id="client-secret">([^<]+)<', page)
    assert found
    secret = found.group(1)
    assert holds(reader(), row.id, secret)
    for program in (
        "Spring Boot",
        "ASP.NET Core",
        "Laravel",
        "Node",
        "Django",
        "Flask",
        "mod_auth_openidc",
        "oauth2-proxy",
        "Moodle",
        "Nextcloud",
        "WordPress",
        "GitLab",
    ):
        assert program in page, program
    assert page.count(secret) > 10
    token = csrf_token(browser, "/console/drafts")
    env = browser.post(f"/console/clients/{row.client_id}/env", data={"csrf_token": token, "secret": secret})
    assert f"OIDC_CLIENT_SECRET={secret}" in env.text
    assert env.headers["Cache-Control"] == "no-store"
    wrong = browser.post(f"/console/clients/{row.client_id}/env", data={"csrf_token": token, "secret": "x" * 43})
    assert wrong.status_code == 400
    assert secret not in words_of(browser.get(f"{draft}/done"))
    assert secret not in words_of(browser.get(f"/console/clients/{row.client_id}/setup"))
    card = reader().execute(select(_k)).one()
    assert (card.owner_unit_id, card.environment, card.approved_by) == (unit, "test", None)
    assert [(rule.kind, rule.unit_id) for rule in kept_rules(reader(), row.id)] == [("unit", unit)]


def test_an_application_for_real_work_waits_for_a_second_administrator(app: Flask, unit: uuid.UUID) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft, environment="production")
    decide(first, draft, "submit")
    assert reader().execute(select(_c)).first() is None
    assert decide(first, draft, "approve").status_code in (403, 409)
    assert reader().execute(select(_c)).first() is None
    assert decide(second, draft, "approve").headers["Location"].endswith("/done")
    assert "Nhận khóa bí mật" not in words_of(second.get(f"{draft}/done"))
    assert "client-secret" in words_of(send_form(first, f"{draft}/done", {}))
    assert kinds("client_draft.submitted", "client_draft.approved") == ["client_draft.approved", "client_draft.submitted"]


@pytest.mark.parametrize("how", ["suspended", "without the role"])
def test_what_somebody_sent_in_who_may_no_longer_is_not_connected(app: Flask, unit: uuid.UUID, how: str) -> None:
    one = add_official(Role.IT_ADMIN)
    first, second = sign_in(app, one), browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft, environment="production")
    decide(first, draft, "submit")
    if how == "suspended":
        in_transaction(lambda connection: access.withdraw(connection, one, reason="Thôi việc", actor="cli:test"))
    else:
        in_transaction(lambda connection: revoke(connection, one, Role.IT_ADMIN, actor="cli:test"))
    refused = decide(second, draft, "approve")
    assert refused.status_code == 409
    assert "không còn quyền" in words_of(refused)
    assert reader().execute(select(_c)).first() is None
    assert send_form(second, f"{draft}/send-back", {"reason": "Gửi lại"}, page=f"{draft}/check").status_code == 303


def test_a_draft_is_sent_back_with_a_reason_and_may_be_mended(app: Flask, unit: uuid.UUID) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft, environment="production")
    decide(first, draft, "submit")
    assert send_form(second, f"{draft}/send-back", {"reason": "Thiếu số văn bản"}, page=f"{draft}/check").status_code == 303
    assert "Thiếu số văn bản" in words_of(first.get(f"{draft}/about"))
    assert send_form(first, f"{draft}/about", {**ABOUT, "client_name": "Một cửa 2"}).status_code == 303


def test_what_was_changed_meanwhile_is_not_approved_unseen(app: Flask, unit: uuid.UUID) -> None:
    first, second = browser_of(app, Role.IT_ADMIN), browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft, environment="production")
    decide(first, draft, "submit")
    seen = re.search(r'name="shown" value="([^"]+)"', words_of(second.get(f"{draft}/check")))
    assert seen
    token = csrf_token(second, f"{draft}/check")
    send_form(first, f"{draft}/send-back", {"reason": "Đổi địa chỉ"}, page=f"{draft}/check")
    send_form(first, f"{draft}/addresses", {"redirect_uris": "https://khac.test/cb"})
    decide(first, draft, "submit")
    refused = second.post(f"{draft}/approve", data={"csrf_token": token, "shown": seen.group(1)})
    assert refused.status_code == 409
    assert reader().execute(select(_c)).first() is None


def test_a_page_is_kept_right_or_wrong_and_what_is_wrong_is_said(app: Flask, unit: uuid.UUID) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    draft = begin(browser)
    refused = send_form(browser, f"{draft}/about", {**ABOUT, "client_name": BAD, "owner": "khong-co", "contact_2": ABOUT["contact_1"]})
    assert refused.status_code == 400
    page = words_of(browser.get(f"{draft}/about"))
    assert BAD not in page
    assert "&lt;script&gt;" in page
    send_form(browser, f"{draft}/kind", {"kind": "server"})
    for uri in ("http://mot-cua.test/cb", "https://*.test/cb", "javascript:alert(1)", ""):
        assert send_form(browser, f"{draft}/addresses", {"redirect_uris": uri}).status_code == 400, uri
    assert decide(browser, draft, "submit").status_code == 400
    assert reader().execute(select(_c)).first() is None


@pytest.mark.parametrize(
    ("kind", "addresses", "wanted"),
    [
        ("browser", ADDRESSES, {"token_endpoint_auth_method": "none"}),
        ("machine", {}, {"redirect_uris": []}),
        ("legacy", {"origins": "https://kho.test"}, {"redirect_uris": ["https://kho.test/.hopnhat/callback"]}),
    ],
)
def test_every_kind_is_registered_as_it_must_be(
    app: Flask, unit: uuid.UUID, kind: str, addresses: dict[str, str], wanted: dict[str, Any]
) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    draft = begin(browser)
    data = {**DATA, "scope": ["profile"]} if kind != "machine" else {**DATA, "scope": []}
    for page, form in (("about", ABOUT), ("kind", {"kind": kind}), ("addresses", addresses), ("data", data)):
        assert send_form(browser, f"{draft}/{page}", form).status_code == 303, page
    connected = decide(browser, draft, "submit")
    assert connected.status_code == 303, words_of(connected)
    row = reader().execute(select(_c)).one()
    for name, value in wanted.items():
        if name == "redirect_uris" and kind == "legacy":
            assert row.redirect_uris[0].startswith("https://kho.test/")
        else:
            assert getattr(row, name) == value
    assert browser.get(f"{draft}/done").status_code == 200


def test_an_auditor_makes_no_drafts(app: Flask) -> None:
    assert browser_of(app, Role.AUDITOR).get("/console/drafts").status_code == 403


def test_of_twenty_who_approve_at_once_one_connects(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        unit = add_unit("Sở Y tế", code="H27.5")
        answers = {**ABOUT, "kind": "server", **ADDRESSES, "environment": "production"}
        draft_id = in_transaction(lambda c: drafts.begin(c, actor="person:a"))
        in_transaction(lambda c: drafts.keep(c, draft_id, answers))
        in_transaction(lambda c: drafts.submit(c, draft_id, actor="person:a", entry=[], owner=unit))
    won: list[str] = []

    def approve() -> None:
        with app.app_context():
            try:
                won.append(in_transaction(lambda c: drafts.approve(c, draft_id, actor="person:b", entry=[], owner=unit)))
            except Refusal:
                return

    threads = [threading.Thread(target=approve) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert len(won) == 1
        rows = reader().execute(select(_c)).all()
        assert len(rows) == 1
        found = find_by_key(rows[0].id)
        assert found is not None
        assert found.entry == ()
    close(app)
