"""Rules of each page of sign-in and help in a real browser: readable for everybody, light, usable at 320 px and at 200 % zoom."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from idp import access
from idp.credentials import failures, officer_codes
from idp.credentials.printed_codes import new_code
from idp.database import in_transaction
from idp.roles import grants
from idp.roles.models import Role
from tests.idp.login.test_in_a_browser import PICTURES, press
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person
from tests.support.served import served
from tests.support.services import free_port
from tests.support.sign_in import enrolled_phone, official
from wsgi import build

SIGN_IN_PAGE = 8 * 1024  # bytes compressed
# 200 % of a window of 1280 px leaves 640 px of the page's own (WCAG 1.4.4, 1.4.10).
SIZES = [("vi", 320), ("en", 640), *([("vi", 360), ("vi", 1280)] if PICTURES else [])]


class Place:
    """Where it is served, and whom it knows."""

    url: str
    app: Flask
    secret: str
    slip: str
    rested: uuid.UUID


@pytest.fixture(scope="module")
def place(sqlite_databases: Databases, directory: BindDirectory) -> Iterator[Place]:
    """A provider with slips, a newcomer, an administrator with a phone, somebody whose sign-in rests, somebody who left."""
    place, port = Place(), free_port()
    given = {"activation_slips": True, "issuer": f"http://localhost:{port}", **directory.settings()}
    place.app = build(settings_for(sqlite_databases.fresh(), **given))
    with place.app.app_context():
        place.slip = slip_for(official(directory, "quiet", newcomer=True))
        official(directory, "expiring")
        administrator = official(directory, "lvan", name="Lục Thị Vân")
        in_transaction(lambda c: grants.grant(c, administrator, Role.IT_ADMIN, actor="test"))
        place.secret = enrolled_phone(administrator)
        place.rested = add_person("rested", "Giàng A Páo")
        for _ in range(5):
            in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, failures.account_of_person(place.rested)))
        gone = add_person("left", "Sùng Thị Máy")
        in_transaction(lambda c: access.withdraw(c, gone, reason="gone_from_directory", actor="system:sync"))
    with served(place.app, port):
        place.url = f"http://localhost:{port}"
        yield place
    close(place.app)


def slip_for(person_id: uuid.UUID) -> str:
    new = new_code()
    in_transaction(lambda c: officer_codes.issue(c, person_id, officer_codes.ACTIVATION, new, issued_by="cli:test"))
    return str(new.code)


def looks_well(page: Page, name: str) -> None:
    """Hold the page that is open against what every page must be, in both languages and each size."""
    here = page.url
    for language, width in SIZES:
        page.context.add_cookies([{"name": "hopnhat_language", "value": language, "url": here}])
        page.set_viewport_size({"width": width, "height": 720})
        page.goto(here)
        assert accessibility_faults(page) == [], (language, width)
        assert overflow_pixels(page) == 0, (here, width)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def gives_password(page: Page, username: str) -> None:
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    press(page, "#continue")


def test_pages_before_anybody_is_known_are_for_everybody(place: Place, chrome: Browser) -> None:
    with person_at(chrome) as page:
        page.goto(f"{place.url}/account")
        looks_well(page, "sign-in")
        page.goto(page.url.replace("/sign-in?", "/sign-in/password?"))
        looks_well(page, "change-password")


def test_pages_of_a_newcomer_with_a_slip_are_for_everybody(place: Place, chrome: Browser) -> None:
    with person_at(chrome) as page:
        page.goto(f"{place.url}/console")
        gives_password(page, "quiet")
        looks_well(page, "activate")
        page.fill("#code", place.slip)
        press(page, "#continue")
        looks_well(page, "enroll")
        page.fill("#code", pyotp.TOTP(page.inner_text(".key code").replace(" ", "")).now())
        press(page, "#continue")
        looks_well(page, "codes")
        press(page, "#continue")
        looks_well(page, "notice")


def test_the_page_of_a_password_that_ends_soon_is_for_everybody(place: Place, chrome: Browser) -> None:
    with person_at(chrome) as page:
        page.goto(f"{place.url}/account")
        gives_password(page, "expiring")
        assert "/sign-in/password-ends" in page.url
        looks_well(page, "password-ends")
        press(page, "#continue")
        looks_well(page, "account-password-ends")


def test_pages_of_factors_of_help_and_of_alarm_are_for_everybody(place: Place, chrome: Browser) -> None:
    person = f"/console/people/{place.rested}"
    with person_at(chrome) as page:
        page.goto(f"{place.url}{person}")
        gives_password(page, "lvan")
        looks_well(page, "factor")
        factor = page.url
        page.goto(factor.replace("/factor?", "/temporary?"))
        looks_well(page, "temporary")
        page.goto(factor)
        page.fill("#code", pyotp.TOTP(place.secret).now())
        press(page, "#continue")
        for path in (person, f"{person}/help/unlock", f"{person}/help/proof", f"{person}/help/withdraw_proof", "/console/leavings"):
            page.goto(f"{place.url}{path}")
            looks_well(page, path.rpartition("/")[2][:14])
        for path in ("/account/not-me", "/account/password"):
            page.goto(f"{place.url}{path}")
            looks_well(page, path.rpartition("/")[2])


def test_sign_in_and_factor_pages_are_one_request_of_at_most_eight_kilobytes_also_without_javascript(place: Place, chrome: Browser) -> None:
    with person_at(chrome, javascript=False) as page:
        is_light(page, lambda: page.goto(f"{place.url}/account"))
        is_light(page, lambda: page.goto(page.url.replace("/sign-in?", "/sign-in/password?")))
        page.goto(f"{place.url}/account")
        page.fill("#username", "lvan")
        page.fill("#password", PASSWORD)
        is_light(page, lambda: press(page, "#continue"))
        assert "/sign-in/factor" in page.url
        is_light(page, lambda: page.goto(page.url.replace("/factor?", "/recovery?")))


def is_light(page: Page, opens: Callable[[], object]) -> None:
    with watched_requests(page) as answers:
        opens()
    [shown] = [answer for answer in answers if answer.status == 200]
    assert compressed_bytes(shown) <= SIGN_IN_PAGE, shown.url
