"""An administrator at the console who connects an application, doing what a document of docs/integration says, word for word."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Locator, Page

from tests.support.demo import Demo
from tests.support.official import at_step, give_code, give_password
from tests.support.recipes import Recipe

PAGES = ("Thông tin", "Loại ứng dụng", "Địa chỉ", "Dữ liệu và người vào")
LAST_PAGE = "Kiểm tra và gửi"
GOING_ON, SENDING, CONNECTING, APPROVING = "Lưu và tiếp tục", "Gửi duyệt", "Kết nối ngay", "Phê duyệt và kết nối"
TICKED = "✓"


@dataclass
class Connected:
    """The page after the wizard, as its administrator has it in front of them."""

    page: Page

    def settings(self, name: str) -> str:
        """The settings that are shown under this name, as somebody copies them."""
        shown = self.page.locator("details", has=self.page.locator("summary").get_by_text(name, exact=True))
        return str(shown.locator("pre code").text_content())

    def download(self, folder: Path) -> Path:
        """The file of settings that is offered."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Tải tệp .env", exact=True).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


def open_console(demo: Demo, browser: Browser, role: str) -> Page:
    """The console of the demo's account of this role, in a browser of its own that runs no scripts."""
    page = browser.new_context(locale="vi", java_script_enabled=False, viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{demo.issuer}/console")
    give_password(page, demo.account(role))
    give_code(page, demo.phone(role))
    assert at_step(page) == "/console", page.url
    return page


def connect(first: Page, second: Callable[[], Page], recipe: Recipe) -> Connected:
    """Go through the wizard as the document's table says, to the button that it names; what is sent in, the `second` administrator
    finds on the console's first page and approves."""
    for name in ("Ứng dụng kết nối", "Đăng ký kết nối ứng dụng"):
        press_link(first, name)
    press_button(first, "Lập bản đăng ký")
    steps = recipe.wizard()
    assert tuple(dict.fromkeys(step[0] for step in steps)) == (*PAGES, LAST_PAGE)
    for name in PAGES:
        for _page, field, entered in (step for step in steps if step[0] == name):
            fill_in(first, field, entered)
        press_button(first, GOING_ON)
        assert not first.locator("[role=alert]").count(), first.inner_text("main")
    [pressed] = [entered for name, _field, entered in steps if name == LAST_PAGE]
    assert pressed in (SENDING, CONNECTING)
    press_button(first, pressed)
    if pressed == SENDING:
        address, approving = first.url, second()
        approving.goto(urljoin(address, "/console"))
        called = next(entered for _name, field, entered in steps if field == "Tên ứng dụng")
        with approving.expect_navigation():
            approving.get_by_role("link", name=f"Bản đăng ký kết nối “{called}” chờ phê duyệt.").click()
        press_button(approving, APPROVING)
        first.goto(address)
    assert "Ứng dụng đã được kết nối." in first.inner_text("main")
    taking = first.get_by_role("button", name="Nhận khóa bí mật", exact=True)
    if taking.count():
        press_button(first, "Nhận khóa bí mật")
    return Connected(first)


def press_link(page: Page, name: str) -> None:
    """Follow the link of this name."""
    with page.expect_navigation():
        page.get_by_role("link", name=name, exact=True).first.click()


def press_button(page: Page, name: str) -> None:
    """Press the button of this name, and wait for what comes."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def fill_in(page: Page, field: str, entered: str) -> None:
    """Fill in what stands behind this label: text, a choice, boxes (several after semicolons), or a box of its own."""
    group = page.locator("fieldset", has=page.locator("legend").get_by_text(field, exact=True))
    if group.count():
        for choice in entered.split("; "):
            _option(group, choice).check()
        return
    found = page.get_by_label(field, exact=True)
    if entered == TICKED:
        found.check()
    elif found.evaluate("element => element.tagName") == "SELECT":
        found.select_option(label=entered)
    else:
        found.fill(entered.replace("<br>", "\n"))


def _option(group: Locator, choice: str) -> Locator:
    """The one choice whose words are these, begin so before a dash, or that has them in brackets behind."""
    labels = group.locator("label")
    for index in range(labels.count()):
        words = labels.nth(index).inner_text()
        if words == choice or words.startswith(f"{choice} –") or words.endswith(f"({choice})"):
            return group.get_by_label(words, exact=True)
    raise AssertionError(f"nothing to choose is called {choice!r}")
