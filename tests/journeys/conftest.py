"""A demo for all journeys: once as it comes, once on PostgreSQL and OpenLDAP; and a real browser."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.demo.plan import EXTERNAL_PORT
from tests.support.browser import chromium, person_at
from tests.support.demo import Demo, running_demo
from tests.support.external_client import program_listens
from tests.support.province_in_slapd import province_in_slapd


@pytest.fixture(scope="session", params=["as it comes", "postgresql and slapd"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with 300 people. Journeys share it: each takes other people, or leaves them as they were."""
    folder = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        given: dict[str, str] = {}
        if request.param != "as it comes":
            given = stack.enter_context(province_in_slapd(folder / "slapd"))
            given = {**given, "DEMO_DATABASE_URL": f"{request.getfixturevalue('postgresql_server')}/postgres"}
        stack.enter_context(program_listens(EXTERNAL_PORT))
        yield stack.enter_context(running_demo(folder / "instance", given))


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright, chromium(playwright) as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, chrome: Browser) -> Iterator[Page]:
    """A page of somebody's own browser, with JavaScript and without."""
    with person_at(chrome, javascript=request.param) as shown:
        yield shown
