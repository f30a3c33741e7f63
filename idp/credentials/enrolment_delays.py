"""Enrolling put off: whoever has no second factor when everybody needs one may say "later" a few times, once a day."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.credentials.models import EnrolmentDelay
from idp.database import table_of

_t = table_of(EnrolmentDelay)
_of_person = _t.c.person_id == bindparam("of_person")
_one = select(_t.c.times, _t.c.day).where(_of_person)
_again = (
    update(_t)
    .where(_of_person, _t.c.times < bindparam("most"), _t.c.day < bindparam("today"))
    .values(times=_t.c.times + 1, day=bindparam("today"))
)
_first = {
    name: kind.insert(_t).on_conflict_do_nothing().returning(_t.c.times) for name, kind in (("sqlite", sqlite), ("postgresql", postgresql))
}


def delay(connection: Connection, person_id: uuid.UUID, today: date, most: int) -> bool:
    """Put enrolling off until tomorrow; return whether this call did it. Not more than `most` times, and once a day."""
    if most < 1:
        return False
    if connection.execute(_again, {"of_person": person_id, "most": most, "today": today}).rowcount == 1:
        return True
    row = {"person_id": person_id, "times": 1, "day": today}
    return connection.execute(_first[connection.dialect.name], row).first() is not None


def is_delayed(connection: Connection, person_id: uuid.UUID, today: date) -> bool:
    """Whether the person has put it off today."""
    row = _find(connection, person_id)
    return row is not None and row.day == today


def left(connection: Connection, person_id: uuid.UUID, most: int) -> int:
    """How often the person may still put it off."""
    row = _find(connection, person_id)
    return max(0, most - (row.times if row else 0))


def _find(connection: Connection, person_id: uuid.UUID) -> Any:
    return connection.execute(_one, {"of_person": person_id}).first()
