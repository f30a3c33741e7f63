"""Why somebody at the console opens a person's history: asked once for each person and half hour, on record, and told to the person."""

import uuid
from datetime import timedelta

from sqlalchemy import Connection, bindparam, select

from idp import audit, clock
from idp.database import id_floor, reader, table_of
from idp.web.viewer import require_viewer

GOOD_FOR = timedelta(minutes=30)
_e = table_of(audit.AuditEvent)
_given = (
    select(_e.c.id)
    .where(
        _e.c.person_id == bindparam("of_person"),
        _e.c.id >= bindparam("floor", type_=_e.c.id.type),
        _e.c.event == audit.Event.HISTORY_OPENED.value,
        _e.c.actor == bindparam("by"),
        _e.c.at > bindparam("since", type_=_e.c.at.type),
    )
    .limit(1)
)


def may_read_history(person_id: uuid.UUID) -> bool:
    """Whether the viewer has said of late why they read this person's history; one's own needs no reason."""
    viewer = require_viewer()
    if person_id == viewer.person_id:
        return True
    since = clock.now() - GOOD_FOR
    # Ids are made by the machine's clock: a day of slack keeps the bound on the safe side of any difference.
    values = {"of_person": person_id, "by": viewer.actor, "since": since, "floor": id_floor(since - timedelta(days=1))}
    return reader().execute(_given, values).first() is not None


def give_reason(connection: Connection, person_id: uuid.UUID, reason: str) -> None:
    """Write down why the viewer opens this person's history."""
    audit.record(connection, audit.Event.HISTORY_OPENED, actor=require_viewer().actor, person_id=person_id, reason=reason)
