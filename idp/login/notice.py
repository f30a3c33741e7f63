"""The first sign-in notice: what is processed and why, read once (Law 91/2025/QH15 on the protection of personal data)."""

import uuid

from sqlalchemy import Connection, bindparam, update

from idp import audit, clock
from idp.database import table_of
from idp.people.models import Person

VERSION = "1.0"
_p = table_of(Person)
_acknowledge = (
    update(_p)
    .where(_p.c.id == bindparam("person_id"), _p.c.notice_acknowledged_at.is_(None))
    .values(notice_acknowledged_at=bindparam("now"))
)


def acknowledge(connection: Connection, person_id: uuid.UUID) -> bool:
    """The person has read the notice; return whether it was the first time."""
    first = connection.execute(_acknowledge, {"person_id": person_id, "now": clock.now()}).rowcount == 1
    if first:
        audit.record(connection, audit.Event.NOTICE_ACKNOWLEDGED, actor=f"person:{person_id}", person_id=person_id, version=VERSION)
    return first
