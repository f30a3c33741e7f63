"""Somebody disabled in a real Active Directory is out of both sample applications, without anybody starting a sync. Run by
`make test-samba`, as root, in a network of its own."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from deploy.demo.plan import EXTERNAL_PORT
from tests.support import province_in_samba
from tests.support.browser import person_at
from tests.support.demo import Demo, running_demo
from tests.support.external_client import program_listens
from tests.support.official import ask_to_sign_in, enroll_phone, give_password, is_signed_in, is_still_in, put_away_codes, read_notice
from tests.support.samba import Samba
from tests.support.services import wait_until

LOOK_SECONDS = 60  # between two looks at what changed, where nothing else is set
CONFIRMED_SECONDS = 15


@pytest.fixture(scope="session")
def demo(domain: Samba, run_folder: Path) -> Iterator[Demo]:
    with program_listens(EXTERNAL_PORT), running_demo(run_folder / "instance", province_in_samba.demo_settings()) as started:
        yield started


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    with person_at(chrome, javascript=False) as shown:
        yield shown


def test_who_is_disabled_in_the_domain_is_out_of_both_applications(demo: Demo, domain: Samba, page: Page) -> None:
    """LOG-033"""
    account = demo.account("newcomer")
    ask_to_sign_in(page, demo.documents_url)
    give_password(page, account)
    read_notice(page)
    assert is_signed_in(page), page.url
    ask_to_sign_in(page, demo.one_door_url)
    enroll_phone(page)
    put_away_codes(page)
    assert is_signed_in(page), page.url

    province_in_samba.disable(domain, account.username)
    disabled_at = time.monotonic()

    wait_until(
        lambda: not is_still_in(page, demo.documents_url) and not is_still_in(page, demo.one_door_url), LOOK_SECONDS + CONFIRMED_SECONDS
    )
    took = time.monotonic() - disabled_at
    [left] = json.loads(demo.hopnhat("people", "leavings", account.username, "--json").stdout)["leavings"]
    assert (left["reason"], {client["state"] for client in left["clients"]}) == ("locked_in_directory", {"confirmed"})
    assert left["changed_at"] is not None
    print(f"disabled in the domain, out of both applications {took:.1f} s later, by the ledger {left['seconds']} s")  # noqa: T201 - for the note


def test_the_runs_that_saw_it_read_what_changed_only(demo: Demo) -> None:
    runs = json.loads(demo.hopnhat("sync", "runs", "--json").stdout)
    assert "delta" in {run["kind"] for run in runs if run["suspended"] or run["state"] == "unchanged"}
