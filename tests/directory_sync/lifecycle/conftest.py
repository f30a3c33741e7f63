"""The whole application on a fresh database, without a directory."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.installation import FreshContextClient, close, settings_for
from wsgi import build


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application with the pages of all three packages."""
    application = build(settings_for(database_url))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)
