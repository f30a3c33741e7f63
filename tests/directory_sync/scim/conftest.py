"""An installation that speaks SCIM, and a source that pushes."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from directory_sync.scim.setting_up import set_up_scim
from tests.support.scim import Pusher, add_source


@pytest.fixture
def scim_app(app: Flask) -> Flask:
    """The application with its SCIM service."""
    set_up_scim(app)
    return app


@pytest.fixture
def pusher(scim_app: Flask, browser: FlaskClient) -> Pusher:
    """A source for the whole province."""
    return add_source(browser)
