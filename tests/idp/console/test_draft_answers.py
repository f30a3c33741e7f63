"""Rules of what the wizard's answers become: a short name, a profile, a site behind a proxy, and nobody let in by oversight."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registry import find_client
from idp.roles.models import Role
from tests.idp.console.test_draft_pages import ABOUT, ADDRESSES, DATA, begin, decide
from tests.support.people import add_unit
from tests.support.relying_party import register_party
from tests.support.signed_in import browser_of, send_form, words_of

BAD = '"><script>alert(1)</script>'
TEXTS = (
    "client_name", "client_id", "owner", "purpose", "contact_1", "contact_2", "jwks_uri", "redirect_uris", "post_logout_redirect_uris",
    "backchannel_logout_uri", "client_uri", "origins", "entry_units", "entry_people", "default_max_age", "profile", "method", "kind",
    "environment", "subject_type", "minimum_acr", "application_type",
)  # fmt: skip


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    add_unit("Sở Y tế", code="H27.5")
    return browser_of(app, Role.IT_ADMIN)


def connect(browser: FlaskClient, **pages: dict[str, Any]) -> tuple[str, Any]:
    """Fill in and send; the draft, and what sending it answered."""
    draft = begin(browser)
    forms: dict[str, dict[str, Any]] = {"about": ABOUT, "kind": {"kind": "server"}, "addresses": ADDRESSES, "data": DATA}
    for page, form in forms.items():
        send_form(browser, f"{draft}/{page}", {**form, **pages.get(page, {})})
    return draft, decide(browser, draft, "submit")


def test_the_short_name_is_the_client_id_and_one_that_is_taken_or_none_is_refused(browser: FlaskClient) -> None:
    register_party(client_id="da-co")
    connect(browser, about={"client_id": "mot-cua"})
    assert find_client("mot-cua") is not None
    for wrong, told in (("da-co", "đã có ứng dụng dùng"), ("một cửa", "chỉ gồm chữ không dấu"), ("-x", "chỉ gồm chữ không dấu")):
        refused = send_form(browser, f"{begin(browser)}/about", {**ABOUT, "client_id": wrong})
        assert (refused.status_code, told in words_of(refused)) == (400, True)


def test_nobody_is_let_in_by_oversight_only_on_purpose(browser: FlaskClient) -> None:
    nobody = {"entry_units": ""}
    draft, refused = connect(browser, about={"client_id": "mot-cua"}, data=nobody)
    assert refused.status_code == 400
    assert "Chưa chọn ai được vào" in words_of(browser.get(f"{draft}/check"))
    assert "chưa ai vào được ứng dụng này" in words_of(browser.get(f"{draft}/check"))
    assert send_form(browser, f"{draft}/data", {**DATA, **nobody, "entry_nobody": "1"}).status_code == 303
    assert decide(browser, draft, "submit").headers["Location"].endswith("/done")
    assert "Chưa ai được vào ứng dụng này" in words_of(browser.get(f"{draft}/done"))


def test_a_machine_needs_nobody(browser: FlaskClient) -> None:
    _draft, done = connect(browser, kind={"kind": "machine"}, data={"entry_units": "", "scope": []})
    assert done.headers["Location"].endswith("/done")


def test_a_site_behind_a_proxy_has_no_secret_and_its_files_are_shown(browser: FlaskClient) -> None:
    addresses = {"origins": "https://cu.test", "post_logout_redirect_uris": "https://cu.test/xong"}
    draft, _done = connect(browser, about={"client_id": "cu"}, kind={"kind": "legacy"}, addresses=addresses)
    client = find_client("cu")
    assert client is not None
    assert (client.is_public, set(client.redirect_uris), client.id_token_signed_response_alg) == (
        True,
        {"https://cu.test/hopnhat/callback"},
        "ES256",
    )
    page = words_of(browser.get(f"{draft}/done"))
    assert "Nhận khóa bí mật" not in page
    assert "/etc/nginx/conf.d/cu.conf" in page
    assert "location = /xong" in page


def test_the_stricter_profile_binds_tokens_and_wants_a_key(browser: FlaskClient) -> None:
    strict = {"kind": "server", "profile": "fapi2", "method": "private_key_jwt", "jwks_uri": "https://mot-cua.test/jwks"}
    _draft, done = connect(browser, about={"client_id": "mot-cua"}, kind=strict)
    assert done.headers["Location"].endswith("/done"), words_of(done)
    client = find_client("mot-cua")
    assert client is not None
    assert (client.metadata.profile, client.metadata.dpop_bound_access_tokens) == ("fapi2", True)
    _draft, refused = connect(browser, kind={"kind": "server", "profile": "fapi2"})
    assert refused.status_code == 400


def test_a_sign_in_may_be_asked_to_be_recent(browser: FlaskClient) -> None:
    connect(browser, about={"client_id": "mot-cua"}, data={"default_max_age": "3600"})
    client = find_client("mot-cua")
    assert client is not None
    assert client.metadata.default_max_age == 3600


def test_markup_in_any_field_is_shown_as_text_on_every_page(browser: FlaskClient, app: Flask) -> None:
    draft, fields = begin(browser), dict.fromkeys(TEXTS, BAD)
    for page in ("about", "kind", "addresses", "data"):
        send_form(browser, f"{draft}/{page}", {**fields, "scope": [BAD], "entry_roles": [BAD], "entry_categories": [BAD]})
    send_form(browser, f"{draft}/kind", {**fields, "kind": "server"})
    for kind in ("server", "legacy", "machine", "browser"):
        send_form(browser, f"{draft}/kind", {**fields, "kind": kind})
        for page in ("about", "kind", "addresses", "data", "check"):
            assert "<script>alert" not in words_of(browser.get(f"{draft}/{page}")), (kind, page)
    assert "<script>alert" not in words_of(browser.get("/console/drafts"))


def test_a_client_whose_every_text_is_markup_is_shown_as_text_by_every_page_about_it(browser: FlaskClient) -> None:
    addresses = {"redirect_uris": "https://mot-cua.test/'cb", "client_uri": "https://mot-cua.test/';alert(1)"}
    draft, done = connect(browser, about={"client_id": "mot-cua", "client_name": BAD, "purpose": BAD}, addresses=addresses)
    assert done.status_code == 303, re.findall(r"badge bad.*", words_of(browser.get(f"{draft}/check")))
    pages = ("", "/setup", "/entry", "/roles", "/history", "/change", "/logo", "/add-secret", "/secret", "/disable")
    for page in (
        *(f"/console/clients/mot-cua{one}" for one in pages),
        f"{draft}/done",
        "/console/clients",
        "/console/failures?client_id=mot-cua",
    ):
        answer = browser.get(page)
        assert answer.status_code == 200, page
        assert "<script>alert" not in words_of(answer), page
    assert uuid.UUID(draft.rsplit("/", 1)[-1])
