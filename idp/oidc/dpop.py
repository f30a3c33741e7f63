"""DPoP (RFC 9449): a proof, made for one request, that its sender holds a private key; tokens are bound to that key."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc.jwk import Key
from sqlalchemy import Connection

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import clock, compact_jws, spent_identifiers
from idp.at_hand import this_request
from idp.compact_jws import SignatureWrong, SignedJwt, UnreadableJwt
from idp.oidc.key_material import family
from idp.public_keys import KeyNotSupported, KeyRefused, import_public_key
from idp.sealing import current_keys
from idp.settings import current_settings

ALWAYS_ALLOWED = ("ES256", "PS256", "EdDSA", "Ed25519")
ALGORITHMS = (*ALWAYS_ALLOWED, "RS256")
OLDEST, NEWEST = timedelta(seconds=60), timedelta(seconds=30)  # how far `iat` may be from our clock
LONGEST_JTI = 256
_DEFAULT_PORTS = {"https": 443, "http": 80}


class InvalidProof(OAuth2Error):  # type: ignore[misc]  # authlib has no types
    """The proof is missing, wrong, for another request, or was used before (RFC 9449 §5). The description is fixed ASCII."""

    error = "invalid_dpop_proof"


class NonceWanted(OAuth2Error):  # type: ignore[misc]
    """The proof must hold the nonce that the answer brings along (RFC 9449 §8)."""

    error = "use_dpop_nonce"


@dataclass(frozen=True)
class Proof:
    """A proof that holds for this request. It counts once it is spent."""

    jkt: str
    alg: str
    jti: str
    until: datetime


def algorithms_for(client: RegisteredClient) -> tuple[str, ...]:
    """What the proofs of this client may be signed with."""
    allowed = profile_of(client.metadata).signing_algorithms
    return ALGORITHMS if allowed is None else tuple(alg for alg in ALGORITHMS if family(alg) in allowed)


def read_proof(method: str, path: str, *, access_token: str | None = None, algorithms: Iterable[str] = ALGORITHMS) -> Proof | None:
    """The proof in the header DPoP of this request to `path` of this provider, or None when there is none. With `access_token`
    it must be made for that token too. It writes nothing: `spend` it. Raises InvalidProof and NonceWanted."""
    written = this_request().headers.get("DPoP")
    if written is None:
        return None
    try:
        proof = compact_jws.read(written)
        key = _public_key(proof, algorithms)
        compact_jws.verify(replace(proof, header={"alg": proof.alg}), [key], algorithms)
        _check_request(proof.claims, method, path, access_token)
        made_at = _check_time(proof.claims)
        jti = proof.claims.get("jti")
    except (UnreadableJwt, SignatureWrong, KeyRefused, KeyNotSupported) as wrong:
        raise InvalidProof(description=f"the DPoP proof is not accepted: {wrong}") from None
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise InvalidProof(description=f"jti is a string of up to {LONGEST_JTI} characters")
    _check_nonce(proof.claims.get("nonce"))
    return Proof(key.thumbprint(), proof.alg, jti, made_at + OLDEST + NEWEST)


def spend(connection: Connection, proof: Proof) -> None:
    """Use the proof up, for every process and after a restart (RFC 9449 §11.1). Raises InvalidProof when it was seen before."""
    if not spent_identifiers.spend(connection, "dpop", proof.jkt, proof.jti, until=proof.until):
        raise InvalidProof(description="the DPoP proof was used before")


def nonce_headers() -> dict[str, str]:
    """The nonce for the client's next proof, when this installation asks for one."""
    seconds = current_settings().dpop_nonce_seconds
    return {"DPoP-Nonce": _nonce(_period(seconds)), "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate"} if seconds else {}


def _public_key(proof: SignedJwt, algorithms: Iterable[str]) -> Key:
    if proof.header.get("typ") != "dpop+jwt":
        raise UnreadableJwt("typ must be dpop+jwt")
    if proof.alg not in algorithms:
        raise SignatureWrong(f"alg must be one of {' '.join(algorithms)}")
    return import_public_key(proof.header.get("jwk"))


def _check_request(claims: dict[str, Any], method: str, path: str, access_token: str | None) -> None:
    settings = current_settings()
    places = {_place(base + path) for base in (settings.issuer, settings.mtls_url) if base}
    htu = claims.get("htu")
    if claims.get("htm") != method or not isinstance(htu, str) or _place(htu) not in places:
        raise UnreadableJwt("htm and htu must be those of this request")
    if access_token is not None:
        expected = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=")
        if not hmac.compare_digest(str(claims.get("ath")).encode("utf-8", "replace"), expected):
            raise UnreadableJwt("ath must be the hash of the access token")


def _place(url: str) -> tuple[str, str, int | None, str] | None:
    """The parts of an address that count (RFC 9449 §4.3 no. 9), made equal as RFC 3986 §6.2.2 and §6.2.3 say."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _check_time(claims: dict[str, Any]) -> datetime:
    now = clock.now().timestamp()
    made, begins, ends = (compact_jws.seconds_of(claims, name) for name in ("iat", "nbf", "exp"))
    if made is None or not now - OLDEST.total_seconds() <= made <= now + NEWEST.total_seconds():
        raise UnreadableJwt("iat is missing, too old or in the future")
    if (begins is not None and begins > now + NEWEST.total_seconds()) or (ends is not None and ends <= now):
        raise UnreadableJwt("it is not valid now")
    return datetime.fromtimestamp(made, UTC)


def _check_nonce(shown: object) -> None:
    seconds = current_settings().dpop_nonce_seconds
    if not seconds:
        return
    period, given = _period(seconds), str(shown).encode("utf-8", "replace")
    if not any(hmac.compare_digest(given, _nonce(number).encode()) for number in (period, period - 1)):
        raise NonceWanted(description="the DPoP proof must hold the nonce of this answer")


def _period(seconds: int) -> int:
    return int(clock.now().timestamp()) // seconds


def _nonce(period: int) -> str:
    made = hmac.digest(current_keys().derive_key("dpop nonce"), str(period).encode(), "sha256")
    return base64.urlsafe_b64encode(made[:18]).decode()
