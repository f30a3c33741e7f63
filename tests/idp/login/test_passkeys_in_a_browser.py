"""Rules of passkeys in Chromium, with a virtual authenticator of its own (WebDriver's, over CDP)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.installation import Databases, close, settings_for
from tests.support.served import served
from tests.support.services import free_port
from tests.support.sign_in import official
from wsgi import build

LARGEST_PAGE = 8 * 1024  # bytes compressed
PICTURES = os.environ.get("HOPNHAT_TEST_PICTURES")
PASSKEY = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
SECURITY_KEY = {"protocol": "u2f", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False}


@pytest.fixture(scope="module")
def url(sqlite_databases: Databases, directory: BindDirectory) -> Iterator[str]:
    """The whole application under a name, which keys need."""
    port = free_port()
    app = build(settings_for(sqlite_databases.fresh(), issuer=f"http://localhost:{port}", **directory.settings()))
    with app.app_context():
        for username in ("vmsinh", "lvan", "quiet", "calm"):
            official(directory, username, newcomer=True)
    with served(app, port):
        yield f"http://localhost:{port}"
    close(app)


def plugged_in(page: Page, kind: dict[str, Any]) -> tuple[CDPSession, str]:
    """Give the browser an authenticator whose person touches it at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {**kind, "automaticPresenceSimulation": True}
    return devtools, str(devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


def press(page: Page, selector: str) -> None:
    with page.expect_navigation():
        page.click(selector)


def look_at(page: Page, name: str) -> None:
    """Hold a page against what every page must be."""
    assert accessibility_faults(page) == []
    assert overflow_pixels(page) == 0, page.url
    assert page.locator("[style]").count() == 0, page.url
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{page.viewport_size['width'] if page.viewport_size else 0}.png", full_page=True)


def signs_in_with_password(page: Page, url: str, username: str, path: str = "/account/factors/add") -> None:
    page.goto(f"{url}{path}")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    press(page, "#continue")
    if "/sign-in/notice" in page.url:
        press(page, "#continue")
        page.goto(f"{url}{path}")


@pytest.mark.parametrize(("username", "language", "narrow"), [("vmsinh", "vi", True), ("lvan", "en", False)])
def test_a_newcomer_without_a_phone_makes_a_passkey_and_needs_no_password_any_more(
    url: str, chrome: Browser, username: str, language: str, narrow: bool
) -> None:
    with person_at(chrome, language=language, narrow=narrow) as page:
        devtools, authenticator = plugged_in(page, PASSKEY)
        signs_in_with_password(page, url, username)
        assert "/sign-in/enroll" in page.url
        press(page, "#enroll-passkey")
        look_at(page, f"enroll-passkey-{language}")
        press(page, "#use-key")
        assert "/sign-in/recovery-codes" in page.url
        press(page, "#continue")
        look_at(page, f"factors-{language}")
        devtools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": authenticator, "enabled": False})
        page.goto(f"{url}/end_session")
        press(page, "#continue")
        with watched_requests(page) as answers:
            page.goto(f"{url}/account/history")
        assert [answer.status for answer in answers] == [303, 200]
        assert compressed_bytes(answers[-1]) <= LARGEST_PAGE
        look_at(page, f"sign-in-{language}")
        devtools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": authenticator, "enabled": True})
        if "/account/history" not in page.url:
            press(page, "#use-key")
        assert page.url == f"{url}/account/history"


def test_the_browser_offers_the_passkey_where_it_offers_usernames(url: str, chrome: Browser) -> None:
    with person_at(chrome) as page:
        plugged_in(page, PASSKEY)
        signs_in_with_password(page, url, "quiet")
        press(page, "#enroll-passkey")
        page.fill("#name", "Máy phòng Văn thư")
        press(page, "#use-key")
        press(page, "#continue")
        assert page.get_by_role("rowheader", name="Máy phòng Văn thư").is_visible()
        press(page, "a[href$='/rename']")
        look_at(page, "rename")
        page.fill("#name", "Máy nhà")
        press(page, "#continue")
        assert page.get_by_role("rowheader", name="Máy nhà").is_visible()
        page.goto(f"{url}/end_session")
        press(page, "#continue")
        page.goto(f"{url}/account/sessions")  # the authenticator touches itself, as a person picks their name from the list
        page.wait_for_url(f"{url}/account/sessions")


def test_a_security_key_is_touched_after_the_password(url: str, chrome: Browser) -> None:
    with person_at(chrome) as page:
        plugged_in(page, SECURITY_KEY)
        signs_in_with_password(page, url, "calm")
        press(page, "#enroll-security-key")
        look_at(page, "enroll-security-key")
        press(page, "#use-key")
        press(page, "#continue")
        page.goto(f"{url}/end_session")
        press(page, "#continue")
        page.goto(f"{url}/account")
        page.fill("#username", "calm")
        page.fill("#password", PASSWORD)
        press(page, "#continue")
        assert "/sign-in/factor" in page.url
        look_at(page, "factor-key")
        press(page, "#use-key")
        assert page.url == f"{url}/account"
        for path in ("passkey", "security-key"):
            page.goto(f"{url}/account/factors/add/{path}")
            look_at(page, f"add-{path}")


def test_a_touch_that_does_not_come_is_said_and_everything_else_goes_on(url: str, chrome: Browser) -> None:
    with person_at(chrome) as page:
        plugged_in(page, {**PASSKEY, "isUserVerified": False})
        page.goto(f"{url}/account")
        page.click("#use-key")
        page.locator("#key-told").wait_for(state="visible")
        assert accessibility_faults(page) == []


def test_without_javascript_there_is_no_button_that_does_nothing(url: str, chrome: Browser) -> None:
    with person_at(chrome, javascript=False) as page:
        page.goto(f"{url}/account")
        assert not page.locator("#use-key").is_visible()
