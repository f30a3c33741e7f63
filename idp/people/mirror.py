"""How old what we know of the directory is: whom nobody has asked about for hours is not let in on the strength of it alone."""

from datetime import timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.database import table_of
from idp.people.models import MirrorReading
from idp.settings import current_settings

_t = table_of(MirrorReading)
_newest = select(func.max(_t.c.read_at))


def note_reading(connection: Connection, source: str) -> None:
    """A source has just been read, whole or what changed in it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(_t).values(source=source, read_at=clock.now())
    connection.execute(statement.on_conflict_do_update(index_elements=[_t.c.source], set_={"read_at": statement.excluded.read_at}))


def is_fresh(connection: Connection) -> bool:
    """Whether a source was read lately enough to let somebody in without asking the directory. True where none was ever read:
    then there is no mirror that could be old."""
    newest = connection.execute(_newest).scalar()
    return newest is None or clock.now() - newest <= timedelta(seconds=current_settings().mirror_seconds)
