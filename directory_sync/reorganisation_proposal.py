"""A scheme proposed from the difference that a sync shows: units that are gone, units that are new, and where the people went."""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from directory_sync.changes import Changes
from directory_sync.known import KnownUnit, known_units
from directory_sync.reorganisation_file import SchemeRow, completed
from directory_sync.schemes import moves, units_after
from directory_sync.unit_tree import UnitRecord
from idp.people.unit_models import SuccessionKind


def propose_rows(connection: Connection, changes: Changes) -> list[SchemeRow]:
    """The rows that would explain the difference. A unit that ends leads to where its people went, one that stays to the new units
    that took some of them; nobody went: it vanishes."""
    known = known_units(connection, changes.source)
    after = units_after(known, changes)
    rows = list(_rows(changes, known, after))
    return completed([row for row, _ in rows], [(kind, None) for _, kind in rows])


def _rows(
    changes: Changes, known: Mapping[str, KnownUnit], after: Mapping[str, UnitRecord]
) -> Iterator[tuple[SchemeRow, SuccessionKind | None]]:
    went = Counter((old, new) for _, old, new in moves(changes))
    closed = {unit.record.source_key for unit in changes.units.closed}
    added = {unit.source_key for unit in changes.units.added}
    pairs = sorted(
        (pair for pair in went if pair[1] in after and (pair[0] in closed or pair[1] in added)), key=lambda pair: _place(pair, known)
    )
    line = 0
    for old, new in pairs:
        line += 1
        yield _row(line, known[old], after[new]), None if old in closed else SuccessionKind.SPLIT
    for key in sorted(closed - {old for old, _ in pairs}, key=lambda key: known[key].record.code or ""):
        line += 1
        yield _row(line, known[key], None), SuccessionKind.VANISH
    for key in sorted(added - {new for _, new in pairs}, key=lambda key: after[key].code or ""):
        line += 1
        yield _row(line, None, after[key]), SuccessionKind.NEW


def _place(pair: tuple[str, str], known: Mapping[str, KnownUnit]) -> tuple[str, str, str]:
    return (known[pair[0]].record.code or "", known[pair[0]].record.name, pair[1])


def _row(line: int, old: KnownUnit | None, new: UnitRecord | None) -> SchemeRow:
    unit_id: uuid.UUID | None = old.unit_id if old else None
    return SchemeRow(
        line, SuccessionKind.RENAME,
        old_code=old.record.code if old else None, old_name=old.record.name if old else None, old_unit_id=unit_id,
        new_code=new.code if new else None, new_name=new.name if new else None, new_source_key=new.source_key if new else None,
    )  # fmt: skip
