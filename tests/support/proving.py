"""An administrator who proves a connection at the console, pressing what docs/integration/README.md says and nothing else."""

import re

from playwright.sync_api import Page

from tests.support.recipes import FOLDER
from tests.support.services import wait_until
from tests.support.wizard import press_button

_TABLE = re.compile(r"<!-- proof -->\n(?:\|.*\n){2}((?:\|.*\n)+)")
LOOK_AGAIN, PASSED, LINK = "Xem lại", "Đạt lúc", re.compile(r"https?://\S+/test-sign-in\?link=\S+")


def presses() -> list[tuple[str, str]]:
    """Where something is pressed, and what, in order."""
    found = _TABLE.search((FOLDER / "README.md").read_text())
    assert found, "the guide has no table of the proof"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.group(1).splitlines()]
    return [(where, pressed) for where, pressed in rows]


def prove(console: Page, window: Page, sign_out: str) -> None:
    """Go through the guide's table; `console` shows the check of the application, `sign_out` is where it signs people out. Fails unless it
    has passed at the end."""
    for where, pressed in presses():
        if where == "application":
            window.goto(sign_out)
        elif where == "console":
            _press_at_console(console, pressed)
        elif where.endswith("at that link"):
            link = LINK.search(console.inner_text("main"))
            assert link, console.inner_text("main")
            window.goto(link.group(0))
            press_button(window, pressed)
        else:
            window.locator("main a.button", has_text="Mở ").click()
            window.wait_for_load_state()
    wait_until(lambda: PASSED in _looked_again(console).inner_text("main"), 20)


def _press_at_console(console: Page, pressed: str) -> None:
    if pressed == LOOK_AGAIN:
        _looked_again(console)
    else:
        press_button(console, pressed)


def _looked_again(console: Page) -> Page:
    # What has passed by itself in the meantime has nothing left to be looked at.
    if console.get_by_role("button", name=LOOK_AGAIN, exact=True).count():
        press_button(console, LOOK_AGAIN)
    return console
