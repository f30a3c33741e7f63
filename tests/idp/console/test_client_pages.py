"""Rules of the pages of clients."""

import json
import re
from typing import Any

import pytest
from flask import Flask

from clients import registry
from clients.drafts import card_of
from clients.registration import change as change_client
from idp.database import in_transaction, reader
from idp.opaque_tokens import digest
from idp.roles.models import Role
from tests.support.assertions import JWKS
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of

REGISTER = "/console/register-client"
FORM = {
    "client_id": "hop-khong-giay",
    "client_name": "Họp không giấy",
    "redirect_uris": "https://hop.example.gov.vn/callback\r\nhttps://hop.example.gov.vn/cb2",
    "backchannel_logout_uri": "https://hop.example.gov.vn/logout",
    "scope": ["profile", "staff"],
    "minimum_acr": "urn:hopnhat:aal2",
    "token_endpoint_auth_method": "client_secret_basic",
    "id_token_signed_response_alg": "RS256",
    "require_pkce": "1",
}


def _register(browser: Any, **given: Any) -> Any:
    return send_form(browser, REGISTER, {**FORM, **given})


def _secret(page: str) -> str:
    found = re.search(r'id="client-secret">([^<]+)<', page)
    assert found
    return found.group(1)


def _known(client_id: str = "hop-khong-giay") -> registry.RegisteredClient:
    registry.forget(client_id)
    found = registry.find_even_disabled(client_id)
    assert found
    return found


def test_nobody_enters_what_is_registered_here_until_rules_say_who(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    assert _known().entry == ()
    assert "Chưa ai được vào ứng dụng này" in words_of(browser.get("/console/clients/hop-khong-giay"))


def test_a_client_is_registered_and_its_secret_is_shown_this_once(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    shown = words_of(_register(browser))
    known = _known()
    assert known.redirect_uris == {"https://hop.example.gov.vn/callback", "https://hop.example.gov.vn/cb2"}
    assert known.scopes == {"openid", "profile", "staff"}
    assert known.minimum_acr == "urn:hopnhat:aal2"
    assert digest(_secret(shown)) == known.secrets[0].digest
    page = words_of(browser.get("/console/clients/hop-khong-giay"))
    assert _secret(shown) not in page
    assert "••••" + _secret(shown)[-4:] in page
    assert "Họp không giấy" in words_of(browser.get("/console/clients"))


def test_what_one_administrator_registers_alone_is_for_tests(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    card = card_of(reader(), _known().key)
    assert card is not None
    assert (card.environment, card.kind, card.approved_by) == ("test", "server", None)
    assert "nhờ một quản trị viên khác phê duyệt" in words_of(browser.get(REGISTER))


def test_a_form_sent_twice_registers_once(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    form = {**FORM, "csrf_token": csrf_token(browser, REGISTER)}
    assert [browser.post(REGISTER, data=form).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(
    "given",
    [
        {"redirect_uris": "http://evil.example/cb"},
        {"redirect_uris": "https://*.example.gov.vn/cb"},
        {"redirect_uris": ""},
        {"client_name": " \u202e "},
        {"scope": "everything"},
        {"minimum_acr": "urn:hopnhat:aal9"},
        {"backchannel_logout_uri": "javascript:alert(1)"},
    ],
)
def test_what_is_not_accepted_comes_back_with_the_form_as_it_was_filled_in(app: Flask, given: dict[str, str]) -> None:
    answer = _register(browser_of(app, Role.IT_ADMIN), **given)
    page = words_of(answer)
    assert answer.status_code == 400
    assert "<title>Lỗi:" in page
    assert "https://hop.example.gov.vn/logout" in page or "backchannel_logout_uri" in given
    assert registry.find_even_disabled("hop-khong-giay") is None


def test_a_change_is_made_and_told_on_the_page(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    changed = {**FORM, "client_name": "Phòng họp số", "minimum_acr": "urn:hopnhat:aal1"}
    assert send_form(browser, "/console/clients/hop-khong-giay/change", changed).status_code == 303
    assert _known().client_name == "Phòng họp số"
    assert _known().minimum_acr == "urn:hopnhat:aal1"
    assert "Phòng họp số" in words_of(browser.get("/console/clients/hop-khong-giay"))


def test_a_client_is_disabled_and_enabled_with_a_reason(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    for deed, enabled in (("disable", False), ("enable", True)):
        assert send_form(browser, f"/console/clients/hop-khong-giay/{deed}", {"reason": ""}).status_code == 400
        assert send_form(browser, f"/console/clients/hop-khong-giay/{deed}", {"reason": "Bảo trì đột xuất"}).status_code == 303
        assert _known().is_enabled is enabled
    assert "Bảo trì đột xuất" in words_of(browser.get("/console/audit"))


def test_a_new_secret_is_shown_once_and_a_form_sent_twice_changes_it_once(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    old = _secret(words_of(_register(browser)))
    path = "/console/clients/hop-khong-giay/secret"
    page = words_of(browser.get(path))
    newest = re.search(r'name="newest" value="([^"]+)"', page)
    assert newest
    form = {"reason": "Đổi định kỳ", "newest": newest.group(1), "csrf_token": csrf_token(browser, path)}
    first, second = browser.post(path, data=form), browser.post(path, data=form)
    assert (first.status_code, second.status_code) == (200, 409)
    assert {one.digest for one in _known().secrets} == {digest(old), digest(_secret(words_of(first)))}


def test_a_public_client_has_no_secret_and_is_not_offered_one(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert "client-secret" not in words_of(_register(browser, token_endpoint_auth_method="none", require_pkce=""))
    assert "Đổi khóa bí mật" not in words_of(browser.get("/console/clients/hop-khong-giay"))


@pytest.mark.parametrize("path", ["", "/change", "/disable", "/secret"])
def test_an_application_that_is_not_there_is_not_found(app: Flask, path: str) -> None:
    assert browser_of(app, Role.IT_ADMIN).get(f"/console/clients/none{path}").status_code == 404


def test_who_may_look_at_clients_does_not_change_them(app: Flask) -> None:
    _register(browser_of(app, Role.IT_ADMIN))
    browser = browser_of(app, Role.AUDITOR)
    assert browser.get("/console/clients/hop-khong-giay").status_code == 200
    for deed in ("change", "disable", "secret"):
        assert browser.get(f"/console/clients/hop-khong-giay/{deed}").status_code == 403


def _change(browser: Any, **given: Any) -> Any:
    return send_form(browser, "/console/clients/hop-khong-giay/change", {**FORM, **given})


def test_a_client_named_like_a_page_has_its_page(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser, client_id="register", client_name="Tên trùng")
    assert "Tên trùng" in words_of(browser.get("/console/clients/register"))
    assert send_form(browser, "/console/clients/register/disable", {"reason": "Bảo trì đột xuất"}).status_code == 303


def test_a_client_changes_over_to_keys_that_are_pasted(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    keyed = {"token_endpoint_auth_method": "private_key_jwt"}
    assert _change(browser, **keyed).status_code == 400  # without a key
    assert _change(browser, **keyed, jwks=json.dumps(JWKS)).status_code == 303
    page = words_of(browser.get("/console/clients/hop-khong-giay"))
    assert "EC P-256" in page
    assert "Đổi khóa bí mật" not in page
    assert "••••" not in page
    form = words_of(browser.get("/console/clients/hop-khong-giay/change"))
    assert '"P-256"' in form
    single = json.dumps(JWKS["keys"][0])
    assert _change(browser, **keyed, jwks=single).status_code == 303
    assert len((_known().metadata.jwks or {})["keys"]) == 1
    back = _change(browser)
    assert back.status_code == 200
    assert digest(_secret(words_of(back))) in [one.digest for one in _known().secrets]


@pytest.mark.parametrize(
    "jwks", ["x", "[]", "null", '{"keys":1}', '{"keys":[{"kty":"oct","k":"x"}]}', '{"a":1,"a":2}', "</textarea><script>"]
)
def test_keys_that_are_none_are_refused_and_shown_again(app: Flask, jwks: str) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    answer = _register(browser, token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    assert answer.status_code == 400
    assert "<script>" not in words_of(answer)
    assert registry.find_even_disabled("hop-khong-giay") is None


def test_a_profile_puts_its_settings_in(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    assert _register(browser, profile="fapi2").status_code == 400  # a secret is not enough
    given = {"token_endpoint_auth_method": "private_key_jwt", "jwks": json.dumps(JWKS), "profile": "fapi2", "require_pkce": ""}
    assert _register(browser, **given).status_code == 200
    kept = _known().metadata
    assert (kept.dpop_bound_access_tokens, kept.require_pushed_authorization_requests, kept.require_pkce) == (True, True, True)
    assert "FAPI 2.0" in words_of(browser.get("/console/clients/hop-khong-giay"))


def test_what_the_form_does_not_show_stays(app: Flask) -> None:
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser)
    changes: dict[str, Any] = {"default_max_age": 600, "software_id": "sw", "request_uris": ("https://hop.example.gov.vn/ro",)}
    in_transaction(lambda c: change_client(c, "hop-khong-giay", actor="cli:test", **changes))
    assert (
        _change(browser, client_name="Tên mới", subject_type="pairwise", require_consent="1", contacts="a@b.test\nc@d.test").status_code
        == 303
    )
    kept = _known().metadata
    assert {name: getattr(kept, name) for name in changes} == changes
    assert (kept.subject_type, kept.require_consent, kept.contacts) == ("pairwise", True, ("a@b.test", "c@d.test"))
    page = words_of(browser.get("/console/clients/hop-khong-giay"))
    assert "default_max_age" in page
    assert "https://hop.example.gov.vn/ro" in page


def test_a_name_or_address_with_markup_in_it_is_shown_as_it_is(app: Flask) -> None:
    """REG-005, REG-003: the console's form is as strict as registration, and pages show names as text."""
    browser = browser_of(app, Role.IT_ADMIN)
    _register(browser, client_name='"><script>alert(1)</script>\u202e')
    for path in ("/console/clients", "/console/clients/hop-khong-giay", "/console/clients/hop-khong-giay/change", "/console/audit"):
        assert "<script>alert" not in words_of(browser.get(path))
    for name in ("logo_uri", "policy_uri", "tos_uri", "jwks_uri", "initiate_login_uri", "sector_identifier_uri"):
        for uri in ("javascript:alert(1)", "https://169.254.169.254/", "http://hop.example.gov.vn/", "https://127.0.0.1/"):
            assert _change(browser, **{name: uri}).status_code == 400, (name, uri)
