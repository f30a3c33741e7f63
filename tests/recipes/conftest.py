"""One demo for all recipes, which may reach any port of loopback, and a real browser."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import LONGEST_WAIT_MILLISECONDS
from tests.support.demo import Demo, running_demo
from tests.support.recipes import Recipe
from tests.support.services import unprivileged_user
from tests.support.wizard import Connected, connect, open_console


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo as it comes, which reaches this machine's ports; and SAML is on."""
    with running_demo(tmp_path_factory.mktemp("recipes") / "instance", {"DEMO_SAML": "on"}) as started:
        yield started


@pytest.fixture(scope="session")
def connecting(demo: Demo, chrome: Browser) -> Callable[[Recipe], Connected]:
    """The demo's two administrators at their consoles, who connect an application as a document says."""
    first = open_console(demo, chrome, "it_admin")
    second: list[Page] = []

    def at_second() -> Page:
        second.append(second[0] if second else open_console(demo, chrome, "it_admin_2"))
        return second[0]

    return lambda recipe: connect(first, at_second, recipe)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for a server that does not run as root: the run's own is closed to other accounts."""
    with tempfile.TemporaryDirectory(prefix="hopnhat-recipe-") as made:
        path = Path(made)
        path.chmod(0o755)
        account = unprivileged_user()
        if account is not None:
            shutil.chown(path, account)
        yield path


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A page of somebody's own browser, who trusts the certificates of this test."""
    context = chrome.new_context(locale="vi", ignore_https_errors=True)
    context.set_default_timeout(LONGEST_WAIT_MILLISECONDS)
    yield context.new_page()
    context.close()
