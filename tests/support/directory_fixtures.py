"""An installation that asks the directory of the tests, and somebody at its sign-in page: for the conftest of who needs both."""

from collections.abc import Iterator

import pytest
from flask import Flask

from idp.app import create_app
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor


@pytest.fixture
def app(database_url: str, directory: BindDirectory) -> Iterator[Flask]:
    """The application on a fresh database, its passwords checked by a real slapd."""
    application = create_app(settings_for(database_url, **directory.settings()))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody at a browser."""
    return Visitor(app)
