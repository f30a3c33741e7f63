"""What no officer does alone: helping somebody who holds a role past their factors. The second officer within an hour does it: by doing
the same, so that what is handed over (a code) is seen by one of them only."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from idp.errors import Refusal
from idp.roles import proposals
from idp.roles.permissions import scope_of
from idp.web.viewer import Permission

WAITS = timedelta(hours=1)
KIND = "help."  # and the deed


def agree(
    connection: Connection, person_id: uuid.UUID, deed: str, *, reason: str, actor: str, is_at_work: Callable[[uuid.UUID], bool]
) -> bool:
    """Give one's word; return whether another officer gave theirs before, so that it is done now. Their word is used up. It is worth
    nothing from whoever has lost the role meanwhile or `is_at_work` no longer."""
    kind = KIND + deed
    for row in proposals.waiting(connection, kind, person_id):
        if row.proposed_by == actor or not _still_may(row.proposed_by, is_at_work):
            continue
        try:
            proposals.approve(connection, row.id, row.digest, actor=actor)
        except Refusal:
            continue  # somebody was faster
        return True
    proposals.propose(connection, kind, person_id, {"deed": deed}, reason=reason, actor=actor, lasts=WAITS)
    return False


def _still_may(actor: str, is_at_work: Callable[[uuid.UUID], bool]) -> bool:
    kind, _separator, key = actor.partition(":")
    if kind != "person":
        return kind == "emergency"  # its word ends with the hour
    return is_at_work(uuid.UUID(key)) and scope_of(uuid.UUID(key), Permission.HELP_PEOPLE).whole_province
