"""What a run noticed to be wrong with entries, told so that it can be put right at its source."""

from typing import Any

from sqlalchemy import Connection, func, select

from directory_sync.changes import Changes
from directory_sync.directory_text import Flaw
from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitTree
from idp.database import table_of
from idp.people.models import Person, PersonState

_p = table_of(Person)
SHARED = ((Flaw.SHARED_STAFF_CODE, "staff_code"), (Flaw.SHARED_USERNAME, "username_key"), (Flaw.SHARED_MAIL, "mail_key"))


def noticed(connection: Connection, changes: Changes, tree: UnitTree) -> list[dict[str, Any]]:
    """The flaws of everybody whom this run understood (on a first run everybody, later whoever is new or changed), values shared
    with others included. Asked after the changes were applied."""
    records = [*changes.joins, *(update.record for update in changes.updates)]
    names = {unit.source_key: unit.name for unit in tree.units}
    found = [_told(flaw, record, names) for record in records for flaw in sorted(record.flaws)]
    for flaw, column in SHARED:
        theirs = None if changes.is_whole else {getattr(record, column) for record in records} - {None}
        if shared := _shared(connection, changes.source, column, theirs):
            found += [_told(flaw, record, names, getattr(record, column)) for record in records if getattr(record, column) in shared]
    return [{"kind": one.reason, "name": one.name or one.entry, "entry": one.entry, "unit": None} for one in changes.unreadable] + found


def _shared(connection: Connection, source: str, column: str, among: set[str] | None) -> set[str]:
    """The values of one column that several people have. `among`: only these, which takes no look at the whole province."""
    value = _p.c[column]
    query = select(value).where(_p.c.source == source, _p.c.state == PersonState.ACTIVE).group_by(value).having(func.count() > 1)
    if among is None:
        return set(connection.execute(query.where(value.is_not(None))).scalars())
    return {found for chunk in chunks(among, CHUNK) for found in connection.execute(query.where(value.in_(chunk))).scalars()}


def _told(flaw: Flaw, record: StaffRecord, names: dict[str, str], value: str | None = None) -> dict[str, Any]:
    told = {"kind": str(flaw), "name": record.name, "entry": record.directory_dn, "unit": names.get(record.unit_key or "")}
    return told | ({"value": value} if value else {})
