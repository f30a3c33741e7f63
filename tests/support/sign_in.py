"""A person in front of the sign-in pages: what they see, type and click, without JavaScript."""

import re
import uuid
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.credentials import recovery_codes, totp
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, new_id
from idp.sessions import browser_sessions, sign_in_request
from idp.sessions.sign_in_request import SignInRequest
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.people import add_person


def official(directory: BindDirectory, username: str = "vmsinh", *, newcomer: bool = False, **given: Any) -> uuid.UUID:
    """A person of the directory, as a sync puts them down; not a newcomer: the notice is read."""
    facts = {} if newcomer else {"notice_acknowledged_at": clock.now()}
    return add_person(username, **{**facts, **directory.person(username), **given})


def enrolled_phone(person_id: uuid.UUID, *, codes: list[NewCode] | None = None) -> str:
    """The secret in a phone enrolled some time ago, and maybe a sheet of recovery codes put away."""
    session_id = new_id()
    pending = in_transaction(lambda c: totp.begin_enrollment(c, person_id, session_id, "Điện thoại"))
    in_transaction(lambda c: totp.confirm_enrollment(c, person_id, pending.credential_id, 0))
    if codes:
        in_transaction(lambda c: recovery_codes.issue(c, person_id, session_id, codes))
        in_transaction(lambda c: recovery_codes.confirm(c, person_id, session_id))
    return str(pending.secret)


def code_on(secret: str) -> str:
    """What the phone shows at this moment."""
    return pyotp.HOTP(secret).at(int(clock.now().timestamp()) // 30)


class Visitor:
    """Somebody at a browser, signing in for something."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.browser: FlaskClient = app.test_client()
        self.page: TestResponse | None = None
        self.flow = ""

    def asks(self, **given: Any) -> TestResponse:
        """An application sends them to the sign-in page."""
        wanted = SignInRequest(**{"return_to": "/authorize/resume", "payload": {"for": "test"}, **given})
        with self.app.app_context(), self.app.test_request_context("/authorize", headers=self._cookies()):
            response = sign_in_request.begin(wanted)
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.browser.set_cookie(name, value)
        return self.opens(response.location)

    def _cookies(self) -> dict[str, str]:
        cookie = self.browser.get_cookie(sign_in_request.browser_cookie_name())
        return {"Cookie": f"{cookie.key}={cookie.value}"} if cookie else {}

    def opens(self, url: str) -> TestResponse:
        """Open a page; redirects inside sign-in are followed, the one out of it is not."""
        self._note_flow(url)
        return self._follow(self.browser.get(url))

    def _note_flow(self, url: str) -> None:
        self.flow = parse_qs(urlsplit(url).query).get("flow", [self.flow])[0]

    def _follow(self, response: TestResponse) -> TestResponse:
        while response.status_code == 303 and urlsplit(response.location).path.startswith("/sign-in"):
            self._note_flow(response.location)
            response = self.browser.get(response.location)
        self.page = response
        return response

    @property
    def path(self) -> str:
        """Where they are."""
        assert self.page is not None
        return self.page.request.path

    @property
    def text(self) -> str:
        """What the page says."""
        assert self.page is not None
        return unescape(self.page.text)

    @property
    def left_to(self) -> str | None:
        """Where sign-in sent them in the end."""
        assert self.page is not None
        return self.page.location

    def form(self) -> dict[str, str]:
        """The hidden fields of the page's form."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.page.text if self.page else "")
        return {name: unescape(value) for name, value in found}

    def sends(self, path: str | None = None, **fields: str) -> TestResponse:
        """Send the page's form, to its own URL unless another path is given."""
        assert self.page is not None
        url = path or self.path
        query = f"?flow={self.flow}" if "?" not in url else ""
        return self._follow(self.browser.post(url + query, data={**self.form(), **fields}))

    def types_password(self, username: str = "vmsinh", password: str = PASSWORD, **fields: str) -> TestResponse:
        """The first step."""
        return self.sends(username=username, password=password, **fields)

    def cookie(self) -> str | None:
        """The value of the session cookie."""
        cookie = self.browser.get_cookie(browser_sessions.cookie_name())
        return cookie.value if cookie else None

    def session(self) -> browser_sessions.LiveSession | None:
        """The session that the pages of this server see."""
        value = self.cookie()
        return browser_sessions.find(value) if value else None
