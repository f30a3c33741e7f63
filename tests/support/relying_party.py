"""A small relying party of the tests: it registers, asks for a code, redeems it, refreshes, asks who that is, signs out."""

import base64
import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from clients.metadata import ClientMetadata
from clients.registration import register
from idp.database import in_transaction
from idp.sessions import assurance, browser_sessions

ALL_SCOPES = "openid profile email phone address staff offline_access"
REDIRECT_URI = "https://rp.test/cb"


def sign_in(browser: FlaskClient, person_id: uuid.UUID, acr: str = assurance.AAL1, *, administrator: bool = False) -> uuid.UUID:
    """Put a live session of this person into the browser, as the sign-in pages would; return its id."""
    amr = ("pwd",) if acr == assurance.AAL1 else ("pwd", "otp", "mfa")

    def start(connection: Connection) -> tuple[str, uuid.UUID]:
        return browser_sessions.start(connection, person_id=person_id, acr=acr, amr=amr, shared_pc=False, administrator=administrator)

    value, session_id = in_transaction(start)
    browser.set_cookie(browser_sessions.cookie_name(), value)
    return session_id


@dataclass
class RelyingParty:
    """One registered client, as its own program would act."""

    client_id: str
    secret: str | None
    key: uuid.UUID
    redirect_uri: str
    auth_method: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """S256 of the verifier (RFC 7636 §4.2)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def request(self, **more: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def authorize(self, browser: FlaskClient, **more: str | None) -> TestResponse:
        """Send the browser to /authorize."""
        return browser.get("/authorize", query_string=self.request(**more))

    def answer(self, response: TestResponse) -> dict[str, str]:
        """The parameters that came back to the redirect URI."""
        assert response.status_code == 303, (response.status_code, response.text)
        location = response.headers["Location"]
        joint = "&" if "?" in self.redirect_uri else "?"
        assert location.startswith(self.redirect_uri + joint), location
        return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))

    def code(self, browser: FlaskClient, **more: str | None) -> str:
        """A code for the person signed in to the browser."""
        return self.answer(self.authorize(browser, **more))["code"]

    def headers(self) -> dict[str, str]:
        """How it proves itself at the token endpoint, when by header."""
        if self.auth_method != "client_secret_basic":
            return {}
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret or '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def post(self, browser: FlaskClient, form: dict[str, str | None]) -> TestResponse:
        """A request to the token endpoint, authenticated; None leaves a field out."""
        sent = {name: value for name, value in form.items() if value is not None}
        if self.auth_method != "client_secret_basic":
            sent.setdefault("client_id", self.client_id)
        if self.auth_method == "client_secret_post":
            sent.setdefault("client_secret", self.secret or "")
        return browser.post("/token", data=sent, headers=self.headers())

    def redeem(self, browser: FlaskClient, code: str, **more: str | None) -> TestResponse:
        """Exchange a code."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.post(browser, form | more)

    def tokens(self, browser: FlaskClient, **more: str | None) -> dict[str, Any]:
        """The whole way: the token response."""
        response = self.redeem(browser, self.code(browser, **more))
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.get_json()
        return told

    def refresh(self, browser: FlaskClient, refresh_token: str, **more: str | None) -> TestResponse:
        """Exchange a refresh token."""
        return self.post(browser, {"grant_type": "refresh_token", "refresh_token": refresh_token, **more})

    def userinfo(self, browser: FlaskClient, access_token: str) -> TestResponse:
        """Ask who the access token is of."""
        return browser.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})


def register_party(**given: Any) -> RelyingParty:
    """Register a client and be it; keyword arguments are those of ClientMetadata."""
    wanted = ClientMetadata(**{"client_name": "Quản lý văn bản", "redirect_uris": (REDIRECT_URI,), "scope": ALL_SCOPES, **given})
    made = in_transaction(lambda connection: register(connection, wanted, actor="cli:test"))
    return RelyingParty(
        made.client_id,
        made.client_secret,
        made.key,
        wanted.redirect_uris[0] if wanted.redirect_uris else "",
        wanted.token_endpoint_auth_method,
    )
