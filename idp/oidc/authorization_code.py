"""The authorization code: a sealed value that says all that was granted; nothing is stored until it is redeemed."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from idp.opaque_tokens import Secret
from idp.sealing import SealBroken, current_keys

CONTEXT = "authorization code"


class CodeUnreadable(Exception):
    """Not a code of this provider."""


@dataclass(frozen=True)
class GrantedCode:
    """What one code stands for. `authorization_id` is the key of the row that redeeming it inserts, so that it can be redeemed
    only once; `client` is the client's key; `code_challenge` is that of S256; `confirmation`: the key that must redeem it (RFC 9449
    §10); `resource`: whom its tokens may be for (RFC 8707)."""

    authorization_id: uuid.UUID
    client: uuid.UUID
    person_id: uuid.UUID
    subject: str
    session_id: uuid.UUID
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    acr: str
    amr: str
    auth_time: datetime
    expires_at: datetime
    requested_claims: dict[str, Any] | None = None
    confirmation: dict[str, str] | None = None
    resource: tuple[str, ...] = ()


def seal_code(granted: GrantedCode) -> Secret:
    """The code that goes to the client through the browser."""
    facts: list[Any] = [
        granted.authorization_id.hex,
        granted.client.hex,
        granted.person_id.hex,
        granted.subject,
        granted.session_id.hex,
        granted.redirect_uri,
        granted.scope,
        granted.nonce,
        granted.code_challenge,
        granted.acr,
        granted.amr,
        granted.auth_time.timestamp(),
        granted.expires_at.timestamp(),
        granted.requested_claims,
    ]
    if granted.confirmation or granted.resource:
        facts += [granted.confirmation, granted.resource]
    return Secret(current_keys().seal_text(json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode(), CONTEXT))


def open_code(code: str) -> GrantedCode:
    """What a code stands for, expired or not. Raises CodeUnreadable."""
    try:
        facts = json.loads(current_keys().open_text(code, CONTEXT))
    except SealBroken:
        raise CodeUnreadable from None
    return GrantedCode(
        authorization_id=uuid.UUID(facts[0]),
        client=uuid.UUID(facts[1]),
        person_id=uuid.UUID(facts[2]),
        subject=facts[3],
        session_id=uuid.UUID(facts[4]),
        redirect_uri=facts[5],
        scope=facts[6],
        nonce=facts[7],
        code_challenge=facts[8],
        acr=facts[9],
        amr=facts[10],
        auth_time=datetime.fromtimestamp(facts[11], UTC),
        expires_at=datetime.fromtimestamp(facts[12], UTC),
        requested_claims=facts[13],
        confirmation=facts[14] if len(facts) > 14 else None,
        resource=tuple(facts[15]) if len(facts) > 15 else (),
    )
