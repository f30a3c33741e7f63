"""Makes a run's changes to the unit tree: units are added, changed, opened again and closed, never deleted."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from directory_sync import ledger
from directory_sync.changes import UnitChanges
from directory_sync.known import KnownUnit
from directory_sync.ledger import Line, Run
from directory_sync.models import ChangeKind
from directory_sync.unit_tree import UnitRecord
from idp.database import new_id, table_of
from idp.people.models import Unit
from idp.people.names import search_key
from idp.people.unit_history import remember

_u = table_of(Unit)
_change_unit = (
    update(_u)
    .where(_u.c.id == bindparam("unit"))
    .values(
        code=bindparam("new_code"), name=bindparam("new_name"), search_key=bindparam("new_search_key"),
        level=bindparam("new_level"), parent_id=bindparam("new_parent"), valid_to=None,
    )
)  # fmt: skip
_open_again = update(_u).where(_u.c.id == bindparam("unit")).values(valid_from=bindparam("day"))
_close_unit = update(_u).where(_u.c.id == bindparam("unit")).values(valid_to=bindparam("day"))


def apply_units(
    connection: Connection,
    run: Run,
    known: Mapping[str, KnownUnit],
    changes: UnitChanges,
    day: date,
    decided: Mapping[str, date] | None = None,
) -> dict[str, uuid.UUID]:
    """Add, change, reopen and close units, remembering how they were; return our key of every unit. `day`: today in the province;
    `decided`: of units that a scheme is about the day of the decision, by the source's key."""
    decided = decided or {}
    ids = {key: unit.unit_id for key, unit in known.items()} | {unit.source_key: new_id() for unit in changes.added}
    _remember(connection, changes, day, decided)
    _add(connection, run, changes, ids, day, decided)
    for before, unit in changes.changed:
        values = {f"new_{name.removesuffix('_id')}": value for name, value in _unit_values(unit, ids).items()}
        connection.execute(_change_unit, {"unit": before.unit_id, **values})
        if not before.is_open:
            connection.execute(_open_again, {"unit": before.unit_id, "day": day})
    if changes.closed:
        connection.execute(
            _close_unit, [{"unit": unit.unit_id, "day": decided.get(unit.record.source_key, day)} for unit in changes.closed]
        )
    _write_down(connection, run, changes, ids)
    return ids


def _remember(connection: Connection, changes: UnitChanges, day: date, decided: Mapping[str, date]) -> None:
    by_day: dict[date, list[uuid.UUID]] = {}
    for unit in (*changes.closed, *(before for before, _ in changes.changed)):
        by_day.setdefault(decided.get(unit.record.source_key, day), []).append(unit.unit_id)
    for until, unit_ids in by_day.items():
        remember(connection, unit_ids, until, day)


def _add(
    connection: Connection, run: Run, changes: UnitChanges, ids: Mapping[str, uuid.UUID], day: date, decided: Mapping[str, date]
) -> None:
    rows = [
        {
            "id": ids[unit.source_key], "source": run.source, "source_key": unit.source_key,
            "valid_from": decided.get(unit.source_key, day), "valid_to": None, **_unit_values(unit, ids),
        }
        for unit in changes.added
    ]  # fmt: skip
    if rows:
        connection.execute(insert(Unit), rows)


def _write_down(connection: Connection, run: Run, changes: UnitChanges, ids: Mapping[str, uuid.UUID]) -> None:
    added: list[Line] = [(ChangeKind.UNIT_ADDED, ids[unit.source_key], unit.name, None, {}, _told(unit)) for unit in changes.added]
    changed: list[Line] = [
        (ChangeKind.UNIT_CHANGED, k.unit_id, unit.name, None, _told(k.record), _told(unit)) for k, unit in changes.changed
    ]
    closed: list[Line] = [(ChangeKind.UNIT_CLOSED, k.unit_id, k.record.name, None, _told(k.record), {}) for k in changes.closed]
    ledger.write_down(connection, run, [*added, *changed, *closed], about="unit_id")


def _unit_values(unit: UnitRecord, ids: Mapping[str, uuid.UUID]) -> dict[str, Any]:
    parent_id = ids[unit.parent_key] if unit.parent_key else None
    return {
        "code": unit.code, "name": unit.name, "search_key": search_key(unit.name, unit.code), "level": str(unit.level),
        "parent_id": parent_id,
    }  # fmt: skip


def _told(unit: UnitRecord) -> dict[str, Any]:
    return {"name": unit.name, "code": unit.code, "level": str(unit.level)}
