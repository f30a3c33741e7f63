"""Who holds a role, from memory on the hot path: a second old at most. Redeeming a code asks the database itself."""

import time
import uuid

from sqlalchemy import select

from idp.at_hand import this_application
from idp.database import reader, table_of
from idp.roles.models import RoleGrant

FRESH_SECONDS = 1.0
_g = table_of(RoleGrant)
_holders = select(_g.c.person_id).where(_g.c.revoked_at.is_(None))


def holds_role(person_id: uuid.UUID) -> bool:
    """Whether this person held any role within the last second. There are a few dozen such people in a province."""
    known = this_application().extensions
    kept: tuple[float, frozenset[uuid.UUID]] | None = known.get("hopnhat.role_holders")
    if kept is None or time.monotonic() - kept[0] >= FRESH_SECONDS:
        kept = (time.monotonic(), frozenset(reader().execute(_holders).scalars()))
        known["hopnhat.role_holders"] = kept
    return person_id in kept[1]
