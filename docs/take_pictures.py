"""Takes the pictures of the documentation from a running demo: `python -m docs.take_pictures [demo.json]` while `make demo` runs."""

import json
import sys
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "images"
TOLD = HERE.parent / "instance" / "demo.json"
WINDOW = {"width": 1120, "height": 760}
PHONE = {"width": 390, "height": 760}
LARGEST_BYTES = 150_000


def account(told: dict[str, Any], role: str) -> dict[str, Any]:
    """The demo's account of this role."""
    return next(one for one in told["accounts"] if one["role"] == role)


def sign_in(page: Page, who: dict[str, Any]) -> None:
    """Give the password and, where it is asked for, the code of this moment."""
    page.fill("[name=username]", who["username"])
    page.fill("[name=password]", who["password"])
    with page.expect_navigation():
        page.click("#continue")
    if "/sign-in/factor" in page.url:
        page.fill("[name=code]", pyotp.TOTP(who["totp_secret"]).now())
        with page.expect_navigation():
            page.click("#continue")


def take(page: Page, name: str) -> None:
    """Take a picture of what the window shows."""
    file = PICTURES / f"{name}.png"
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.screenshot(path=file)
    if file.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{file} has {file.stat().st_size} bytes, more than {LARGEST_BYTES}")


def take_all(browser: Browser, told: dict[str, Any], application: str) -> None:
    """The pages of sign-in, an application, the console and the tracker."""
    on_phone = browser.new_context(locale="vi", viewport=PHONE).new_page()  # type: ignore[arg-type]
    on_phone.goto(f"{application}/sign-in")
    take(on_phone, "sign-in")
    page = browser.new_context(locale="vi", viewport=WINDOW).new_page()  # type: ignore[arg-type]
    page.goto(f"{application}/sign-in")
    sign_in(page, account(told, "staff"))
    take(page, "application")
    page = browser.new_context(locale="vi", viewport=WINDOW).new_page()  # type: ignore[arg-type]
    page.goto(f"{told['issuer']}/console")
    sign_in(page, account(told, "it_admin"))
    take(page, "console")
    page.goto(f"{told['issuer']}/console/enrollment")
    take(page, "tracker")


def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    told = json.loads(Path(sys.argv[1] if len(sys.argv) > 1 else TOLD).read_text(encoding="utf-8"))
    urls = {client["client_id"]: client["redirect_uris"][0].removesuffix("/callback") for client in told["clients"]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        take_all(browser, told, urls["van-ban"])
        browser.close()


if __name__ == "__main__":
    main()
