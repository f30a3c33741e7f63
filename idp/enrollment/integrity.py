"""Whether anything stored of the tracker was changed behind its back; and if so, which row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from idp.database import table_of
from idp.enrollment.closings import first_broken_closing
from idp.enrollment.interval_seal import broken_intervals, seal_holds
from idp.enrollment.listing import counts_by_intervals
from idp.enrollment.models import Snapshot
from idp.enrollment.snapshot_hash import BEGINNING, TOTAL_COLUMNS, Contents, hash_of
from idp.enrollment.snapshots import read_contents
from idp.enrollment.totals import UNIT, add_up
from idp.enrollment.trail_witness import differences

_s = table_of(Snapshot)


@dataclass(frozen=True)
class Flaw:
    """One thing that is not what was stored. `row`: its key, as words; `stored` and `recounted` where both can be told."""

    table: str
    day: date | None
    row: str
    stored: str = ""
    recounted: str = ""


def flaws(connection: Connection) -> Iterator[Flaw]:
    """All of them: intervals, snapshots with their rows, closings and signatures, and what the audit trail says of these. Reads
    everything."""
    for position, row in broken_intervals(connection):
        who = f"position {position}" + (f", person {row.person_id}" if row is not None else ", missing")
        yield Flaw("rung_interval", None, who)
    yield from _flaws_of_snapshots(connection)
    broken = first_broken_closing(connection)
    if broken:
        yield Flaw("closing" if broken[1] == "closing" else "closing_signature", None, f"number {broken[0]}")
    yield from (Flaw(*one) for one in differences(connection))


def _flaws_of_snapshots(connection: Connection) -> Iterator[Flaw]:
    before: Any = None
    for head in connection.execute(select(_s).order_by(_s.c.day)).all():
        contents = read_contents(connection, head.day)
        if head.previous_hash != (before.hash if before else BEGINNING):
            yield Flaw("snapshot", head.day, "does not follow the day before it")
        if head.hash != hash_of(head.previous_hash, head.day, head.taken_at, head.parameters, contents):
            found = list(_locate(connection, head, contents))
            yield from found or [Flaw("snapshot", head.day, "parameters, systems or lines")]
        seal = head.parameters.get("intervals")
        if seal:
            last = before.parameters.get("intervals") if before else None
            if not seal_holds(connection, seal, last, before.taken_at if before else None, head.taken_at):
                yield Flaw("rung_interval", head.day, "intervals of this day are not those that were sealed")
        before = head


def _locate(connection: Connection, head: Any, contents: Contents) -> Iterator[Flaw]:
    """Which counts differ from the list by name, and which totals from the counts."""
    if head.parameters.get("format", 1) == 1:
        yield Flaw("snapshot_count", head.day, "some row of the day")
        return
    stored = Counter({(row.unit_id, row.staff_category, row.rung): row.people for row in contents.counts})
    listed = counts_by_intervals(connection, head.day)
    for key in sorted(stored.keys() | listed.keys(), key=str):
        if stored[key] != listed[key]:
            words = f"unit {key[0]}, category {key[1] or '-'}, {key[2]}"
            yield Flaw("snapshot_count", head.day, words, str(stored[key]), str(listed[key]))
    yield from _locate_totals(head, contents)


def _locate_totals(head: Any, contents: Contents) -> Iterator[Flaw]:
    tree = {
        UUID(row.key): SimpleNamespace(
            parent_id=UUID(row.parent_key) if row.parent_key else None, code=row.code, name=row.name, level=row.level
        )
        for row in contents.totals
        if row.kind == UNIT
    }
    worked_out = {(one["kind"], one["key"]): one for one in add_up(contents.counts, tree, head.parameters["counts_contract_staff"])}
    for row in contents.totals:
        expected = worked_out.get((row.kind, row.key), {})
        for name in TOTAL_COLUMNS:
            if getattr(row, name) != expected.get(name):
                words = f"{row.kind} {row.key or '-'}, {name}"
                yield Flaw("snapshot_total", head.day, words, str(getattr(row, name)), str(expected.get(name)))
