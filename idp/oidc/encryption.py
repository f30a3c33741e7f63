"""Encryption to a client: what only it may read, by a key that it published (RFC 7516; OpenID Connect Core §10.2)."""

from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import Key

from clients.registry import RegisteredClient
from idp.oidc.client_keys import keys_of

ALGORITHMS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCRYPTIONS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
DEFAULT_ENC = "A128CBC-HS256"  # OpenID Connect Registration §2
_registry = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCRYPTIONS])


class NoEncryptionKey(InvalidRequestError):  # type: ignore[misc]
    """The client has no key that this can be encrypted to; the description says so to its developer."""


def encrypt(client: RegisteredClient, payload: str | bytes, alg: str, enc: str | None, cty: str | None = None) -> str:
    """A compact JWE of the payload for this client. `cty` "JWT" says that inside is a signed one (RFC 7519 §5.2). Raises
    NoEncryptionKey."""
    key = _require_key(client, alg)
    header = {"alg": alg, "enc": enc or DEFAULT_ENC} | ({"kid": key.kid} if key.kid else {}) | ({"cty": cty} if cty else {})
    try:
        return jwe.encrypt_compact(header, payload, key, registry=_registry)
    except (JoseError, ValueError, TypeError):
        raise NoEncryptionKey(description=f"nothing can be encrypted to the client's key for {alg}") from None


def _require_key(client: RegisteredClient, alg: str) -> Key:
    for anew in (False, True):
        fitting = [key for key in keys_of(client, anew=anew).keys if _fits(key, alg)]
        if fitting:
            # A client that changes over publishes the new one first or last; one that says what it is for is meant most.
            return min(fitting, key=lambda key: (key.get("use") is None, key.get("alg") is None))
    raise NoEncryptionKey(description=f"the client has no key for {alg} in its jwks or at its jwks_uri")


def _fits(key: Key, alg: str) -> bool:
    if key.get("use") not in (None, "enc") or key.get("alg") not in (None, alg):
        return False
    if alg.startswith("RSA"):
        return key.key_type == "RSA"
    return key.key_type == "EC" or (key.key_type == "OKP" and getattr(key, "curve_name", "") in ("X25519", "X448"))
