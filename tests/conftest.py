"""Fixtures that every test may ask for. Every test of `app` runs on SQLite and on PostgreSQL."""

import gc
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright
from xdist.remote import Producer

from idp import clock
from idp.app import create_app
from idp.web.application import Application
from tests.support import services
from tests.support.browser import chromium
from tests.support.installation import (
    CompiledTemplates,
    Databases,
    FreshContextClient,
    ReadRoute,
    close,
    settings_for,
    share_compiled_statements,
)
from tests.support.rsa_pool import draw_rsa_keys_from_a_pool
from tests.support.turns import LongestFirst

os.environ["HOPNHAT_CONFIG"] = ""  # no settings of this machine reach a test
# A busy machine is no counterexample, and a run tries what the run before it tried. HYPOTHESIS_PROFILE=searching looks for what is new.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
Application.jinja_options = {"bytecode_cache": CompiledTemplates()}  # every test makes an application of its own
Application.url_rule_class = ReadRoute
share_compiled_statements()
draw_rsa_keys_from_a_pool()
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst:
    """The tests of one file stay together, since they share its services."""
    return LongestFirst(config, log)


def pytest_collection_finish() -> None:
    """What is there before the first test is there after the last: looking it through for garbage again and again took half of the
    time of a small test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this test run, where every server keeps its files."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL for the whole run, in a folder of its own: pytest closes the folder of all runs to other accounts
    whenever another run begins, and PostgreSQL does not run as root."""
    with tempfile.TemporaryDirectory(prefix="hopnhat-postgresql-") as folder, services.postgresql(Path(folder)) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(run_folder: Path) -> Iterator[str]:
    """A real Redis for the whole run."""
    with services.redis(run_folder / "redis") as url:
        yield url


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """A real browser for the whole run: the driver that drives it cannot be started twice in a process."""
    with sync_playwright() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_databases() -> Iterator[Databases]:
    """Fresh SQLite databases, in memory where there is room: there no write waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="hopnhat-sqlite-", dir=services.folder_in_memory()) as folder:
        yield Databases("sqlite", Path(folder))


@pytest.fixture(scope="session")
def postgresql_databases(run_folder: Path, postgresql_server: str) -> Databases:
    """Fresh PostgreSQL databases."""
    return Databases("postgresql", run_folder, postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database, of each kind in turn."""
    databases: Databases = request.getfixturevalue(f"{request.param}_databases")
    with databases.lent() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_databases: Databases) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database: for races."""
    with postgresql_databases.lent() as url:
        yield url


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application on a fresh database, its context pushed."""
    application = create_app(settings_for(database_url))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A browser without JavaScript: Flask's test client."""
    return app.test_client()


@pytest.fixture
def time() -> Iterator[clock.ManualClock]:
    """The clock stands at 08:00 in Hà Giang on 24/11/2026 until the test moves it."""
    manual = clock.ManualClock(START)
    with clock.using(manual):
        yield manual
