"""A directory with a handful of people in three units, and installations that sync with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from idp.app import create_app
from tests.support.installation import close, settings_for
from tests.support.slapd import BASE_DN, slapd
from tests.support.staff_directory import COMMUNE, DEPARTMENT, DISTRICT, TOP, StaffDirectory, ldap_settings

Install = Callable[..., Flask]


@pytest.fixture
def empty_directory(tmp_path: Path) -> Iterator[StaffDirectory]:
    """A directory with units and nobody in them."""
    with slapd(tmp_path / "slapd") as server:
        found = StaffDirectory(server)
        for dn, code in ((TOP, "02"), (DEPARTMENT, "S01"), (DISTRICT, "026"), (COMMUNE, "00715")):
            found.add_unit(dn, code)
        found.add_unit(f"ou=Policies,{BASE_DN}")
        yield found


@pytest.fixture
def directory(empty_directory: StaffDirectory) -> StaffDirectory:
    """A directory with two people in a department and one in a commune."""
    empty_directory.add_person("an.nv", "Nguyễn Văn An")
    empty_directory.add_person("mai.vt", "Vàng Thị Mai")
    empty_directory.add_person("pao.ga", "Giàng A Páo", COMMUNE)
    return empty_directory


@pytest.fixture
def install(empty_directory: StaffDirectory, database_url: str) -> Iterator[Install]:
    """Make an installation on the test's database with other settings, its context pushed."""
    opened: list[tuple[Flask, Any]] = []

    def make(**given: Any) -> Flask:
        app = create_app(settings_for(database_url, **ldap_settings(empty_directory.server, **given)))
        context = app.app_context()
        context.push()
        opened.append((app, context))
        return app

    yield make
    for app, context in reversed(opened):
        context.pop()
        close(app)


@pytest.fixture
def app(install: Install) -> Flask:
    """An installation that syncs with the test's directory."""
    return install()
