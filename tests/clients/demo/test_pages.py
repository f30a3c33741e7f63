"""A sample application lets in whom the provider vouches for, strongly enough, and nobody else; and lets go when it is told."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clients.demo.application import create_application
from clients.demo.relying_party import DOCUMENTS, ONE_DOOR, Look, RelyingParty, is_strong_enough
from tests.support.other_provider import OtherProvider, other_provider
from tests.support.services import free_port


@pytest.fixture
def provider() -> Iterator[OtherProvider]:
    with other_provider() as served:
        yield served


def at(look: Look, issuer: str) -> FlaskClient:
    party = RelyingParty(look, "http://localhost", issuer, look.key, "secret")
    return create_application(party).test_client()


def come_back(browser: FlaskClient, provider: OtherProvider, **other: Any) -> TestResponse:
    """Press the button, and come back from the provider with a code."""
    asked = provider.asked(browser.get("/sign-in").location)
    answer = {"code": "c", "state": asked["state"], "iss": provider.issuer, **other}
    return browser.get("/callback", query_string={name: value for name, value in answer.items() if value is not None})


def form_token(browser: FlaskClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', browser.get("/").text)
    assert found
    return found[1]


def is_in(browser: FlaskClient) -> bool:
    return 'id="person-name"' in browser.get("/").text


def test_the_request_asks_for_what_the_application_needs(provider: OtherProvider) -> None:
    documents, one_door = (provider.asked(at(look, provider.issuer).get("/sign-in").location) for look in (DOCUMENTS, ONE_DOOR))
    for asked in (documents, one_door):
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["code_challenge"]
        assert asked["nonce"]
    assert "offline_access" in documents["scope"].split()
    assert "acr_values" not in documents
    assert one_door["acr_values"] == "urn:hopnhat:aal2"


def test_the_desk_shows_who_is_signed_in_and_how_strongly(provider: OtherProvider) -> None:
    browser = at(ONE_DOOR, provider.issuer)
    assert come_back(browser, provider).status_code == 303
    shown = browser.get("/").text
    for words in ("Giàng A Páo", "UBND xã Lũng Cú", "Công chức", "Hai lớp", "urn:hopnhat:aal2"):
        assert words in shown


@pytest.mark.parametrize("acr", ["urn:hopnhat:aal1", "urn:other:aal9", "", None])
def test_who_proved_too_little_is_refused_whatever_the_provider_thinks(provider: OtherProvider, acr: str | None) -> None:
    provider.claims = {"acr": acr}
    browser = at(ONE_DOOR, provider.issuer)
    assert come_back(browser, provider).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize(
    "wrong",
    [{"iss": "http://127.0.0.1:1"}, {"aud": "mot-cua"}, {"aud": ["mot-cua"], "azp": "van-ban"}, {"nonce": "old"}, {"exp": 1_700_000_000}, {"sub": "s2"}],
)  # fmt: skip
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(provider: OtherProvider, wrong: dict[str, Any]) -> None:
    provider.claims = wrong
    browser = at(DOCUMENTS, provider.issuer)
    assert come_back(browser, provider).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize("wrong", [{"iss": None}, {"iss": "http://127.0.0.1:1"}, {"state": "made-up"}, {"state": None}])
def test_an_answer_that_nobody_here_asked_for_is_refused(provider: OtherProvider, wrong: dict[str, Any]) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    assert come_back(browser, provider, **wrong).status_code == 403
    assert not is_in(browser)


def test_an_answer_is_taken_once(provider: OtherProvider) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    answer = come_back(browser, provider).request
    again = browser.get(answer.path, query_string=answer.args)
    assert again.location == "/", "who is in already finds their desk by the back button"
    assert not again.headers.getlist("Set-Cookie")
    browser.post("/backchannel-logout", data={"logout_token": provider.logout_token()})
    assert browser.get(answer.path, query_string=answer.args).status_code == 403


def test_abandoned_sign_ins_do_not_fill_the_cookie(provider: OtherProvider) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    for _ in range(30):
        browser.get("/sign-in")
    assert come_back(browser, provider).status_code == 303


@pytest.mark.parametrize("named", [{"sub": None}, {"sid": None}])
def test_a_logout_token_ends_the_session_at_once(provider: OtherProvider, named: dict[str, Any]) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    come_back(browser, provider)
    assert is_in(browser)
    answer = browser.post("/backchannel-logout", data={"logout_token": provider.logout_token(**named)})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not is_in(browser)


def test_a_logout_token_for_another_application_ends_nothing(provider: OtherProvider) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    come_back(browser, provider)
    for token in (provider.logout_token(aud="mot-cua"), provider.id_token(), "x", ""):
        assert browser.post("/backchannel-logout", data={"logout_token": token}).status_code == 400
    assert is_in(browser)


def test_signing_out_needs_the_persons_own_page_and_leads_to_the_provider(provider: OtherProvider) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    come_back(browser, provider)
    assert browser.post("/sign-out", data={"form_token": "forged"}).status_code == 400
    assert is_in(browser)
    leaving = browser.post("/sign-out", data={"form_token": form_token(browser)})
    assert leaving.location.startswith(f"{provider.issuer}/end_session_endpoint?")
    assert {"id_token_hint", "post_logout_redirect_uri", "state"} <= set(re.findall(r"[?&](\w+)=", leaving.location))
    assert not is_in(browser)
    state = re.search(r"[?&]state=([^&]+)", leaving.location)
    assert state
    assert "Đã đăng xuất" in browser.get(f"/signed-out?state={state[1]}").text
    assert "Đã đăng xuất" not in browser.get("/signed-out?state=made-up").text


def test_a_refused_refresh_ends_the_session(provider: OtherProvider) -> None:
    browser = at(DOCUMENTS, provider.issuer)
    come_back(browser, provider)
    provider.told = {"title": "Phó Chủ tịch"}
    browser.post("/refresh", data={"form_token": form_token(browser)})
    assert "Phó Chủ tịch" in browser.get("/").text
    provider.token_error = "invalid_grant"
    assert browser.post("/refresh", data={"form_token": form_token(browser)}).status_code == 403
    assert not is_in(browser)


def test_a_provider_that_does_not_answer_is_said_so() -> None:
    browser = at(DOCUMENTS, f"http://127.0.0.1:{free_port()}")
    assert browser.get("/").status_code == 200
    assert browser.get("/sign-in").status_code == 503
    assert browser.post("/backchannel-logout", data={"logout_token": "x"}).status_code == 503


def test_assurance_is_compared_in_the_order_of_strength() -> None:
    assert is_strong_enough("urn:hopnhat:aal3", "urn:hopnhat:aal2")
    assert is_strong_enough("urn:hopnhat:aal2", "urn:hopnhat:aal2")
    assert is_strong_enough(None, None)
    assert not is_strong_enough("urn:hopnhat:aal1", "urn:hopnhat:aal2")
    assert not is_strong_enough("urn:hopnhat:aal20", "urn:hopnhat:aal2")
