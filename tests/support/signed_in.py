"""A browser in which somebody is signed in already, for tests of the pages behind the sign-in."""

import re
import uuid
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.database import in_transaction
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.roles.permissions import is_administrator
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL2, OTP, PASSWORD
from tests.support.people import add_person

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def add_official(
    role: Role | None = None, *, name: str = "Hoàng Thị Liên", unit_of_role: uuid.UUID | None = None, **given: Any
) -> uuid.UUID:
    """Somebody with a role, or with none."""
    person_id = add_person(f"o{uuid.uuid4().hex[:8]}", name, **given)
    if role is not None:
        in_transaction(lambda connection: grant(connection, person_id, role, unit_id=unit_of_role, actor="cli:test"))
    return person_id


def sign_in(app: Flask, person_id: uuid.UUID, acr: str = AAL2) -> FlaskClient:
    """A browser of its own in which this person is signed in."""
    administrator = is_administrator(person_id)
    with app.test_request_context("/"):
        value, _session_id = in_transaction(
            lambda connection: browser_sessions.start(
                connection, person_id=person_id, acr=acr, amr=(PASSWORD, OTP), shared_pc=False, administrator=administrator
            )
        )
        name = browser_sessions.cookie_name()
    browser = app.test_client()
    browser.set_cookie(name, str(value), domain="localhost")
    return browser


def browser_of(app: Flask, role: Role | None = None, **given: Any) -> FlaskClient:
    """A browser in which somebody with this role is signed in."""
    return sign_in(app, add_official(role, **given))


def send_form(browser: FlaskClient, path: str, form: dict[str, Any], *, page: str | None = None) -> TestResponse:
    """Open the page of a form (the same path, unless another is named) and send it filled in, as a browser does."""
    return browser.post(path, data={**form, "csrf_token": csrf_token(browser, page or path)})


def csrf_token(browser: FlaskClient, page: str) -> str:
    """The token in the page's form."""
    found = _TOKEN.search(browser.get(page).get_data(as_text=True))
    assert found, f"no form on {page}"
    return found.group(1)


def words_of(response: TestResponse) -> str:
    """The page's text as it was sent."""
    return response.get_data(as_text=True)
