"""A program of people outside: Authlib's client in Python, knowing the provider by its discovery document and demo.json only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.sync_api import Page

from tests.support.demo import Account, Demo
from tests.support.official import at_step, give_password, press, read_notice

SCOPE = "openid profile email phone staff offline_access"


@dataclass
class ExternalClient:
    """The client `external` of a demo, or another one that was registered."""

    client_id: str
    client_secret: str
    redirect_uri: str
    metadata: dict[str, Any]
    scope: str = SCOPE

    @classmethod
    def of(cls, demo: Demo, client: dict[str, Any] | None = None, scope: str = SCOPE) -> "ExternalClient":
        """The client as demo.json, or a command, tells it."""
        told = client or demo.client("external")
        metadata = requests.get(f"{demo.issuer}/.well-known/openid-configuration", timeout=10).json()
        assert metadata["issuer"] == demo.issuer
        return cls(told["client_id"], told["client_secret"], told["redirect_uris"][0], metadata, scope)

    def _session(self, **given: Any) -> OAuth2Session:
        return OAuth2Session(
            self.client_id, self.client_secret, scope=self.scope, redirect_uri=self.redirect_uri, code_challenge_method="S256", **given
        )

    def sign_in(self, page: Page, account: Account) -> dict[str, Any]:
        """Let somebody sign in with their password; return the tokens, the ID token's claims among them as `claims`."""
        verifier, nonce = generate_token(64), generate_token(20)
        address, state = self._session().create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )  # fmt: skip
        page.goto(address)
        if at_step(page) == "/sign-in":
            give_password(page, account)
        read_notice(page)
        assert page.url.startswith(self.redirect_uri), page.url
        assert parse_qs(urlsplit(page.url).query)["iss"] == [self.metadata["issuer"]]
        token = self._session(state=state).fetch_token(
            self.metadata["token_endpoint"], authorization_response=page.url, code_verifier=verifier
        )  # fmt: skip
        claims = self.verified(token["id_token"])
        assert claims["nonce"] == nonce
        return {**token, "claims": claims}

    def verified(self, id_token: str) -> dict[str, Any]:
        """The claims of an ID token signed by the provider for this client."""
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=10).json())
        claims = jwt.decode(id_token, keys, algorithms=["RS256"]).claims
        wanted = {"iss": {"essential": True, "value": self.metadata["issuer"]}, "aud": {"essential": True, "value": self.client_id}}
        jwt.JWTClaimsRegistry(**wanted, exp={"essential": True}).validate(claims)  # type: ignore[arg-type]
        return dict(claims)

    def userinfo(self, access_token: str) -> requests.Response:
        """Ask who the token is about."""
        return requests.get(self.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {access_token}"}, timeout=10)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Use a refresh token. Raises OAuthError when the provider refuses it."""
        return cast("dict[str, Any]", dict(self._session().refresh_token(self.metadata["token_endpoint"], refresh_token=refresh_token)))

    def refusal(self, refresh_token: str) -> str | None:
        """The error that a refresh token is refused with; None when it is taken."""
        try:
            self.refresh(refresh_token)
        except OAuthError as error:
            return str(error.error)
        return None

    def sign_out(self, page: Page, id_token: str, back_to: str) -> None:
        """Send the browser to sign out, and wait until it is back."""
        query = requests.models.PreparedRequest()
        fields = {"id_token_hint": id_token, "post_logout_redirect_uri": back_to, "state": "s", "client_id": self.client_id}
        query.prepare_url(self.metadata["end_session_endpoint"], fields)
        page.goto(str(query.url))
        if not page.url.startswith(back_to):
            press(page, "#continue")
        assert page.url == f"{back_to}?state=s", page.url


class _Landing(ThreadingHTTPServer):
    allow_reuse_port = True  # several test runs on one machine share the port that the contract fixes


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"the program's own page")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def program_listens(port: int) -> Iterator[None]:
    """Answer on the program's port, so that a browser sent there arrives."""
    with _Landing(("127.0.0.1", port), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()
