"""The ID token: what a client is told, signed, about one authentication (OpenID Connect Core §2); and one read back as a hint."""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clients.lifetimes import ID_TOKEN, lasting
from clients.registry import RegisteredClient
from idp import clock
from idp.oidc import signing_keys
from idp.oidc.encryption import encrypt
from idp.oidc.key_material import family
from idp.oidc.subjects import session_for, subject_for
from idp.settings import current_settings

LONGEST_HINT = 6000


class HintUnusable(Exception):
    """Not an ID token of this provider, or not a whole one."""


@dataclass(frozen=True)
class Authentication:
    """Who proved themselves, how and when, in which session. `acr` and `amr` say what happened, never what was wished for. `subject`
    is the person's own: what the client is told may be another one (`subjects`)."""

    subject: str
    session_id: uuid.UUID | None
    acr: str
    amr: str
    auth_time: datetime


@dataclass(frozen=True)
class Hint:
    """What an ID token of ours says when it is shown again. It may have expired: it is a hint, not a proof."""

    subject: str
    client_id: str
    session_id: str | None


def issue_id_token(
    client: RegisteredClient, authentication: Authentication, access_token: str, *, nonce: str | None, more: dict[str, Any]
) -> str:
    """The ID token for one client, signed, and encrypted to it where it wants that. `more`: claims it asked for by name (Core §5.5).
    Raises NoEncryptionKey."""
    settings, now = current_settings(), clock.now()
    claims = {
        **more,
        "iss": settings.issuer,
        "sub": subject_for(client, authentication.subject),
        "aud": client.client_id,
        "exp": int((now + timedelta(seconds=lasting(client.metadata, ID_TOKEN))).timestamp()),
        "iat": int(now.timestamp()),
        "auth_time": int(authentication.auth_time.timestamp()),
        "acr": authentication.acr,
        "amr": authentication.amr.split(),
        "at_hash": hash_of(access_token, client.id_token_signed_response_alg),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if authentication.session_id is not None:
        claims["sid"] = session_for(client, authentication.session_id)
    return sealed_for(client, "JWT", claims)


def sealed_for(client: RegisteredClient, typ: str, claims: dict[str, Any]) -> str:
    """A JWT of these claims as this client wants its ID tokens, and its logout tokens with them (Back-Channel Logout §2.4): signed,
    and perhaps encrypted. Raises NoEncryptionKey."""
    signed, wanted = signing_keys.sign(client.id_token_signed_response_alg, typ, claims), client.metadata
    if wanted.id_token_encrypted_response_alg is None:
        return signed
    return encrypt(client, signed, wanted.id_token_encrypted_response_alg, wanted.id_token_encrypted_response_enc, cty="JWT")


def hash_of(access_token: str, algorithm: str) -> str:
    """The left half, in base64url, of its digest by the hash of the algorithm that signs (Core §3.1.3.6): SHA-256, and for Ed25519
    the SHA-512 that it is made of."""
    digest = (hashlib.sha512 if family(algorithm) == "EdDSA" else hashlib.sha256)(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def read_hint(written: str) -> Hint:
    """What this ID token of ours says, even when it has expired (Core §3.1.2.1, RP-Initiated Logout §2). Raises HintUnusable."""
    if len(written) > LONGEST_HINT:
        raise HintUnusable
    try:
        token = signing_keys.read_own(written)
    except signing_keys.NotOurs:
        raise HintUnusable from None
    claims = token.claims
    subject, audience, sid = claims.get("sub"), claims.get("aud"), claims.get("sid")
    # Logout tokens, signed userinfo and signed responses are signed by the same keys: the type, or what they lack, keeps them from
    # passing for an ID token (RFC 8725 §3.11).
    if token.header.get("typ") != "JWT" or not {"exp", "auth_time"} <= claims.keys() or claims.get("iss") != current_settings().issuer:
        raise HintUnusable
    if not isinstance(subject, str) or not isinstance(audience, str) or not isinstance(sid, str | None):
        raise HintUnusable
    return Hint(subject, audience, sid)
