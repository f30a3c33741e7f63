"""An account rests after wrong tries: the trail says so, and its person is told by mail, once a day."""

import uuid
from datetime import timedelta

from sqlalchemy import Connection, bindparam, select

from idp import audit, clock, smtp
from idp.audit import AuditEvent, Event
from idp.credentials.failures import Attempt
from idp.database import id_floor, in_transaction, table_of
from idp.jobs import Job
from idp.people import letters
from idp.people.letters import Letter

LOOK_BACK = timedelta(minutes=30)
_e = table_of(AuditEvent)
_began = (
    select(_e.c.person_id)
    .where(
        _e.c.event == Event.ACCOUNT_THROTTLED.value,
        _e.c.id >= bindparam("floor", type_=_e.c.id.type),
        _e.c.at >= bindparam("since", type_=_e.c.at.type),
        _e.c.person_id.is_not(None),
    )
    .distinct()
)


def record_rest(connection: Connection, attempt: Attempt, person_id: uuid.UUID | None, *, actor: str) -> None:
    """Put down that the account rests from this failure on, if it does."""
    if attempt.blocked_until is not None:
        kind, many = attempt.kind.name, attempt.failures
        audit.record(connection, Event.ACCOUNT_THROTTLED, actor=actor, person_id=person_id, kind=kind, failures=many)


def tell_resting(connection: Connection) -> int:
    """Write to whoever's account began to rest a short while ago; return how many were looked at.

    Done by the worker, not where it happens: a letter takes its time, and only a name that somebody has would take it.
    """
    if not smtp.is_configured():
        return 0
    since = clock.now() - LOOK_BACK
    # Ids are made by the machine's clock: a day of slack keeps the bound on the safe side of any difference.
    people = connection.execute(_began, {"floor": id_floor(since - timedelta(days=1)), "since": since}).scalars().all()
    for person_id in people:
        letters.write(connection, person_id, Letter.RESTS)
    return len(people)


def jobs() -> list[Job]:
    """What the worker does of it."""
    return [Job("letters_of_rests", 300, lambda: in_transaction(tell_resting), lease_seconds=60)]
