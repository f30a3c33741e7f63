"""Posts learnt from a second entry of somebody: they end when that entry goes, or when it becomes the person's first."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, or_, select

from idp.database import table_of
from idp.people import appointments
from idp.people.career_models import Appointment
from idp.people.models import Person
from idp.web.formats import today

_a, _p = table_of(Appointment), table_of(Person)


def gone_posts(connection: Connection, source: str, seen: Collection[str]) -> Sequence[uuid.UUID]:
    """The posts in force whose entry was not read, or is the person's own by now."""
    in_force = (
        select(_a.c.id, _a.c.entry_key, _p.c.source_key)
        .join(_p, _p.c.id == _a.c.person_id)
        .where(_p.c.source == source, _a.c.entry_key.is_not(None), or_(_a.c.to_day.is_(None), _a.c.to_day >= today()))
    )
    return [row.id for row in connection.execute(in_force) if row.entry_key not in seen or row.entry_key == row.source_key]


def end_posts(connection: Connection, appointment_ids: Sequence[uuid.UUID], *, actor: str) -> None:
    """End each with today."""
    for appointment_id in appointment_ids:
        appointments.end(connection, appointment_id, today(), actor=actor)
