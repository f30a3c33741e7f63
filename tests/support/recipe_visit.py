"""How somebody visits the application of a recipe: signs in, reads the page, signs out elsewhere."""

from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.official import at_step, give_password, press, read_notice
from tests.support.services import wait_until


def sign_in(demo: Demo, page: Page, url: str) -> str:
    """Open a page of the application, sign in with the password; the text of the page that comes then."""
    page.goto(url)
    assert at_step(page) == "/sign-in", page.url
    give_password(page, demo.account("staff"))
    read_notice(page)
    assert page.url == url, page.url
    return page.inner_text("body")


def sign_out_at_the_provider(demo: Demo, page: Page) -> None:
    """Sign out, not in the application."""
    page.goto(f"{demo.issuer}/end_session")
    press(page, "#continue")


def wait_until_out(page: Page, url: str) -> None:
    """Return when this page asks for a sign-in again: the application was told."""

    def is_out() -> bool:
        page.goto(url)
        return at_step(page) == "/sign-in"

    wait_until(is_out, 15)
