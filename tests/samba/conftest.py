"""One domain for all tests against a real Active Directory, and installations that use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.app import create_app
from tests.support import province_in_samba
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.samba import Samba, samba

NAMES = ("vmsinh", "lvan", "disabled", "over", "mustchange", "locked", "moved", "changing", "old")


@pytest.fixture(scope="session")
def domain(run_folder: Path) -> Iterator[Samba]:
    with samba(run_folder / "samba", NAMES) as started:
        started.tool("user", "disable", "disabled")
        started.tool("user", "setexpiry", "over", "--days=-1")
        started.change("mustchange", pwdLastSet="0")
        province_in_samba.fill(started)
        yield started


@pytest.fixture
def app(sqlite_databases: Databases, domain: Samba) -> Iterator[Flask]:
    with sqlite_databases.lent() as url:
        application = create_app(settings_for(url, **domain.settings()))
        application.test_client_class = FreshContextClient
        with application.app_context(), application.test_request_context("/"):
            yield application
        close(application)
