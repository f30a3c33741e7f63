"""Leavings that a source announces: they wait for their day among the planned changes, each once."""

import uuid

from sqlalchemy import Connection, select

from directory_sync.changes import Changes
from directory_sync.known import CHUNK
from directory_sync.lifecycle.planned import LONGEST_DECISION, Plan, changes_of, plan
from directory_sync.newcomers import chunks
from idp.database import table_of
from idp.people.career_models import PlannedKind
from idp.people.models import Person
from idp.people.source_models import SourceEntry

_p, _e = table_of(Person), table_of(SourceEntry)


def plan_leavings(connection: Connection, changes: Changes, *, actor: str) -> None:
    """Let each leaving wait for its day; one that waits already, or was called off here, is left alone. May be done again."""
    people: dict[str, uuid.UUID] = {}
    for keys in chunks([one.source_key for one in changes.leavings], CHUNK):
        for table, person in ((_p, _p.c.id), (_e, _e.c.person_id)):
            rows = connection.execute(
                select(table.c.source_key, person.label("person")).where(table.c.source == changes.source, table.c.source_key.in_(keys))
            )
            people |= {row.source_key: row.person for row in rows}
    for one in changes.leavings:
        if one.source_key not in people:
            continue
        known = changes_of(connection, people[one.source_key])
        if not any(row.kind == PlannedKind.LEAVING and row.from_day == one.last_day for row in known):
            wanted = Plan(PlannedKind.LEAVING, one.last_day, one.decision[:LONGEST_DECISION])
            plan(connection, people[one.source_key], wanted, actor=actor)
