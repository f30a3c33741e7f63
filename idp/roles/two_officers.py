"""What no officer does alone: helping somebody who holds a role past their factors. The second officer within an hour does it: by doing
the same, so that what is handed over (a code) is seen by one of them only."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from idp.errors import Refusal
from idp.roles import proposals

WAITS = timedelta(hours=1)
KIND = "help."  # and the deed


def agree(connection: Connection, person_id: uuid.UUID, deed: str, *, reason: str, actor: str, is_first: Callable[[Any], bool]) -> bool:
    """Give one's word; return whether another officer gave theirs before, so that it is done now. Their word is used up. `is_first`:
    whether a proposal still counts as the first word beside this one."""
    kind = KIND + deed
    for row in proposals.waiting(connection, kind, person_id):
        if row.proposed_by == actor or not is_first(row):
            continue
        try:
            proposals.approve(connection, row.id, row.digest, actor=actor)
        except Refusal:
            continue  # somebody was faster
        return True
    proposals.propose(connection, kind, person_id, {"deed": deed}, reason=reason, actor=actor, lasts=WAITS)
    return False
