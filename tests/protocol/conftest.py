"""What the tests of the protocol begin with: a client, an official, and a browser in which that official is signed in."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A confidential client that may ask for everything."""
    return register_party()


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    """An active official."""
    return add_person()


@pytest.fixture
def session_id(browser: FlaskClient, person_id: uuid.UUID) -> uuid.UUID:
    """The official's live session in the browser, signed in with a password."""
    return sign_in(browser, person_id)
