"""A site of the tests that a proxy guards, and the proxy and browser in front of it as far as the provider sees them."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.relying_party import RelyingParty, register_party

ORIGIN = "https://baocao.example.vn"
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Site:
    """One origin of one client; its visitor keeps the site's cookies apart from the provider's."""

    party: RelyingParty
    origin: str = ORIGIN
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The name of the cookie that admits."""
        return f"__Host-hopnhat-site-{self.party.client_id}"

    def ask(self, browser: FlaskClient, path: str = "/bao-cao?quy=4", method: str = "GET", **parameters: str) -> TestResponse:
        """What the proxy asks about a request that the visitor sends."""
        sent = {"X-Forwarded-Method": method, "X-Forwarded-Uri": path, **NAVIGATION}
        return self._send(browser, "/forward-auth", sent, {"client_id": self.party.client_id, **parameters})

    def open(self, browser: FlaskClient, path: str, headers: dict[str, str] | None = None, **parameters: str) -> TestResponse:
        """What the visitor opens below /hopnhat/ of the site, as the proxy passes it on."""
        return self._open(browser, path, parameters, headers or {})

    def follow(self, browser: FlaskClient, response: TestResponse) -> TestResponse:
        """Go where this answer leads, a URL of the site."""
        location = response.headers["Location"]
        assert location.startswith(self.origin + "/hopnhat/"), location
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return self._open(browser, urlsplit(location).path.removeprefix("/hopnhat"), query)

    def sign_in(self, browser: FlaskClient, **wanted: str) -> TestResponse:
        """The whole way of somebody who is signed in at the provider: the answer that leads back to the page."""
        return self.follow(browser, self.authorize(browser, self._open(browser, "/sign-in", {"to": "/bao-cao?quy=4", **wanted})))

    def authorize(self, browser: FlaskClient, response: TestResponse) -> TestResponse:
        """The provider's answer to the authorization request that this redirect carries."""
        parts = urlsplit(response.headers["Location"])
        assert parts.path == "/authorize", response.headers["Location"]
        return browser.get(f"{parts.path}?{parts.query}")

    def _open(self, browser: FlaskClient, path: str, parameters: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
        return self._send(browser, f"/forward-auth/{self.party.client_id}{path}", NAVIGATION | (headers or {}), parameters)

    def _send(self, browser: FlaskClient, path: str, headers: dict[str, str], parameters: dict[str, str]) -> TestResponse:
        scheme, _, host = self.origin.partition("://")
        written = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent: dict[str, Any] = {"X-Forwarded-Proto": scheme, "X-Forwarded-Host": host, **headers}
        other = browser.application.test_client(use_cookies=False)
        response = other.get(path, query_string=parameters, headers=sent | ({"Cookie": written} if written else {}))
        for line in response.headers.getlist("Set-Cookie"):
            if found := re.match(r"([^=]+)=([^;]*)", line):
                self.cookies[found[1]] = found[2]
        return response


def register_site(origin: str = ORIGIN, **given: Any) -> Site:
    """Register a client that guards this origin."""
    return Site(register_party(redirect_uris=(f"{origin}/hopnhat/callback",), forward_auth_origins=(origin,), **given), origin)
