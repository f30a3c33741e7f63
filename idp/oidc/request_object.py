"""Request objects (RFC 9101, OpenID Connect Core §6): the parameters of an authorization request inside a JWT of the client."""

import json
from dataclasses import dataclass
from typing import Any

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import clock
from idp.compact_jws import SignatureWrong, SignedJwt, UnreadableJwt, read, seconds_of, verify
from idp.oidc.client_keys import keys_of
from idp.oidc.decryption import decrypt, is_encrypted
from idp.oidc.key_material import family
from idp.settings import current_settings

LARGEST = 16 * 1024  # bytes
UNSIGNED = "none"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")  # the last is the name that RFC 9864 gives to the one before
TYPE = "oauth-authz-req+jwt"
SKEW_SECONDS = 60.0
LONGEST_LIFE_SECONDS = OLDEST_SECONDS = 3600.0  # FAPI 2.0 Message Signing §5.3.1
_ABOUT_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_INVALID = "invalid_request_object"


class RequestObjectRefused(Exception):
    """A request object that does not count. `description` is ASCII for the client's developer; `parameters` are what the client
    has said when it is certain that it was the client, for the way back."""

    def __init__(self, description: str, parameters: dict[str, str] | None = None) -> None:
        super().__init__(description)
        self.error, self.description, self.parameters = _INVALID, description, parameters


@dataclass(frozen=True)
class RequestObject:
    """What a client has said in a request object. `is_alone`: it says it is one of RFC 9101, so that nothing beside it counts."""

    parameters: dict[str, str]
    is_signed: bool
    is_alone: bool


def read_request_object(text: str, client: RegisteredClient) -> RequestObject:
    """The parameters in a request object of this client; one that is encrypted to us is opened first (RFC 9101 §6.1). Raises RequestObjectRefused."""
    try:
        jwt = _read(text)
        is_signed = jwt.alg != UNSIGNED
        _check_signature(jwt, client)
        parameters = _parameters_in(jwt.claims)
    except (UnreadableJwt, SignatureWrong) as wrong:
        raise RequestObjectRefused(str(wrong)) from None
    try:
        _check_claims(jwt, client)
    except UnreadableJwt as wrong:
        raise RequestObjectRefused(str(wrong), parameters if is_signed else None) from None
    return RequestObject({**parameters, "client_id": client.client_id}, is_signed, _type_of(jwt) == TYPE)


def _read(text: str) -> SignedJwt:
    if is_encrypted(text):
        text = decrypt(text)
    if text.endswith("."):
        # An unsigned one ends in an empty signature. With any other it can be read as strictly, and as "none" only.
        jwt = read(text + "AAAA", LARGEST)
        if jwt.alg != UNSIGNED:
            raise UnreadableJwt("the signature is missing")
        return jwt
    jwt = read(text, LARGEST)
    if jwt.alg == UNSIGNED:
        raise UnreadableJwt("alg is none, and there is a signature")
    return jwt


def _check_signature(jwt: SignedJwt, client: RegisteredClient) -> None:
    metadata, profile = client.metadata, profile_of(client.metadata)
    registered, within = metadata.request_object_signing_alg, profile.signing_algorithms or ALGORITHMS
    if jwt.alg == UNSIGNED:
        may_be_unsigned = registered == UNSIGNED and not metadata.require_signed_request_object and profile.signing_algorithms is None
        if not may_be_unsigned:
            raise SignatureWrong("the request object must be signed")
        return
    kinds = {family(alg) for alg in within if registered is None or family(alg) == family(registered)}
    allowed = [alg for alg in ALGORITHMS if family(alg) in kinds]
    if jwt.alg not in allowed:
        raise SignatureWrong(f"alg must be one of: {' '.join(allowed)}")
    try:
        verify(jwt, keys_of(client), allowed)
    except SignatureWrong:
        if client.metadata.jwks_uri is None:
            raise
        verify(jwt, keys_of(client, anew=True), allowed)  # it may have changed its keys


def _type_of(jwt: SignedJwt) -> str:
    return str(jwt.header.get("typ", "")).lower().removeprefix("application/")


def _check_claims(jwt: SignedJwt, client: RegisteredClient) -> None:
    claims, is_strict = jwt.claims, profile_of(client.metadata).complete_request_objects
    # A client assertion is signed by the same keys: neither may pass for the other (RFC 9101 §10.8).
    if _type_of(jwt) not in ("", "jwt", TYPE) or claims.get("sub") == client.client_id:
        raise UnreadableJwt("the JWT is of another kind")
    for name in ("request", "request_uri"):
        if name in claims:
            raise UnreadableJwt(f"a request object cannot hold {name}")
    if claims.get("client_id", client.client_id) != client.client_id:
        raise UnreadableJwt("client_id is another one inside")
    if claims.get("iss", client.client_id) != client.client_id or (is_strict and "iss" not in claims):
        raise UnreadableJwt("iss must be the client_id")
    audience = claims.get("aud", None if is_strict else current_settings().issuer)
    if current_settings().issuer not in (audience if isinstance(audience, list) else [audience]):
        raise UnreadableJwt("aud must hold the issuer")
    _check_times(claims, is_strict)


def _check_times(claims: dict[str, Any], is_strict: bool) -> None:
    now = clock.now().timestamp()
    exp, nbf = seconds_of(claims, "exp"), seconds_of(claims, "nbf")
    if exp is not None and exp <= now:
        raise UnreadableJwt("the request object has expired")
    if nbf is not None and nbf > now + SKEW_SECONDS:
        raise UnreadableJwt("the request object is not valid yet")
    if is_strict and (exp is None or nbf is None or exp - nbf > LONGEST_LIFE_SECONDS or nbf < now - OLDEST_SECONDS):
        raise UnreadableJwt("nbf and exp are needed: an hour apart at most, and nbf an hour ago at most")


def _parameters_in(claims: dict[str, Any]) -> dict[str, str]:
    """The claims as parameters: numbers and objects as JSON writes them (RFC 9101 §4), an empty value left out."""
    told = {name: _written(name, value) for name, value in claims.items() if name not in _ABOUT_THE_JWT and value is not None}
    return {name: value for name, value in told.items() if value}


def _written(name: str, value: Any) -> str:
    if name == "resource" and isinstance(value, list) and all(isinstance(one, str) and " " not in one for one in value):
        return " ".join(value)
    written = value if isinstance(value, str) else json.dumps(value)
    if "\0" in written or not _is_utf8(written):
        raise UnreadableJwt("a parameter is not text")
    return written


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
