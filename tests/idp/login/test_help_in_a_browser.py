"""Rules of how the pages of help stand in a real browser: an officer's, and those of whoever was helped."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from idp.credentials import hardware_tokens
from idp.credentials.seed_files import Seed
from idp.database import in_transaction
from idp.roles import grants
from idp.roles.models import Role
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.installation import Databases, close, settings_for
from tests.support.phone import Phone
from tests.support.served import served
from tests.support.services import free_port
from tests.support.sign_in import enrolled_phone, official
from wsgi import build

LARGEST_PAGE = 8 * 1024  # bytes compressed
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of RFC 6238, in base32
PICTURES = os.environ.get("HOPNHAT_TEST_PICTURES")


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """What is in the officers' phones."""
    return {}


@pytest.fixture(scope="module")
def url(sqlite_databases: Databases, directory: BindDirectory, secrets: dict[str, str]) -> Iterator[str]:
    """An installation with slips whose day has come; two officers, two newcomers, tokens in stock."""
    port = free_port()
    given = {"activation_slips": True, "second_factor_from": date(2020, 1, 1), **directory.settings()}
    app = build(settings_for(sqlite_databases.fresh(), issuer=f"http://localhost:{port}", **given))
    with app.app_context():
        for officer in ("vmsinh", "lvan"):
            person_id = official(directory, officer, name=f"Officer {officer}")
            secrets[officer] = enrolled_phone(person_id)
            in_transaction(lambda c: grants.grant(c, person_id, Role.HELP_DESK, actor="test"))  # noqa: B023
        for newcomer in ("quiet", "calm"):
            official(directory, newcomer, name=f"Sùng Thị {newcomer}")
        in_transaction(lambda c: hardware_tokens.import_seeds(c, [Seed(f"260012345{n}", b"12345678901234567890") for n in (1, 2)]))
    with served(app, port):
        yield f"http://localhost:{port}"
    close(app)


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


def signs_in(page: Page, url: str, username: str) -> None:
    page.goto(url)
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    press(page, "#continue")


def helps(page: Page, deed: str) -> str:
    """Fill in the officer's form on the person's page that is open; return the code."""
    press(page, f"a[href$='/help/{deed}']")
    look_at(page, f"help-{deed}")
    page.fill("#reason", "Đã xem thẻ căn cước")
    press(page, "#continue")
    look_at(page, f"help-{deed}-wrong")
    page.check("#checked")
    press(page, "#continue")
    look_at(page, f"help-{deed}-done")
    return page.inner_text("#code") if page.locator("#code").count() else ""


def shows_slip(page: Page, url: str, username: str, slip: str, language: str) -> None:
    """A newcomer signs in and enters a wrong code and the slip's."""
    with watched_requests(page) as answers:
        signs_in(page, f"{url}/account", username)
    assert compressed_bytes(answers[-1]) <= LARGEST_PAGE
    look_at(page, f"activate-{language}")
    page.fill("#code", "AAAA-AAAA")
    press(page, "#continue")
    page.fill("#code", slip)
    press(page, "#continue")
    look_at(page, f"enroll-later-{language}")


def enrolls_token(page: Page, url: str, serial: str, language: str) -> None:
    """They enter a wrong and a right code of a device from stock."""
    press(page, "#enroll-token")
    look_at(page, f"enroll-token-{language}")
    page.fill("#serial", serial)
    page.fill("#code", pyotp.HOTP(SEED).at(0))
    press(page, "#continue")
    look_at(page, f"enroll-token-wrong-{language}")
    page.fill("#code", pyotp.TOTP(SEED).now())
    press(page, "#continue")
    press(page, "#continue")
    page.goto(f"{url}/account/factors")
    look_at(page, f"factors-token-{language}")


def comes_in_by_temporary_code(page: Page, url: str, username: str, code: str, language: str) -> None:
    """They forgot the device one day."""
    page.goto(f"{url}/end_session")
    press(page, "#continue")
    signs_in(page, f"{url}/account/sessions", username)
    look_at(page, f"factor-token-{language}")
    press(page, "#use-temporary-code")
    look_at(page, f"temporary-{language}")
    page.fill("#code", code)
    press(page, "#continue")
    assert page.url == f"{url}/account/sessions"


def finds(desk: Page, url: str, username: str) -> None:
    """The officer opens somebody's page."""
    desk.goto(f"{url}/console/people?q={username}")
    press(desk, f"a:text('Sùng Thị {username}')")


@pytest.mark.parametrize(("officer", "username", "language", "narrow"), [("vmsinh", "quiet", "vi", True), ("lvan", "calm", "en", False)])
def test_help_is_for_everybody_in_both_languages_and_on_phones(
    url: str, chrome: Browser, secrets: dict[str, str], officer: str, username: str, language: str, narrow: bool
) -> None:
    with (
        person_at(chrome, language=language, narrow=narrow) as desk,
        person_at(chrome, language=language, narrow=narrow) as page,
    ):
        signs_in(desk, f"{url}/console/people?q={username}", officer)
        desk.fill("#code", Phone(secrets[officer]).code())
        press(desk, "#continue")
        finds(desk, url, username)
        look_at(desk, f"person-{language}")
        shows_slip(page, url, username, helps(desk, "activation"), language)
        enrolls_token(page, url, "2600123451" if narrow else "2600123452", language)
        finds(desk, url, username)
        comes_in_by_temporary_code(page, url, username, helps(desk, "temporary"), language)
        finds(desk, url, username)
        helps(desk, "reset_factors")
        signs_in(page, f"{url}/account/factors", username)
        press(page, "#later")
        assert page.url == f"{url}/account/factors"
        look_at(page, f"factors-none-{language}")
