"""Somebody signs in once, steps up for the second application, and is out of both when they leave one."""

from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.official import ask_to_sign_in, at_step, give_code, give_password, is_signed_in, is_still_in, press
from tests.support.services import wait_until

OUT_SECONDS = 5


def test_the_second_application_asks_for_the_second_factor_only(demo: Demo, page: Page) -> None:
    account = demo.account("staff")
    ask_to_sign_in(page, demo.documents_url)
    assert at_step(page) == "/sign-in"
    give_password(page, account)
    assert is_signed_in(page), page.url
    assert page.inner_text("#person-name") == "Vàng Thị Mai"
    assert page.inner_text("#person-title") == "Chuyên viên"
    assert page.inner_text("#person-unit")
    assert page.inner_text("#acr") == "urn:hopnhat:aal1"

    ask_to_sign_in(page, demo.one_door_url)
    assert at_step(page) == "/sign-in/factor"
    assert page.locator("[name=password]").count() == 0
    give_code(page, demo.phone("staff"))
    assert is_signed_in(page), page.url
    assert page.inner_text("#acr") == "urn:hopnhat:aal2"

    press(page, "#sign-out")
    assert page.url.startswith(demo.one_door_url), page.url
    assert not is_still_in(page, demo.one_door_url)
    wait_until(lambda: not is_still_in(page, demo.documents_url), OUT_SECONDS)
    ask_to_sign_in(page, demo.documents_url)
    assert at_step(page) == "/sign-in", "the provider has forgotten them as well"


def test_the_refresh_token_brings_new_facts(demo: Demo, page: Page) -> None:
    ask_to_sign_in(page, demo.documents_url)
    give_password(page, demo.account("staff"))
    for _ in range(2):
        press(page, "#refresh")
        assert page.locator("#refreshed").count() == 1
    assert page.inner_text("#person-name") == "Vàng Thị Mai"


def test_whoever_cancels_is_told_so_by_the_application(demo: Demo, page: Page) -> None:
    ask_to_sign_in(page, demo.documents_url)
    press(page, "#cancel")
    assert page.url.startswith(demo.documents_url)
    assert page.inner_text(".message") == "Lượt đăng nhập đã được hủy."
