"""The access token: it names its authorization, and what it is worth is asked of that row each time it is shown.

Opaque, it is a sealed value that only this provider can read; as a JWT (RFC 9068) a resource server reads it alone.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from idp import clock
from idp.oidc import signing_keys
from idp.opaque_tokens import Secret
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings

CONTEXT, JWT_CONTEXT, JWT_TYPE = "access token", "access token jti", "at+jwt"
LONGEST = 6000
MORE = "\n"  # no scope holds it
UUID_BYTES = 16


class AccessTokenUnreadable(Exception):
    """Not an access token of this provider."""


@dataclass(frozen=True)
class AccessToken:
    """What one access token says: of which authorization, for which scope, until when. `audience`: the resources it is for, none
    when it is for this provider alone; `confirmation`: the key it is bound to (`cnf`); `act`: who acts with it for whom (RFC 8693
    §4.1), and `under`: the authorizations that this one was derived from and dies with; `own_id`: which one it is of those that a
    client took for itself, by which it can be given back alone."""

    authorization_id: uuid.UUID
    scope: str
    expires_at: datetime
    audience: tuple[str, ...] = ()
    confirmation: dict[str, str] | None = None
    act: dict[str, Any] | None = None
    under: tuple[uuid.UUID, ...] = ()
    own_id: bytes | None = None


@dataclass(frozen=True)
class Bearer:
    """What a JWT says beside that, about the one whose authorization it is: claims of RFC 9068 §2.2."""

    client_id: str
    subject: str
    authentication: dict[str, Any]


def seal_access_token(token: AccessToken) -> Secret:
    """The token that the client gets: opaque to it, and unlike any other."""
    expires = int(token.expires_at.timestamp() * 1000).to_bytes(8, "big")
    scope = token.scope
    if token.audience or token.confirmation or token.act or token.under or token.own_id:
        more = [token.audience, token.confirmation, token.act, [one.hex for one in token.under], token.own_id.hex() if token.own_id else ""]
        scope += MORE + json.dumps(more, separators=(",", ":"))
    return Secret(current_keys().seal_text(token.authorization_id.bytes + expires + scope.encode(), CONTEXT))


def sign_access_token(token: AccessToken, alg: str, bearer: Bearer) -> Secret:
    """The token as a JWT (RFC 9068). Its `jti` is sealed, so that nobody else learns which authorization it is of."""
    issuer = current_settings().issuer
    claims = {
        "iss": issuer,
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience) or issuer,
        "sub": bearer.subject,
        "client_id": bearer.client_id,
        "iat": int(clock.now().timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": current_keys().seal_text(
            b"".join(one.bytes for one in (token.authorization_id, *token.under)) + (token.own_id or b""), JWT_CONTEXT
        ),
        **({"scope": token.scope} if token.scope else {}),
        **bearer.authentication,
        **({"cnf": token.confirmation} if token.confirmation else {}),
        **({"act": token.act} if token.act else {}),
    }
    return Secret(signing_keys.sign(alg, JWT_TYPE, claims))


def open_access_token(written: str) -> AccessToken:
    """What a token says, expired or not, in either form. Raises AccessTokenUnreadable."""
    if len(written) > LONGEST:
        raise AccessTokenUnreadable
    if "." in written:
        return _read_jwt(written)
    try:
        facts = current_keys().open_text(written, CONTEXT)
    except SealBroken:
        raise AccessTokenUnreadable from None
    expires = datetime.fromtimestamp(int.from_bytes(facts[16:24], "big") / 1000, UTC)
    scope, _, more = facts[24:].decode().partition(MORE)
    if not more:
        return AccessToken(uuid.UUID(bytes=facts[:16]), scope, expires)
    audience, confirmation, act, under, *own_id = json.loads(more)
    return AccessToken(
        uuid.UUID(bytes=facts[:16]), scope, expires, tuple(audience), confirmation, act, tuple(uuid.UUID(one) for one in under),
        bytes.fromhex(own_id[0]) if own_id and own_id[0] else None,
    )  # fmt: skip


def _read_jwt(written: str) -> AccessToken:
    try:
        token = signing_keys.read_own(written)
    except signing_keys.NotOurs:
        raise AccessTokenUnreadable from None
    # An ID token or a logout token is signed by the same keys; its type keeps it from passing for an access token (RFC 9068 §4).
    if token.header.get("typ") != JWT_TYPE or token.claims.get("iss") != current_settings().issuer:
        raise AccessTokenUnreadable
    return _of_claims(token.claims)


def _of_claims(claims: dict[str, Any]) -> AccessToken:
    try:
        names = current_keys().open_text(claims["jti"], JWT_CONTEXT)
    except (SealBroken, KeyError, AttributeError):
        raise AccessTokenUnreadable from None
    whole = len(names) - len(names) % UUID_BYTES  # what is left over is the id of a client's own token
    ids = [uuid.UUID(bytes=names[start : start + UUID_BYTES]) for start in range(0, whole, UUID_BYTES)]
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    under, own_id = tuple(ids[1:]), names[whole:] or None
    return AccessToken(ids[0], claims.get("scope", ""), expires_at, tuple(audience), claims.get("cnf"), claims.get("act"), under, own_id)
