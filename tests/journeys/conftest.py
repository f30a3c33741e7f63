"""A demo for all journeys: once as it comes, once on PostgreSQL and OpenLDAP; and a real browser, with JavaScript and without."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

from deploy.demo.plan import EXTERNAL_PORT
from tests.support.browser import person_at
from tests.support.demo import Demo, running_demo
from tests.support.external_client import program_listens
from tests.support.installation import Databases
from tests.support.province_in_slapd import province_in_slapd

AS_IT_COMES, ON_SERVERS = "as it comes", "on PostgreSQL and OpenLDAP"
WITH_JAVASCRIPT, WITHOUT_JAVASCRIPT = "with JavaScript", "without JavaScript"
JOURNEYS = [(AS_IT_COMES, WITH_JAVASCRIPT), (AS_IT_COMES, WITHOUT_JAVASCRIPT), (ON_SERVERS, WITHOUT_JAVASCRIPT)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take each journey on each demo that its module is for (all, unless it names `DEMOS`), the way JOURNEYS pairs them."""
    demos = getattr(metafunc.module, "DEMOS", (AS_IT_COMES, ON_SERVERS))
    if {"demo", "javascript"} <= set(metafunc.fixturenames):
        pairs = [pair for pair in JOURNEYS if pair[0] in demos]
        metafunc.parametrize(("demo", "javascript"), pairs, indirect=True, scope="session", ids=["-".join(pair) for pair in pairs])
    elif "demo" in metafunc.fixturenames:
        metafunc.parametrize("demo", demos, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take all journeys on one demo before the next is started."""
    places = [number for number, item in enumerate(items) if _demo_of(item)]
    for number, item in zip(places, sorted((items[n] for n in places), key=_demo_of), strict=True):
        items[number] = item


def _demo_of(item: pytest.Item) -> str:
    return str(getattr(getattr(item, "callspec", None), "params", {}).get("demo", ""))


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with 300 people. Journeys share it: each takes other people, or leaves them as they were."""
    folder = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        given: dict[str, str] = {}
        if request.param == ON_SERVERS:
            given = stack.enter_context(province_in_slapd(folder / "slapd"))
            databases: Databases = request.getfixturevalue("postgresql_databases")
            given = {**given, "DEMO_DATABASE_URL": databases.fresh()}
        stack.enter_context(program_listens(EXTERNAL_PORT))
        yield stack.enter_context(running_demo(folder / "instance", given))


@pytest.fixture(scope="session")
def javascript(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript."""
    return bool(request.param == WITH_JAVASCRIPT)


@pytest.fixture
def page(chrome: Browser, javascript: bool) -> Iterator[Page]:
    """A page of somebody's own browser."""
    with person_at(chrome, javascript=javascript) as shown:
        yield shown
