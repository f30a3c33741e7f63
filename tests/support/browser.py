"""A real browser: Debian's Chromium, with JavaScript or without, watched for what it loads and how it is laid out."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Response

from tests.support.services import find_program

NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}
LONGEST_WAIT_MILLISECONDS = 10_000
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_axe = Axe()


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium without a window; as root it cannot have its sandbox, and only loopback is visited."""
    browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=["--no-sandbox", "--disable-gpu"])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def person_at(browser: Browser, *, javascript: bool = True, language: str = "vi", narrow: bool = False) -> Iterator[Page]:
    """A page of a browser profile of its own, as one person has it; a broken page or a refused resource fails the test."""
    context: BrowserContext = browser.new_context(
        java_script_enabled=javascript, locale=language, viewport=NARROW if narrow else WIDE  # type: ignore[arg-type]
    )  # fmt: skip
    context.set_default_timeout(LONGEST_WAIT_MILLISECONDS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)
    try:
        yield page
        assert not complaints, complaints
    finally:
        context.close()


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands: rule, impact and the elements."""
    found: Any = _axe.run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    return [
        f"{page.url}: {fault['id']} ({fault['impact']}): " + "; ".join(" ".join(map(str, node["target"])) for node in fault["nodes"])
        for fault in found.response["violations"]
    ]


def overflow_pixels(page: Page) -> int:
    """How much wider than the window the page is, in CSS pixels: 0 when nothing must be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@contextmanager
def watched_requests(page: Page) -> Iterator[list[Response]]:
    """The answers that the page receives inside the block, data: URLs left out."""
    received: list[Response] = []

    def note(response: Response) -> None:
        if not response.url.startswith("data:"):
            received.append(response)

    page.on("response", note)
    try:
        yield received
    finally:
        page.remove_listener("response", note)


def compressed_bytes(response: Response) -> int:
    """What the answer's body weighs under gzip -9: what goes over the line when the proxy in front compresses."""
    return len(gzip.compress(response.body(), 9))
