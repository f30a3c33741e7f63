"""Sender-constrained tokens: the key that a token is bound to (`cnf`), by DPoP (RFC 9449) or by a client certificate (RFC 8705)."""

import hmac

from authlib.oauth2.rfc6749 import InvalidRequestError

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp.oidc import client_certificate
from idp.oidc.dpop import InvalidProof, Proof

JKT, X5T = "jkt", "x5t#S256"


def confirmation_of(client: RegisteredClient, proof: Proof | None) -> dict[str, str] | None:
    """What the tokens of this request are bound to, None for nothing. Raises InvalidProof or InvalidRequestError when the client or
    its profile wants them bound and neither a proof nor a certificate came along."""
    metadata = client.metadata
    if proof is None and metadata.dpop_bound_access_tokens:
        raise InvalidProof(description="a DPoP proof is required")
    bound = {JKT: proof.jkt} if proof is not None else {}
    if metadata.tls_client_certificate_bound_access_tokens:
        certificate = client_certificate.presented()
        if certificate is None:
            raise InvalidRequestError(description="a client certificate is required")
        bound[X5T] = client_certificate.thumbprint(certificate)
    if not bound and profile_of(metadata).sender_constrained_tokens:
        raise InvalidProof(description="a DPoP proof or a client certificate is required")
    return bound or None


def is_same_key(wanted: dict[str, str] | None, shown: dict[str, str] | None) -> bool:
    """Whether every key that is wanted was shown; nothing wanted is always met."""
    given = shown or {}
    return all(hmac.compare_digest(key.encode(), given.get(kind, "").encode()) for kind, key in (wanted or {}).items())


def token_type(confirmation: dict[str, str] | None) -> str:
    """How a token bound to this is presented: `DPoP` or `Bearer`, which is also the way of certificate-bound ones (RFC 8705 §3)."""
    return "DPoP" if confirmation and JKT in confirmation else "Bearer"
