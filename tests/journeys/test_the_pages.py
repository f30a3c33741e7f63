"""Every page a person can meet: light, readable with every aid, narrow enough for a phone, in both languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.demo import Account, Demo
from tests.support.official import ask_to_sign_in, at_step, enroll_phone, give_code, give_password, press, put_away_codes, read_notice

DEMOS = ("as it comes",)  # no page depends on the kind of database or directory
SIGN_IN_PAGE_BYTES = 14 * 1024
TRACKER = ("", "/now", "/systems", "/quality", "/reports", "/reports/definitions", "/closings", "/campaigns", "/parameters")
CONSOLE = ("", *(f"/enrollment{page}" for page in TRACKER), "/people", "/clients", "/register-client", "/sync", "/sync/1", "/audit")
ACCOUNT = ("", "/factors", "/sessions", "/applications", "/history")
LANGUAGES = ("vi", "en")
OUR_WORDS = "label, button, legend, thead th, nav a, h1"  # where no data stands, but for some of the headings
VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")
_taken: dict[str, int] = {}


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(chrome: Browser, language: str) -> Iterator[Page]:
    """Somebody with a narrow window whose browser asks for this language."""
    with person_at(chrome, language=language, narrow=True) as page:
        yield page


def newcomer(demo: Demo) -> Account:
    """Somebody whom no other journey takes."""
    number = _taken[str(demo.folder)] = _taken.get(str(demo.folder), 19) + 1
    return demo.anybody(number)


def judge(page: Page, language: str) -> None:
    """What is demanded of every page."""
    assert not accessibility_faults(page)
    assert overflow_pixels(page) == 0, f"{page.url} must be scrolled sideways"
    assert page.get_attribute("html", "lang") == language, page.url
    if language == "en":
        assert not [words for words in page.locator(OUR_WORDS).all_inner_texts() if VIETNAMESE.search(words)], page.url


def with_second_factor(page: Page, demo: Demo, role: str, path: str) -> None:
    """Sign in to a page of the provider with both factors."""
    page.goto(demo.issuer + path)
    give_password(page, demo.account(role))
    if at_step(page) == "/sign-in/factor":
        give_code(page, demo.phone(role))


def test_the_sign_in_page_is_one_light_request(demo: Demo, chrome: Browser) -> None:
    with person_at(chrome, javascript=False) as page, watched_requests(page) as received:
        ask_to_sign_in(page, demo.documents_url)
        assert at_step(page) == "/sign-in"
        of_the_page = [answer for answer in received if answer.url.startswith(demo.issuer) and answer.status == 200]
        assert [answer.url for answer in of_the_page] == [page.url]
        assert compressed_bytes(of_the_page[0]) <= SIGN_IN_PAGE_BYTES


def test_every_step_of_signing_in_is_for_everybody(demo: Demo, reader: Page, language: str) -> None:
    account, page = newcomer(demo), reader
    ask_to_sign_in(page, demo.one_door_url)
    judge(page, language)
    give_password(page, Account("staff", account.username, "wrong", None))
    judge(page, language)
    give_password(page, account)
    judge(page, language)
    phone = enroll_phone(page)
    judge(page, language)
    put_away_codes(page)
    judge(page, language)
    read_notice(page)
    assert not accessibility_faults(page)
    assert overflow_pixels(page) == 0

    press(page, "#sign-out")
    ask_to_sign_in(page, demo.one_door_url)
    give_password(page, account)
    judge(page, language)
    press(page, "#use-recovery-code")
    judge(page, language)
    page.fill("[name=code]", "AAAA-AAAA")
    press(page, "#continue")
    judge(page, language)
    page.go_back()
    page.go_back()
    give_code(page, phone)

    page.goto(f"{demo.issuer}/end_session")
    judge(page, language)
    press(page, "#continue")
    judge(page, language)
    for unknown in ("/nowhere", "/authorize?client_id=unknown&response_type=code"):
        page.goto(demo.issuer + unknown)
        judge(page, language)


def test_the_applications_are_for_everybody(demo: Demo, chrome: Browser) -> None:
    with person_at(chrome, narrow=True) as page:
        for application in (demo.documents_url, demo.one_door_url):
            page.goto(application)
            assert not accessibility_faults(page)
            assert overflow_pixels(page) == 0
        ask_to_sign_in(page, demo.documents_url)
        give_password(page, demo.account("staff"))
        assert not accessibility_faults(page)
        assert overflow_pixels(page) == 0


def test_the_console_and_the_tracker_are_for_everybody(demo: Demo, reader: Page, language: str) -> None:
    with_second_factor(reader, demo, "it_admin", "/console")
    for path in CONSOLE:
        reader.goto(f"{demo.issuer}/console{path}")
        assert at_step(reader) == f"/console{path}"
        judge(reader, language)


def test_a_persons_own_pages_are_for_everybody(demo: Demo, reader: Page, language: str) -> None:
    with_second_factor(reader, demo, "leader", "/account")
    for path in ACCOUNT:
        reader.goto(f"{demo.issuer}/account{path}")
        assert at_step(reader) == f"/account{path}"
        judge(reader, language)
