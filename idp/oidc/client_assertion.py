"""Client assertions: a client proves itself by a JWT it has signed (RFC 7523 §2.2, OpenID Connect Core §9, FAPI 2.0 §5.3.2.1)."""

from datetime import timedelta
from typing import Any

from flask import request
from joserfc.jwk import Key, OctKey

from clients.client_secrets import open_secret
from clients.metadata import CLIENT_SECRET_JWT, PRIVATE_KEY_JWT
from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import clock
from idp.compact_jws import SYMMETRIC, SignatureWrong, SignedJwt, UnreadableJwt, read, seconds_of, verify
from idp.database import in_transaction
from idp.oidc.client_keys import keys_of
from idp.settings import current_settings
from idp.spent_identifiers import spend

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = {CLIENT_SECRET_JWT: SYMMETRIC, PRIVATE_KEY_JWT: ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")}
TYPES = frozenset({"jwt", "client-authentication+jwt"})  # a JWT made for something else is no assertion (RFC 8725 §3.11)
SKEW_SECONDS, LONGEST_SECONDS, LONGEST_JTI = 30, 300, 255


class AssertionRefused(Exception):
    """The assertion does not prove the client. The text is for operators and holds nothing of the assertion."""


def read_assertion(text: str) -> SignedJwt:
    """The assertion as sent; who sent it is still a mere claim. Raises AssertionRefused."""
    try:
        return read(text)
    except UnreadableJwt as unreadable:
        raise AssertionRefused(str(unreadable)) from None


def require_proof(client: RegisteredClient, assertion: SignedJwt) -> None:
    """Check that this client made the assertion, for us, just now, and has not shown it before: of any number of copies at once
    one is accepted. Raises AssertionRefused."""
    try:
        claims = _verified(client, assertion)
        _check_claims(client, claims)
    except (UnreadableJwt, SignatureWrong) as wrong:
        raise AssertionRefused(str(wrong)) from None
    until = clock.now() + timedelta(seconds=LONGEST_SECONDS + 2 * SKEW_SECONDS)
    jti = str(claims["jti"])
    if not in_transaction(lambda connection: spend(connection, "client_assertion", client.client_id, jti, until=until)):
        raise AssertionRefused("its jti was shown before")


def _verified(client: RegisteredClient, assertion: SignedJwt) -> dict[str, Any]:
    if str(assertion.header.get("typ", "JWT")).lower() not in TYPES:
        raise AssertionRefused("its typ says that it is something else")
    algorithms = _algorithms(client)
    if client.token_endpoint_auth_method == CLIENT_SECRET_JWT:
        return verify(assertion, _secrets(client), algorithms)
    try:
        return verify(assertion, keys_of(client), algorithms)
    except SignatureWrong:
        if client.metadata.jwks_uri is None:
            raise
        return verify(assertion, keys_of(client, anew=True), algorithms)  # it may have changed its keys


def _algorithms(client: RegisteredClient) -> tuple[str, ...]:
    profile, only = profile_of(client.metadata).signing_algorithms, client.metadata.token_endpoint_auth_signing_alg
    allowed = {_one_name(alg) for alg in ALGORITHMS[client.token_endpoint_auth_method]}
    for narrower in (profile, (only,) if only else None):
        allowed &= {_one_name(alg) for alg in narrower} if narrower is not None else allowed
    return tuple(alg for alg in ALGORITHMS[client.token_endpoint_auth_method] if _one_name(alg) in allowed)


def _one_name(alg: str) -> str:
    return "EdDSA" if alg == "Ed25519" else alg  # RFC 9864 §2.2: the same, said exactly


def _secrets(client: RegisteredClient) -> list[Key]:
    now = clock.now()
    living = [secret for secret in client.secrets if secret.expires_at is None or secret.expires_at > now]
    # Without a kid of our making: a client that names its secret in the header means the same one.
    return [OctKey.import_key(opened) for opened in map(open_secret, living) if opened is not None]


def _check_claims(client: RegisteredClient, claims: dict[str, Any]) -> None:
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise AssertionRefused("iss and sub are not its client_id")
    _check_audience(client, claims.get("aud"))
    _check_times(claims)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise AssertionRefused("jti is missing or no string of moderate length")


def _check_audience(client: RegisteredClient, audience: object) -> None:
    """For a client of a profile the issuer alone, as one string (FAPI 2.0 §5.3.2.1 no. 8): whatever else is accepted, another
    server could be made to have the client write. For the others any of our names, and nobody beside us."""
    issuer = current_settings().issuer
    if profile_of(client.metadata).assertion_audience_is_issuer:
        if audience != issuer:
            raise AssertionRefused("aud is not the issuer, as one string")
        return
    ours = {issuer, f"{issuer}/token", f"{issuer}{request.path}"}
    mtls = current_settings().mtls_url
    if mtls is not None:
        ours |= {f"{mtls}/token", f"{mtls}{request.path}"}
    named = audience if isinstance(audience, list) else [audience]
    if not named or not all(isinstance(one, str) and one in ours for one in named):
        raise AssertionRefused("aud is not the issuer or this endpoint alone")


def _check_times(claims: dict[str, Any]) -> None:
    now = clock.now().timestamp()
    expires, starts, issued = (seconds_of(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None or expires <= now - SKEW_SECONDS:
        raise AssertionRefused("exp is missing or past")
    if expires > now + LONGEST_SECONDS + SKEW_SECONDS:
        raise AssertionRefused(f"exp is more than {LONGEST_SECONDS} seconds ahead")
    if any(instant is not None and instant > now + SKEW_SECONDS for instant in (starts, issued)):
        raise AssertionRefused("nbf or iat is in the future")
