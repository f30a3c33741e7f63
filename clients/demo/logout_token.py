"""Verification of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
SKEW_SECONDS = 60
LONGEST_AGE_SECONDS = 300
FETCH_PAUSE_SECONDS = 5


class LogoutTokenRefused(Exception):
    """The token is not a logout token of this provider for this application, or was used before."""


@dataclass(frozen=True)
class LoggedOut:
    """Whom the provider has signed out: the session `sid`, or without one every session of the subject."""

    sid: str | None
    subject: str | None


@dataclass
class LogoutTokenVerifier:
    """Verifies logout tokens with the provider's published keys and remembers each `jti` until its token has expired.

    `fetch_keys(again)` returns the JWK set; `again` asks for a fresh copy, at most once in five seconds, since anybody can make
    up a key id.
    """

    issuer: str
    client_id: str
    fetch_keys: Callable[[bool], dict[str, Any]]
    now: Callable[[], float] = time.time
    _used: dict[str, float] = field(default_factory=dict)
    _fetched_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def verify(self, written: str) -> LoggedOut:
        """Whom this token signs out. Raises LogoutTokenRefused."""
        token = self._decode(written)
        if token.header.get("typ", "logout+jwt").lower() != "logout+jwt":
            raise LogoutTokenRefused("typ")
        claims = token.claims
        self._check_claims(claims)
        self._remember(claims["jti"], claims["exp"])
        return LoggedOut(claims.get("sid"), claims.get("sub"))

    def _decode(self, written: str) -> jwt.Token:
        try:
            return jwt.decode(written, KeySet.import_key_set(self.fetch_keys(False)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        except (JoseError, ValueError) as error:
            if self.now() - self._fetched_at < FETCH_PAUSE_SECONDS:
                raise LogoutTokenRefused("signature") from error
        self._fetched_at = self.now()
        try:
            return jwt.decode(written, KeySet.import_key_set(self.fetch_keys(True)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        except (JoseError, ValueError) as error:
            raise LogoutTokenRefused("signature") from error

    def _check_claims(self, claims: dict[str, Any]) -> None:
        now = self.now()
        audience = claims.get("aud")
        events, issued_at, expires_at = claims.get("events"), claims.get("iat"), claims.get("exp")
        checks = {
            "iss": claims.get("iss") == self.issuer,
            "aud": self.client_id in (audience if isinstance(audience, list) else [audience]),
            "iat": _is_number(issued_at) and now - LONGEST_AGE_SECONDS <= issued_at <= now + SKEW_SECONDS,
            "exp": _is_number(expires_at) and expires_at > now - SKEW_SECONDS,
            "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
            "nonce": "nonce" not in claims,
            "jti": isinstance(claims.get("jti"), str) and claims["jti"] != "",
            "sid or sub": _is_text(claims.get("sid")) or _is_text(claims.get("sub")),
        }
        wrong = [name for name, holds in checks.items() if not holds]
        if wrong:
            raise LogoutTokenRefused(", ".join(wrong))

    def _remember(self, jti: str, expires_at: float) -> None:
        now = self.now()
        with self._lock:
            self._used = {used: until for used, until in self._used.items() if until > now}
            if jti in self._used:
                raise LogoutTokenRefused("jti used before")
            self._used[jti] = expires_at + SKEW_SECONDS


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""
