"""A relying party with keys of its own: it signs assertions, request objects and DPoP proofs, and pushes its requests."""

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from werkzeug.test import TestResponse

from clients.metadata import PRIVATE_KEY_JWT, ClientMetadata
from clients.registration import register
from idp import clock
from idp.database import in_transaction
from tests.support.installation import ISSUER
from tests.support.relying_party import ALL_SCOPES, REDIRECT_URI, RelyingParty

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALL = jws.JWSRegistry(algorithms=["RS256", "PS256", "ES256", "EdDSA", "Ed25519", "HS256"], strict_check_header=False)


def new_key(alg: str, kid: str | None = None) -> Key:
    """A fresh private key for this algorithm."""
    parameters: Any = {"kid": kid or f"{alg}-{uuid.uuid4().hex[:6]}"}
    if alg in ("RS256", "PS256"):
        return RSAKey.generate_key(2048, parameters)
    return ECKey.generate_key("P-256", parameters) if alg == "ES256" else OKPKey.generate_key("Ed25519", parameters)


def sign(alg: str, key: Key, claims: dict[str, Any], **header: Any) -> str:
    """A compact JWS of these claims; None in the header leaves a member out."""
    return sign_text(alg, key, json.dumps(claims), **header)


def sign_text(alg: str, key: Key, text: str, **header: Any) -> str:
    """The same of any text."""
    whole = {"alg": alg, "kid": key.kid, **header}
    return jws.serialize_compact({name: value for name, value in whole.items() if value is not None}, text, key, registry=_ALL)


def unsigned(claims: dict[str, Any]) -> str:
    """A JWT of alg none."""
    return f"{_encoded(json.dumps({'alg': 'none'}))}.{_encoded(json.dumps(claims))}."


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@dataclass
class KeyedParty(RelyingParty):
    """A registered client with a key that it signs with."""

    alg: str = "ES256"
    signing_key: Key = field(default_factory=lambda: new_key("ES256"))
    dpop_key: Key = field(default_factory=lambda: new_key("ES256"))

    def assertion(self, **claims: Any) -> dict[str, str]:
        """The two fields of private_key_jwt."""
        now = int(clock.now().timestamp())
        whole = {
            "iss": self.client_id, "sub": self.client_id, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "nbf": now, "exp": now + 60,
            **claims,
        }  # fmt: skip
        kept = {name: value for name, value in whole.items() if value is not None}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sign(self.alg, self.signing_key, kept)}

    def request_object(self, *, alg: str | None = None, key: Key | None = None, typ: str | None = None, **more: Any) -> str:
        """A signed request object of the usual request; None leaves a claim out."""
        now = int(clock.now().timestamp())
        whole = {**self.request(), "iss": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300, **more}
        kept = {name: value for name, value in whole.items() if value is not None}
        return sign(alg or self.alg, key or self.signing_key, kept, typ=typ)

    def proof(self, method: str, path: str, *, key: Key | None = None, **claims: Any) -> dict[str, str]:
        """The DPoP header of one request."""
        key = key or self.dpop_key
        whole = {"jti": uuid.uuid4().hex, "htm": method, "htu": ISSUER + path, "iat": int(clock.now().timestamp()), **claims}
        return {"DPoP": sign("ES256", key, whole, kid=None, typ="dpop+jwt", jwk=key.as_dict(private=False))}

    def push(self, browser: FlaskClient, form: Any = None, **more: Any) -> TestResponse:
        """Push the usual request, or this form; headers under `headers`, claims of the assertion under `assertion`."""
        headers, claims = more.pop("headers", {}), more.pop("assertion", {})
        sent = self.request(**more) if form is None else form
        return browser.post("/par", data={**sent, **self.assertion(**claims)}, headers=headers)

    def pushed(self, browser: FlaskClient, **more: Any) -> str:
        """The request_uri of the usual request, pushed."""
        response = self.push(browser, **more)
        assert response.status_code == 201, response.text
        request_uri: str = response.get_json()["request_uri"]
        return request_uri

    def open(self, browser: FlaskClient, request_uri: str, **beside: str) -> TestResponse:
        """Send the browser to /authorize with a reference."""
        return browser.get("/authorize", query_string={"client_id": self.client_id, "request_uri": request_uri, **beside})


def register_keyed(alg: str = "ES256", **given: Any) -> KeyedParty:
    """Register a client that proves itself by its key and be it; keyword arguments are those of ClientMetadata."""
    key = new_key(alg)
    facts: dict[str, Any] = {
        "client_name": "Một cửa điện tử", "redirect_uris": (REDIRECT_URI,), "scope": ALL_SCOPES, "id_token_signed_response_alg": "ES256",
        "token_endpoint_auth_method": PRIVATE_KEY_JWT, "jwks": {"keys": [key.as_dict(private=False)]}, **given,
    }  # fmt: skip
    wanted = ClientMetadata(**facts)
    made = in_transaction(lambda connection: register(connection, wanted, actor="cli:test"))
    return KeyedParty(
        made.client_id, None, made.key, wanted.redirect_uris[0] if wanted.redirect_uris else "", PRIVATE_KEY_JWT, alg=alg, signing_key=key
    )


def thumbprint(key: Key) -> str:
    """RFC 7638."""
    return str(key.thumbprint())


def error_page(response: TestResponse) -> bool:
    """Whether a person was shown that it cannot go on, and nothing was sent anywhere."""
    return response.status_code == 400 and "Location" not in response.headers and "<h1>" in response.text


def parameters_of(response: TestResponse) -> dict[str, str]:
    """What came back to the client in the query."""
    assert response.status_code == 303, response.text
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}
