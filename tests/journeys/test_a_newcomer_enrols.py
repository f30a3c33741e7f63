"""A newcomer reads the notice, puts a key into a phone, keeps a sheet of codes, and is in."""

from playwright.sync_api import Page

from tests.support.demo import Account, Demo
from tests.support.official import (
    ask_to_sign_in,
    at_step,
    enroll_phone,
    give_code,
    give_password,
    is_signed_in,
    press,
    put_away_codes,
    read_notice,
)

CODES_ON_A_SHEET = 10
_newcomers: dict[str, list[Account]] = {}


def newcomer(demo: Demo) -> Account:
    """Somebody whom no journey here has enrolled yet: the demo's newcomer first, then others."""
    waiting = _newcomers.setdefault(str(demo.folder), [demo.anybody(1), demo.anybody(0), demo.account("newcomer")])
    return waiting.pop()


def test_a_newcomer_enrols_and_gets_in(demo: Demo, page: Page) -> None:
    account = newcomer(demo)
    ask_to_sign_in(page, demo.one_door_url)
    give_password(page, account)
    phone = enroll_phone(page)
    sheet_at = page.url
    codes = put_away_codes(page)
    assert at_step(page) == "/sign-in/notice"
    read_notice(page)
    assert is_signed_in(page), page.url
    assert page.inner_text("#acr") == "urn:hopnhat:aal2"
    assert len(set(codes)) == CODES_ON_A_SHEET

    page.goto(sheet_at)
    assert not [code for code in codes if code in page.inner_text("body")], "recovery codes are shown once"

    page.goto(demo.one_door_url)
    press(page, "#sign-out")
    ask_to_sign_in(page, demo.one_door_url)
    give_password(page, account)
    give_code(page, phone)
    assert is_signed_in(page), page.url

    press(page, "#sign-out")
    ask_to_sign_in(page, demo.one_door_url)
    give_password(page, account)
    press(page, "#use-recovery-code")
    page.fill("[name=code]", codes[0].replace("-", " ").lower())
    press(page, "#continue")
    assert "9" in page.inner_text("main"), "how many codes are left is told"
    press(page, "#continue")
    assert is_signed_in(page), page.url

    press(page, "#sign-out")
    ask_to_sign_in(page, demo.one_door_url)
    give_password(page, account)
    press(page, "#use-recovery-code")
    page.fill("[name=code]", codes[0])
    press(page, "#continue")
    assert at_step(page) == "/sign-in/recovery", "each code is good once"
