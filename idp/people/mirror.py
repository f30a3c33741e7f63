"""How old what we know of the directory is: whom nobody has asked about for hours is not let in on the strength of it alone."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.database import table_of
from idp.people.models import MirrorReading, Person
from idp.settings import current_settings

_t, _p = table_of(MirrorReading), table_of(Person)


def read_at_of(source: ColumnElement[str]) -> Any:
    """When a person's own source was last read, as a column of a query; none where it was never read."""
    return select(_t.c.read_at).where(_t.c.source == source).scalar_subquery()


def is_stale(source: ColumnElement[str]) -> ColumnElement[bool]:
    """The opposite of `is_recent`, as a condition of a query: a source that is read was not read since `asked_since`."""
    return exists(select(_t.c.source).where(_t.c.source == source, _t.c.read_at < bindparam("asked_since")))


_of_person = select(read_at_of(_p.c.source)).where(_p.c.id == bindparam("of_person"))


def note_reading(connection: Connection, source: str) -> None:
    """A source has just been read, whole or what changed in it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(_t).values(source=source, read_at=clock.now())
    connection.execute(statement.on_conflict_do_update(index_elements=[_t.c.source], set_={"read_at": statement.excluded.read_at}))


def is_fresh(connection: Connection, person_id: uuid.UUID) -> bool:
    """Whether the source that this person comes from was read lately enough to let them in without asking the directory. What other
    sources say does not count: none of them knows whether this person has left."""
    return is_recent(connection.execute(_of_person, {"of_person": person_id}).scalar())


def is_recent(read_at: datetime | None) -> bool:
    """Whether something was asked lately enough. True where the source was never read: then there is no mirror that could be old."""
    return read_at is None or read_at >= asked_since()


def asked_since() -> datetime:
    """What was asked before is too old."""
    return clock.now() - timedelta(seconds=current_settings().mirror_seconds)
