"""Names in place of the keys of those who proposed, approved and granted."""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from idp.console.trail import actor_words
from idp.database import table_of
from idp.people.models import Person

_p = table_of(Person)
COLUMNS = ("proposed_by", "decided_by", "granted_by", "approved_by")


def actors_in_words(connection: Connection, rows: Iterable[Any]) -> dict[str | None, str]:
    """Whoever these rows name as having done something, in words."""
    named = {str(row._mapping[column]) for row in rows for column in COLUMNS if row._mapping.get(column)}
    keys = {uuid.UUID(actor.removeprefix("person:")) for actor in named if actor.startswith("person:")}
    people = {row.id: row.name for row in connection.execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(keys)))} if keys else {}
    return {None: "—", **{actor: actor_words(actor, people) for actor in named}}
