"""An account that rests after wrong tries: until when, and opened again by whoever has spoken with its person."""

import uuid
from datetime import datetime

from sqlalchemy import Connection

from idp import audit
from idp.credentials import failures
from idp.credentials.failures import Kind


def rests_until(connection: Connection, person_id: uuid.UUID) -> datetime | None:
    """Until when some way in rests for this person; `failures.UNTIL_HELP_DESK`: until somebody unlocks it. None: nothing rests."""
    rests = (failures.rests_until(connection, kind, account) for kind, account in _accounts(person_id))
    return max((until for until in rests if until is not None), default=None)


def unlock(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str) -> None:
    """Let the person try again at once, with the password and with a second factor."""
    for kind, account in _accounts(person_id):
        failures.forgive(connection, kind, account)
    audit.record(connection, audit.Event.ACCOUNT_UNLOCKED, actor=actor, person_id=person_id, reason=reason)


def _accounts(person_id: uuid.UUID) -> tuple[tuple[Kind, bytes], ...]:
    strangers, own = (failures.account_of_person(person_id, own_browser=own) for own in (False, True))
    return (failures.password_kind(), strangers), (failures.SECOND_FACTOR, strangers), (failures.SECOND_FACTOR, own)
