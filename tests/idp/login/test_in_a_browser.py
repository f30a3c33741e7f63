"""Rules of how sign-in and account pages stand in a real browser: one light request, readable for everybody, by keyboard alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from idp.database import in_transaction
from idp.roles import grants
from idp.roles.models import Role
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.installation import Databases, close, settings_for
from tests.support.served import served
from tests.support.services import free_port
from tests.support.sign_in import official
from wsgi import build

LARGEST_PAGE = 8 * 1024  # bytes compressed
PICTURES = os.environ.get("HOPNHAT_TEST_PICTURES")


@pytest.fixture(scope="module")
def url(sqlite_databases: Databases, directory: BindDirectory) -> Iterator[str]:
    """The whole application, served; two newcomers in its directory, one of them with a role."""
    port = free_port()
    app = build(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}", **directory.settings()))
    with app.app_context():
        official(directory, "vmsinh", newcomer=True)
        administrator = official(directory, "lvan", newcomer=True, name="Lục Thị Vân")
        in_transaction(lambda c: grants.grant(c, administrator, Role.IT_ADMIN, actor="test"))
    with served(app, port) as url:
        yield url
    close(app)


def look_at(page: Page, name: str, *, narrow: bool) -> None:
    """Hold a page against what every page must be."""
    assert accessibility_faults(page) == []
    assert overflow_pixels(page) == 0, page.url
    assert page.locator("[style]").count() == 0, page.url
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}{'-narrow' if narrow else ''}.png", full_page=True)


def press(page: Page, selector: str) -> None:
    with page.expect_navigation():
        page.click(selector)


def gives_password(page: Page, username: str, password: str) -> None:
    page.fill("#username", username)
    page.fill("#password", password)
    press(page, "#continue")


def enrolls_phone(page: Page, *, narrow: bool) -> str:
    """A wrong and a right code of the phone; return a code of the sheet that follows."""
    look_at(page, "enroll" if "sign-in" in page.url else "add-phone", narrow=narrow)
    box = page.locator(".qr").bounding_box()
    assert box
    assert 200 <= box["width"] == box["height"]
    secret = page.inner_text(".key code").replace(" ", "")
    for code in ("000000", pyotp.TOTP(secret).now()):
        page.fill("#code", code)
        press(page, "#continue")
    look_at(page, "codes", narrow=narrow)
    code = page.locator("#codes code").first.inner_text()
    press(page, "#continue")
    return code


def reads_notice(page: Page, *, narrow: bool) -> None:
    look_at(page, "notice", narrow=narrow)
    press(page, "#continue")


@pytest.mark.parametrize(("username", "language", "narrow"), [("vmsinh", "vi", True), ("lvan", "en", False)])
def test_a_newcomers_whole_way_is_accessible_in_both_languages(
    url: str, chrome: Browser, username: str, language: str, narrow: bool
) -> None:
    with person_at(chrome, language=language, narrow=narrow) as page:
        if narrow:
            page.set_viewport_size({"width": 320, "height": 640})
        page.goto(f"{url}/account/factors")
        look_at(page, "sign-in", narrow=narrow)
        gives_password(page, username, "sai")
        look_at(page, "sign-in-wrong", narrow=narrow)
        gives_password(page, username, PASSWORD)
        if "enroll" not in page.url:
            reads_notice(page, narrow=narrow)
            press(page, "#add")
        code = enrolls_phone(page, narrow=narrow)
        if "notice" in page.url:
            reads_notice(page, narrow=narrow)
        for path in ("", "/factors", "/sessions", "/history"):
            page.goto(f"{url}/account{path}")
            look_at(page, f"account{path.replace('/', '-')}", narrow=narrow)
        page.goto(f"{url}/end_session")
        press(page, "#continue")
        comes_in_by_recovery_code(page, url, username, code, narrow=narrow)


def comes_in_by_recovery_code(page: Page, url: str, username: str, code: str, *, narrow: bool) -> None:
    page.goto(f"{url}/account")
    gives_password(page, username, PASSWORD)
    look_at(page, "factor", narrow=narrow)
    page.fill("#code", "123456")
    press(page, "#continue")
    look_at(page, "factor-wrong", narrow=narrow)
    press(page, "#use-recovery-code")
    look_at(page, "recovery", narrow=narrow)
    page.fill("#code", code)
    press(page, "#continue")
    look_at(page, "recovery-used", narrow=narrow)


def test_every_step_is_one_light_request_also_without_javascript(url: str, chrome: Browser) -> None:
    with person_at(chrome, javascript=False) as page:
        page.goto(f"{url}/account")
        with watched_requests(page) as answers:
            page.fill("#username", "vmsinh")
            page.fill("#password", "sai")
            press(page, "#continue")
        assert len(answers) == 1
        assert compressed_bytes(answers[0]) <= LARGEST_PAGE


def test_a_sign_in_needs_no_mouse(url: str, chrome: Browser) -> None:
    with person_at(chrome, javascript=False) as page:
        page.goto(f"{url}/account")
        page.keyboard.type("nobody")
        page.keyboard.press("Tab")
        page.keyboard.type("secret")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.locator(".summary").is_visible()
        assert page.input_value("#username") == "nobody"
        assert page.input_value("#password") == ""
