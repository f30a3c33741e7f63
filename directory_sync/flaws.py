"""What a run noticed to be wrong with entries, told so that it can be put right at its source."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from directory_sync.changes import Changes
from directory_sync.directory_text import Flaw
from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks
from directory_sync.record_spool import to_look_at
from directory_sync.shared_values import values_of_several
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitTree
from idp.database import table_of
from idp.people.models import Person, PersonState

_p = table_of(Person)
SHARED = ((Flaw.SHARED_STAFF_CODE, "staff_code"), (Flaw.SHARED_USERNAME, "username_key"), (Flaw.SHARED_MAIL, "mail_key"))


def noticed(connection: Connection, changes: Changes, tree: UnitTree) -> list[dict[str, Any]]:
    """The flaws of everybody whom this run understood (on a first run everybody, later whoever is new or changed), values shared
    with others included. Asked after the changes were applied."""
    updated = [update.record for update in changes.updates]
    shared = {column: _shared(connection, changes, column, updated) for _, column in SHARED}
    records = [*to_look_at(changes.joins, set().union(*shared.values())), *updated]
    names = {unit.source_key: unit.name for unit in tree.units}
    found = [_told(flaw, record, names) for record in records for flaw in sorted(record.flaws)]
    for flaw, column in SHARED:
        found += [_told(flaw, record, names, getattr(record, column)) for record in records if record.source_key in shared[column]]
    return [{"kind": one.reason, "name": one.name or one.entry, "entry": one.entry, "unit": None} for one in changes.unreadable] + found


def _shared(connection: Connection, changes: Changes, column: str, updated: Sequence[StaffRecord]) -> set[str]:
    """The keys of whoever has a value of one column that several people in service have; after a delta only of the values that it read,
    which takes no look at the whole province."""
    value = _p.c[column]
    read: Iterable[Any] = (getattr(record, column) for record in (*changes.joins, *updated)) if not changes.is_whole else ()
    among = values_of_several(connection, value) if changes.is_whole else set(read) - {None}
    # By the value alone: with a condition on the source, SQLite goes through everybody of it instead.
    query = select(_p.c.source_key, _p.c.source, _p.c.state, value.label("value"))
    rows = [
        row for part in chunks(among, CHUNK) for row in connection.execute(query.where(value.in_(part))) if row.source == changes.source
    ]
    times = Counter(row.value for row in rows if row.state == PersonState.ACTIVE)
    return {row.source_key for row in rows if times[row.value] > 1}


def _told(flaw: Flaw, record: StaffRecord, names: dict[str, str], value: str | None = None) -> dict[str, Any]:
    told = {"kind": str(flaw), "name": record.name, "entry": record.directory_dn, "unit": names.get(record.unit_key or "")}
    return told | ({"value": value} if value else {})
