"""Who is missing from a source: suspended at once, or after the grace that the settings give; who turns up in time was never away."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from directory_sync.absence_models import MissingPerson
from directory_sync.changes import GONE, Changes, Suspension
from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks
from directory_sync.source.reading import Reading
from idp import clock
from idp.database import insert_rows, table_of
from idp.people.models import Person, PersonState
from idp.settings import current_settings

_m, _p = table_of(MissingPerson), table_of(Person)


@dataclass(frozen=True)
class Absences:
    """Who is missing since now, and who is missing no more."""

    begun: Collection[uuid.UUID] = field(default=())
    ended: Collection[uuid.UUID] = field(default=())


def wait_for_absent(connection: Connection, changes: Changes, reading: Reading) -> Changes:
    """The changes without the suspensions whose grace still runs, and with those whose grace ran out since. Reads only."""
    grace = timedelta(minutes=current_settings().sync_absent_grace_minutes)
    if not grace:
        return changes
    rows = connection.execute(
        select(_m.c.person_id, _m.c.since, _p.c.source_key, _p.c.state)
        .join(_p, _p.c.id == _m.c.person_id)
        .where(_p.c.source == changes.source)
    ).all()
    now = clock.now()
    found_again = {update.person_id for update in changes.updates}
    present = {
        row.person_id for row in rows if row.source_key in reading.seen or row.person_id in found_again or row.state != PersonState.ACTIVE
    }
    since: dict[uuid.UUID, datetime] = {row.person_id: row.since for row in rows if row.person_id not in present}
    gone = {one.person_id for one in changes.suspensions if one.reason == GONE}
    ripe = {person_id for person_id, at in since.items() if now - at >= grace}
    kept = [one for one in changes.suspensions if one.reason != GONE or one.person_id in ripe]
    kept += [Suspension(person_id, GONE) for person_id in ripe - gone]  # a delta names whom it misses once only
    return replace(changes, suspensions=kept, absences=Absences(gone - since.keys(), present | ripe))


def note_absences(connection: Connection, absences: Absences | None) -> None:
    """Remember since when somebody is missing, and forget those who are not. May be done again."""
    if absences is None:
        return
    for ids in chunks([*absences.ended, *absences.begun], CHUNK):
        connection.execute(delete(_m).where(_m.c.person_id.in_(ids)))
    insert_rows(connection, _m, ("person_id",), [(person_id,) for person_id in absences.begun], since=clock.now())
