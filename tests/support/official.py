"""An official at a browser: signs in to an application the way a person does, and reads what is on the page."""

from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.support.demo import Account
from tests.support.phone import Phone


def at_step(page: Page) -> str:
    """The path of the provider's page that is shown: which step of signing in it is."""
    return urlsplit(page.url).path


def press(page: Page, button: str) -> None:
    """Click something that leads to another page, and wait until that page is there."""
    with page.expect_navigation():
        page.click(button)


def ask_to_sign_in(page: Page, application: str) -> None:
    """Open an application and press its sign-in button."""
    page.goto(application)
    press(page, "#sign-in")


def give_password(page: Page, account: Account) -> None:
    """Fill in the sign-in form."""
    page.fill("[name=username]", account.username)
    page.fill("[name=password]", account.password)
    press(page, "#continue")


def give_code(page: Page, phone: Phone) -> None:
    """Type the code that the phone shows."""
    page.fill("[name=code]", phone.code())
    press(page, "#continue")


def read_notice(page: Page) -> None:
    """Acknowledge the notice that everybody sees once, when it is shown."""
    if at_step(page) == "/sign-in/notice":
        press(page, "#continue")


def enroll_phone(page: Page) -> Phone:
    """Type the key that is shown into a phone, and the phone's code into the page."""
    assert at_step(page) == "/sign-in/enroll", page.url
    phone = Phone(page.inner_text(".key code"))
    give_code(page, phone)
    return phone


def put_away_codes(page: Page) -> list[str]:
    """Read the sheet of recovery codes and say that it is kept."""
    assert at_step(page) == "/sign-in/recovery-codes", page.url
    codes = page.locator("#codes code").all_inner_texts()
    press(page, "#continue")
    return codes


def is_signed_in(page: Page) -> bool:
    """Whether the application's page in front of us shows somebody's desk."""
    return page.locator("#person-name").count() == 1


def is_still_in(page: Page, application: str) -> bool:
    """Whether the application still knows this browser."""
    page.goto(application)
    return is_signed_in(page)
