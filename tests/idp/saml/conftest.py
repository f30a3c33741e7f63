"""The application with SAML on."""

from collections.abc import Iterator

import pytest
from flask import Flask

from idp.app import create_app
from idp.saml.setting_up import set_up_saml
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.saml_party import Party


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """As everywhere, with SAML on."""
    application = create_app(settings_for(database_url, saml=True))
    set_up_saml(application)
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def party(app: Flask) -> Party:
    """A registered application that signs its requests."""
    return Party().register()
