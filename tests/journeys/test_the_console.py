"""What an administrator does on the first morning: finds people, reads runs and the trail, connects an application."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import person_at
from tests.support.demo import Demo
from tests.support.external_client import ExternalClient
from tests.support.official import at_step, give_code, give_password


@pytest.fixture(scope="module")
def console(demo: Demo, chrome: Browser) -> Iterator[Page]:
    """The console, with the demo's administrator signed in."""
    account = demo.account("it_admin")
    with person_at(chrome) as page:
        page.goto(f"{demo.issuer}/console")
        assert at_step(page) == "/sign-in"
        give_password(page, account)
        assert at_step(page) == "/sign-in/factor", "an administrator always needs both factors"
        give_code(page, demo.phone("it_admin"))
        assert at_step(page) == "/console"
        yield page


@pytest.mark.parametrize("typed", ["vang thi mai", "Vàng Thị Mai", "MAI VANG", "maivt"])
def test_people_are_found_without_accents(demo: Demo, console: Page, typed: str) -> None:
    console.goto(f"{demo.issuer}/console/people")
    console.fill("[name=q]", typed)
    with console.expect_navigation():
        console.press("[name=q]", "Enter")
    assert "Vàng Thị Mai" in console.locator("main th").all_inner_texts()[-1] or "Vàng Thị Mai" in console.inner_text("main")


def test_the_sync_runs_are_listed_and_shown(demo: Demo, console: Page) -> None:
    console.goto(f"{demo.issuer}/console/sync")
    console.click("main tbody tr:last-child a")
    console.wait_for_url("**/console/sync/1")
    assert "300" in console.inner_text("main")


def test_the_trail_tells_of_this_sign_in(demo: Demo, console: Page) -> None:
    console.goto(f"{demo.issuer}/console/audit")
    assert "Nguyễn Đức Hùng" in console.inner_text("main")


def test_the_clients_are_listed(demo: Demo, console: Page) -> None:
    console.goto(f"{demo.issuer}/console/clients")
    shown = console.inner_text("main")
    for name in ("Quản lý văn bản", "Một cửa điện tử", "external"):
        assert name in shown


def test_the_tracker_counts_everybody_once(demo: Demo, console: Page) -> None:
    told = json.loads(demo.hopnhat("enrollment", "status", "--json").stdout)
    console.goto(f"{demo.issuer}/console/enrollment")
    assert console.locator("main table").count() >= 1
    assert told, "the command tells the same as the page"


def test_a_leader_sees_the_tracker_and_not_the_trail(demo: Demo, chrome: Browser) -> None:
    account = demo.account("hr_officer")
    with person_at(chrome) as page:
        page.goto(f"{demo.issuer}/console/enrollment")
        give_password(page, account)
        give_code(page, demo.phone("hr_officer"))
        assert at_step(page) == "/console/enrollment"


def test_an_application_added_by_command_signs_somebody_in(demo: Demo, page: Page) -> None:
    address = "http://127.0.0.1:8199/other"
    added = demo.hopnhat("client", "add", "--name", "Họp không giấy", "--redirect-uri", address, "--json")
    assert added.returncode == 0, added.stderr
    told = json.loads(added.stdout)
    client = {"client_id": told["client_id"], "client_secret": told["client_secret"], "redirect_uris": [address]}
    tokens = ExternalClient.of(demo, client, scope="openid profile email").sign_in(page, demo.account("staff"))
    assert tokens["claims"]["aud"] in (told["client_id"], [told["client_id"]])
    assert "refresh_token" not in tokens


def test_an_address_that_is_not_an_applications_own_is_refused(demo: Demo) -> None:
    refused = demo.hopnhat("client", "add", "--name", "Xấu", "--redirect-uri", "http://evil.example/callback")
    assert refused.returncode == 1
    assert refused.stderr
    assert "Traceback" not in refused.stderr
