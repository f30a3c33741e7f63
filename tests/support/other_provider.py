"""A provider of somebody else, served on loopback: it says what a test tells it to say, right or wrong."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from clients.demo.logout_token import EVENT
from tests.support.services import free_port

KEY = RSAKey.generate_key(2048, {"kid": "other-1"})


class OtherProvider:
    """What it will say: `claims` of the next ID token and `told` by userinfo, beside what is right for `client_id`."""

    def __init__(self, issuer: str) -> None:
        self.issuer, self.client_id, self.nonce = issuer, "", ""
        self.claims: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.token_error: str | None = None

    def asked(self, address: str) -> dict[str, str]:
        """Read the authorization request that a browser was sent with, as the provider would; return its parameters."""
        request = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.client_id, self.nonce = request["client_id"], request.get("nonce", self.nonce)
        return request

    def id_token(self) -> str:
        """The next ID token."""
        now = int(time.time())
        right = {
            "iss": self.issuer, "aud": self.client_id, "sub": "s1", "sid": "x1", "nonce": self.nonce, "iat": now, "exp": now + 300,
            "auth_time": now, "acr": "urn:hopnhat:aal2", "amr": ["pwd", "otp"],
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "other-1"}, {**right, **self.claims}, KEY, algorithms=["RS256"])

    def logout_token(self, **given: Any) -> str:
        """A logout token for the session x1 of the person s1."""
        now = int(time.time())
        right = {
            "iss": self.issuer, "aud": self.client_id, "sub": "s1", "sid": "x1", "iat": now, "exp": now + 120, "jti": str(time.time_ns()),
            "events": {EVENT: {}},
        }  # fmt: skip
        claims = {name: value for name, value in {**right, **given}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "other-1", "typ": "logout+jwt"}, claims, KEY, algorithms=["RS256"], default_type=None)

    def metadata(self) -> dict[str, Any]:
        """Its discovery document."""
        endpoints = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{name}" for name in endpoints},
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def token(self) -> tuple[dict[str, Any], int]:
        """Its answer to every token request."""
        if self.token_error:
            return {"error": self.token_error}, 400
        return {
            "access_token": "a", "token_type": "Bearer", "expires_in": 600, "refresh_token": "r", "id_token": self.id_token(),
        }, 200  # fmt: skip

    def userinfo(self) -> dict[str, Any]:
        """Its answer to every userinfo request."""
        unit = {"code": "00715", "name": "UBND xã Lũng Cú", "level": "commune"}
        return {"sub": "s1", "name": "Giàng A Páo", "title": "Công chức", "unit": unit, "unit_path": [unit], **self.told}


@contextmanager
def other_provider() -> Iterator[OtherProvider]:
    """Serve it for the block."""
    port = free_port()
    provider = OtherProvider(f"http://127.0.0.1:{port}")
    app = Flask("other_provider")
    app.add_url_rule("/.well-known/openid-configuration", view_func=provider.metadata)
    app.add_url_rule("/jwks_uri", view_func=lambda: KeySet([KEY]).as_dict(private=False), endpoint="jwks")
    app.add_url_rule("/token_endpoint", view_func=provider.token, methods=["POST"])
    app.add_url_rule("/userinfo_endpoint", view_func=provider.userinfo)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
