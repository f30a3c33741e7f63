"""A provider and one of the demo's applications, both served on loopback, and the browsers in front of them: for integration checks."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import requests
from flask import Flask
from flask.testing import FlaskClient

from clients.demo.application import create_application
from clients.demo.relying_party import LOOKS
from clients.demo.relying_party import RelyingParty as DemoParty
from clients.metadata import ClientMetadata
from clients.registration import register
from idp import outbox
from idp.app import create_app
from idp.database import in_transaction
from idp.oidc import key_rotation
from idp.oidc.backchannel_logout import DELIVERERS
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import csrf_token, words_of

_BADGE = re.compile(r'id="step-(\w+)">\s*<h2>.*?<span class="badge (\w+)">', re.DOTALL)
_LINK = re.compile(r'<code id="test-link">([^<]+)</code>')
_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@dataclass
class Checked:
    """One application under check, and its provider."""

    app: Flask
    url: str
    client_id: str
    home: str

    @property
    def page(self) -> str:
        """The page of the check."""
        return f"/console/clients/{self.client_id}/check"

    def press(self, admin: FlaskClient, deed: str = "", **form: str) -> str:
        """Send one of the page's forms; the page that follows. `deed` empty: begin."""
        answer = admin.post(f"{self.page}/{deed}".rstrip("/"), data={**form, "csrf_token": csrf_token(admin, self.page)})
        return words_of(admin.get(self.page)) if answer.status_code == 303 else words_of(answer)

    def steps(self, admin: FlaskClient) -> dict[str, str]:
        """The state of each step, as its badge shows it."""
        return dict(_BADGE.findall(words_of(admin.get(self.page))))

    def link(self, admin: FlaskClient) -> str:
        """A link of the test person."""
        found = _LINK.search(self.press(admin, "test-person"))
        assert found
        return unescape(found.group(1))

    def window(self, link: str) -> requests.Session:
        """A private window in which the test person was signed in by a link, and is in the application."""
        window = requests.Session()
        assert submit(window, link).status_code == 200
        desk = window.get(f"{self.home}/sign-in", timeout=10)
        assert 'id="person-name"' in desk.text, desk.text
        return window

    def deliver(self) -> None:
        """What the worker does with the outbox: sessions that ended become messages, messages are sent."""
        with self.app.app_context():
            for _turn in range(3):
                outbox.deliver_due(DELIVERERS)


def submit(window: requests.Session, url: str, button: str = "") -> requests.Response:
    """Open a page and send its form (the one of `button`, an action), as it is."""
    page = window.get(url, timeout=10)
    form = next((part for part in page.text.split("<form")[1:] if button in part), "")
    action = re.search(r'action="([^"]+)"', form.partition(">")[0])
    target = requests.compat.urljoin(page.url, unescape(action.group(1))) if action else page.url
    return window.post(target, data={name: unescape(value) for name, value in _FIELD.findall(form.partition("</form>")[0])}, timeout=10)


@contextmanager
def checked_application(database_url: str, look: str = "van-ban", **given: Any) -> Iterator[Checked]:
    """Both of them, as long as the block lasts; `given` goes into the application's registration."""
    port, its_port = free_port(), free_port()
    issuer, home = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{its_port}"
    app = create_app(settings_for(database_url, issuer=issuer, outbound_allow=f"127.0.0.1:{its_port}"))
    app.test_client_class = FreshContextClient
    with ExitStack() as stack:
        stack.enter_context(app.app_context())
        in_transaction(key_rotation.create_missing)
        wanted = {
            "client_name": "Quản lý văn bản", "redirect_uris": (f"{home}/callback",), "post_logout_redirect_uris": (f"{home}/signed-out",),
            "backchannel_logout_uri": f"{home}/backchannel-logout", "client_uri": f"{home}/",
            "scope": "openid profile email staff offline_access", **given,
        }  # fmt: skip
        made = in_transaction(lambda connection: register(connection, ClientMetadata(**wanted), actor="cli:test"))
        party = DemoParty(LOOKS[look], home, issuer, made.client_id, str(made.client_secret or ""))
        stack.enter_context(served(app, port))
        stack.enter_context(served(create_application(party), its_port))
        yield Checked(app, issuer, made.client_id, home)
    close(app)
