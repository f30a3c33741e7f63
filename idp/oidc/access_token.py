"""The access token: a sealed value that names its authorization; what it is worth is asked of that row each time it is shown."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from idp.opaque_tokens import Secret
from idp.sealing import SealBroken, current_keys

CONTEXT = "access token"
LONGEST = 1000


class AccessTokenUnreadable(Exception):
    """Not an access token of this provider."""


@dataclass(frozen=True)
class AccessToken:
    """What one access token says: of which authorization, for which scope, until when."""

    authorization_id: uuid.UUID
    scope: str
    expires_at: datetime


def seal_access_token(token: AccessToken) -> Secret:
    """The token that the client gets: opaque to it, and unlike any other."""
    expires = int(token.expires_at.timestamp() * 1000).to_bytes(8, "big")
    return Secret(current_keys().seal_text(token.authorization_id.bytes + expires + token.scope.encode(), CONTEXT))


def open_access_token(written: str) -> AccessToken:
    """What a token says, expired or not. Raises AccessTokenUnreadable."""
    if len(written) > LONGEST:
        raise AccessTokenUnreadable
    try:
        facts = current_keys().open_text(written, CONTEXT)
    except SealBroken:
        raise AccessTokenUnreadable from None
    expires = datetime.fromtimestamp(int.from_bytes(facts[16:24], "big") / 1000, UTC)
    return AccessToken(uuid.UUID(bytes=facts[:16]), facts[24:].decode(), expires)
