"""The refresh token: a sealed value that names its authorization, its place in the chain of its successors, and what was granted.

Nothing redeemable is stored: the row keeps how far the chain has come. What a token says of the grant never changes, so that
a request can be refused before anything is written.
"""

import json
import uuid
from dataclasses import dataclass

from idp.opaque_tokens import Secret
from idp.sealing import SealBroken, current_keys

CONTEXT = "refresh token"
LONGEST = 8000
ONE = 1  # the first of a chain
OLD, OLD_AND_USED = 0, -1  # of a chain that has not begun yet: `old_refresh_tokens`
_LINE = "\n"  # neither an acr nor a scope holds it


class RefreshTokenUnreadable(Exception):
    """Not a refresh token of this provider."""


@dataclass(frozen=True)
class RefreshToken:
    """What one refresh token says. `client`: the primary key of whom it was given to; `sequence`: its place in the chain; `resource`
    and `confirmation`: whom its access tokens may be for and which key it is bound to. `old_digest`: how one of the old form is
    found."""

    authorization_id: uuid.UUID
    client: uuid.UUID
    sequence: int
    scope: str
    acr: str
    resource: tuple[str, ...] = ()
    confirmation: dict[str, str] | None = None
    old_digest: bytes | None = None


def seal_refresh_token(token: RefreshToken) -> Secret:
    """The token that the client gets."""
    said = token.acr + _LINE + token.scope
    if token.resource or token.confirmation:
        said += _LINE + json.dumps([token.resource, token.confirmation], separators=(",", ":"))
    facts = token.authorization_id.bytes + token.client.bytes + token.sequence.to_bytes(4, "big") + said.encode()
    return Secret(current_keys().seal_text(facts, CONTEXT))


def open_refresh_token(written: str) -> RefreshToken:
    """What a token says, used or not, dead or alive. Raises RefreshTokenUnreadable."""
    if len(written) > LONGEST:
        raise RefreshTokenUnreadable
    try:
        facts = current_keys().open_text(written, CONTEXT)
    except SealBroken:
        raise RefreshTokenUnreadable from None
    acr, scope, *more = facts[36:].decode().split(_LINE)
    resource, confirmation = json.loads(more[0]) if more else ((), None)
    authorization_id, client = uuid.UUID(bytes=facts[:16]), uuid.UUID(bytes=facts[16:32])
    return RefreshToken(authorization_id, client, int.from_bytes(facts[32:36], "big"), scope, acr, tuple(resource), confirmation)
