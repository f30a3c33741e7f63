"""Client assertions as a client's own program makes them, right or with something wrong in them."""

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from idp import clock
from tests.support.installation import ISSUER
from tests.support.relying_party import RelyingParty

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "pss"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
JWKS = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}


def signed(claims: dict[str, Any], alg: str, key: Key, **header: Any) -> str:
    """A JWT with this header; None leaves a member out."""
    told = {"alg": alg, "typ": "JWT", **({"kid": key.kid} if key.key_type != "oct" else {}), **header}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = 64 * 1024
    return jwt.encode({name: value for name, value in told.items() if value is not None}, claims, key, registry=registry)


def encoded(text: str) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed_by_hmac(claims: dict[str, Any], secret: bytes, kid: str | None) -> str:
    """A JWT of HS256 by any bytes, also those that no honest library takes for a secret."""
    header = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
    text = f"{encoded(json.dumps(header))}.{encoded(json.dumps(claims))}"
    made = hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def claims_of(party: RelyingParty, **more: Any) -> dict[str, Any]:
    """The claims of a right assertion, changed by the keyword arguments; None leaves one out."""
    now = int(clock.now().timestamp())
    told = {"iss": party.client_id, "sub": party.client_id, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60, **more}
    return {name: value for name, value in told.items() if value is not None}


def assertion(
    party: RelyingParty, alg: str = "ES256", *, header: dict[str, Any] | None = None, key: Key | None = None, **claims: Any
) -> str:
    """An assertion of this client."""
    used = key or (OctKey.import_key(party.secret or "") if alg.startswith("HS") else KEYS[alg if alg != "Ed25519" else "EdDSA"])
    return signed(claims_of(party, **claims), alg, used, **(header or {}))


def show(browser: FlaskClient, written: str, path: str = "/token", **form: str) -> TestResponse:
    """Send an assertion, with a request that fails later when the client is known."""
    told = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion": written, "client_assertion_type": TYPE, **form}
    return browser.post(path, data=told)


def is_known(response: TestResponse) -> bool:
    """Whether the client was believed: then the invented refresh token is what is wrong."""
    told: str = response.get_json()["error"]
    assert told in ("invalid_grant", "invalid_client"), response.text
    assert response.status_code == (401 if told == "invalid_client" else 400)
    return told == "invalid_grant"
