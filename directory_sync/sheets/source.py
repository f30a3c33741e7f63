"""What a run reads of a spreadsheet: the file that was submitted last, whole or as the part that it is."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from directory_sync.directory_text import Flaw
from directory_sync.known import CHUNK, KnownPeople, reads_as_before
from directory_sync.newcomers import chunks
from directory_sync.sheets.imports import PREFIX, find_submitted, rows_of, unit_keys
from directory_sync.sheets.rows import SheetRow
from directory_sync.source.reading import Alive, Kind, Leaving, Progress, ReadIncomplete, Reading, Source, Unreadable
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitTree
from idp.database import reader, table_of
from idp.people.models import Person
from idp.people.names import username_key
from idp.people.source_models import SourceEntry
from idp.web.formats import today

# The facts of a person that a column tells.
SAYS = {
    "name": "name", "mail": "mail", "phone": "phone", "staff_code": "staff_code", "staff_category": "staff_category", "title": "title",
    "unit_code": "unit_key", "username": "username", "status": "employment_status",
}  # fmt: skip
UNDERSTANDING, SHOWS_ALIVE = "1", 1000
_p, _e = table_of(Person), table_of(SourceEntry)


def find_source(name: str) -> Source | None:
    """The source of this name, if it is one of spreadsheets and something was submitted for it."""
    if not name.startswith(PREFIX):
        return None
    found = find_submitted(reader(), name)
    if found is None:
        return None
    return Source(
        name, lambda known, alive, progress: _read(name, known, alive, progress), Kind.FULL if found.is_whole else Kind.DELTA, True
    )


def _read(name: str, known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
    found = find_submitted(reader(), name)
    if found is None:
        raise ReadIncomplete("source_not_readable", name)
    units, day = unit_keys(reader()), today()
    gone: set[str] = set()
    leavings: list[Leaving] = []
    rows = rows_of(found)
    says = frozenset(SAYS[one] for one in found.columns if one in SAYS)
    reading = Reading(
        UnitTree((), {}, {}, b""), set(), {}, gone, is_whole=found.is_whole, has_units=False, says=says, leavings=leavings
    )  # fmt: skip
    known_already = _known(name, (row for row in rows if "name" not in row.facts or row.has_left))
    for place, row in enumerate(rows, start=1):
        key = row.key or ""
        waits = row.effective_on is not None and row.effective_on > day
        if row.has_left and not waits:
            gone.add(key)
            continue
        reading.seen.add(key)
        if row.has_left and row.effective_on:
            if key in known_already or row.facts.get("staff_code") in known_already:  # nobody is added only to leave
                leavings.append(Leaving(key, row.effective_on - timedelta(days=1), row.decision or ""))
                reading.fresh[key] = _record(replace(row, facts={"staff_code": row.facts.get("staff_code", "")}, unit_code=None), units)
        elif not waits:
            record = _record(row, units)
            if not record.name and key not in known_already and record.staff_code not in known_already:
                reading.unreadable.append(Unreadable(f"{found.file_name}:{row.line}", Flaw.NO_NAME))
            elif not reads_as_before(known, key, record.digest):
                reading.fresh[key] = record
        if place % SHOWS_ALIVE == 0:
            alive()
            progress("read", place)
    return reading


def _record(row: SheetRow, units: dict[str, str | None]) -> StaffRecord:
    facts = row.facts
    unit_key = units.get(row.unit_code or "")
    told = json.dumps([UNDERSTANDING, facts, unit_key, row.mark.hex() if row.mark else None], sort_keys=True, ensure_ascii=False)
    username, mail = facts.get("username"), facts.get("mail")
    flaws = {
        flaw
        for flaw, value in (
            (Flaw.NO_USERNAME, username), (Flaw.NO_MAIL, mail), (Flaw.NO_STAFF_CODE, facts.get("staff_code")), (Flaw.NO_TITLE, facts.get("title")),
            (Flaw.UNKNOWN_CATEGORY, facts.get("staff_category")), (Flaw.NO_UNIT, unit_key),
        )
        if not value
    }  # fmt: skip
    return StaffRecord(
        row.key or "", hashlib.sha256(told.encode()).digest(), "", username, username_key(username) if username else None, mail,
        username_key(mail) if mail else None, facts.get("phone"), facts.get("staff_code"), facts.get("staff_category"), facts.get("name", ""),
        facts.get("title"), facts.get("employment_status"), unit_key, False, frozenset(flaws), None, personal_mark=row.mark,
    )  # fmt: skip


def _known(source: str, rows: Iterable[SheetRow]) -> set[str]:
    """Keys and numbers of these rows that are of people known already."""
    found: set[str] = set()
    keys = {one for row in rows for one in (row.key, row.facts.get("staff_code")) if one}
    for part in chunks(keys, CHUNK):
        for query in (
            select(_p.c.source_key).where(_p.c.source == source, _p.c.source_key.in_(part)),
            select(_e.c.source_key).where(_e.c.source == source, _e.c.source_key.in_(part)),
            select(_p.c.staff_code).where(_p.c.staff_code.in_(part)),
        ):
            found |= set(reader().execute(query).scalars())
    return found
