"""Makes the changes of a run: units first, then whoever must be out, then the rest; batch by batch, each written down as it happens.

A run that breaks off leaves whole batches behind; the next run finds the rest still different and goes on.
"""

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from directory_sync.changes import GONE, LOCKED, SOURCE, KnownUnit, UnitChanges, Update
from directory_sync.ledger import Run
from directory_sync.models import ChangeKind, SyncChange
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitRecord
from idp import access, audit, clock
from idp.database import new_id, new_ids, table_of
from idp.people.models import Person, PersonState, Unit
from idp.people.names import search_key, sort_key, split_name

SUBJECT_BYTES = 16
RETURNED = "returned_to_directory"
Units = Mapping[str | None, tuple[uuid.UUID, str]]  # by entryUUID: our key and the name

_p, _u = table_of(Person), table_of(Unit)
_change_unit = (
    update(_u)
    .where(_u.c.id == bindparam("unit"))
    .values(
        code=bindparam("new_code"), name=bindparam("new_name"), search_key=bindparam("new_search_key"),
        level=bindparam("new_level"), parent_id=bindparam("new_parent"), valid_to=None,
    )
)  # fmt: skip
_close_unit = update(_u).where(_u.c.id == bindparam("unit")).values(valid_to=bindparam("day"))
_FACT_COLUMNS = (
    "directory_dn", "username", "username_key", "mail", "mail_key", "phone", "staff_code", "staff_category", "name", "family_name",
    "middle_name", "given_name", "sort_key", "search_key", "title", "employment_status", "unit_id", "directory_locked",
    "directory_digest", "updated_at",
)  # fmt: skip
_update_person = update(_p).where(_p.c.id == bindparam("person")).values({name: bindparam(f"new_{name}") for name in _FACT_COLUMNS})
_names = select(_p.c.id, _p.c.name, _u.c.name.label("unit_name")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))


def apply_units(connection: Connection, run: Run, known: Mapping[str, KnownUnit], changes: UnitChanges, day: date) -> None:
    """Add, change, reopen and close units as of a day of the province."""
    ids = {key: unit.unit_id for key, unit in known.items()} | {unit.source_key: new_id() for unit in changes.added}
    if changes.added:
        connection.execute(
            insert(Unit),
            [
                {
                    "id": ids[unit.source_key], "source": SOURCE, "source_key": unit.source_key, "valid_from": day, "valid_to": None,
                    **_unit_values(unit, ids),
                }
                for unit in changes.added
            ],
        )  # fmt: skip
    for before, unit in changes.changed:
        values = {f"new_{name.removesuffix('_id')}": value for name, value in _unit_values(unit, ids).items()}
        connection.execute(_change_unit, {"unit": before.unit_id, **values})
    if changes.closed:
        connection.execute(_close_unit, [{"unit": unit.unit_id, "day": day} for unit in changes.closed])
    _write_down(
        connection,
        run,
        [
            *(_unit_line(ChangeKind.UNIT_ADDED, ids[unit.source_key], unit, {}, _told_unit(unit)) for unit in changes.added),
            *(
                _unit_line(ChangeKind.UNIT_CHANGED, before.unit_id, unit, _told_unit(before.record), _told_unit(unit))
                for before, unit in changes.changed
            ),
            *(_unit_line(ChangeKind.UNIT_CLOSED, unit.unit_id, unit.record, _told_unit(unit.record), {}) for unit in changes.closed),
        ],
    )


def _unit_values(unit: UnitRecord, ids: Mapping[str, uuid.UUID]) -> dict[str, Any]:
    parent_id = ids[unit.parent_key] if unit.parent_key else None
    return {
        "code": unit.code, "name": unit.name, "search_key": search_key(unit.name, unit.code), "level": str(unit.level),
        "parent_id": parent_id,
    }  # fmt: skip


def _told_unit(unit: UnitRecord) -> dict[str, Any]:
    return {"name": unit.name, "code": unit.code, "level": str(unit.level)}


def _unit_line(kind: ChangeKind, unit_id: uuid.UUID, unit: UnitRecord, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "person_id": None, "unit_id": unit_id, "name": unit.name, "unit_name": None, "before": before, "after": after}


def apply_joins(connection: Connection, run: Run, records: Sequence[StaffRecord], units: Units) -> None:
    """Add people; one who is locked in the directory is added as suspended."""
    now = clock.now()
    ids, random = new_ids(len(records)), os.urandom(SUBJECT_BYTES * len(records))
    subjects = [random[start : start + SUBJECT_BYTES].hex() for start in range(0, len(random), SUBJECT_BYTES)]
    connection.execute(
        insert(Person),
        [
            {
                "id": person_id, "subject": subject, "source": SOURCE, "source_key": record.source_key,
                "state": PersonState.SUSPENDED if record.locked else PersonState.ACTIVE,
                "state_reason": LOCKED if record.locked else None, "state_changed_at": now if record.locked else None, "created_at": now,
                **_values(record, units, now),
            }
            for person_id, subject, record in zip(ids, subjects, records, strict=True)
        ],
    )  # fmt: skip
    lines = [
        _line(ChangeKind.JOINED, person_id, record.name, _unit_name(record.unit_key, units), {}, _told_join(record))
        for person_id, record in zip(ids, records, strict=True)
    ]
    _write_down(connection, run, lines)
    detail = {"run": run.number}
    audit.record_for_each(connection, audit.Event.PERSON_ADDED, [(person_id, detail) for person_id in ids], actor=run.started_by)


def apply_updates(connection: Connection, run: Run, updates: Sequence[Update], units: Units) -> None:
    """Write what reads differently; what only follows from other changes is written without a word."""
    now = clock.now()
    rows = []
    for change in updates:
        values = {f"new_{name}": value for name, value in _values(change.record, units, now).items()}
        rows.append({"person": change.person_id, **values})
    connection.execute(_update_person, rows)
    told = [change for change in updates if change.after]
    lines = [
        _line(
            ChangeKind.MOVED if change.has_moved else ChangeKind.CHANGED,
            change.person_id,
            change.record.name,
            _unit_name(change.record.unit_key, units),
            _told(change.before, units),
            _told(change.after, units),
        )
        for change in told
    ]
    _write_down(connection, run, lines)
    people = [(change.person_id, {"run": run.number, "fields": sorted(change.after)}) for change in told]
    audit.record_for_each(connection, audit.Event.PERSON_CHANGED, people, actor=run.started_by)


def apply_suspensions(connection: Connection, run: Run, suspensions: Sequence[tuple[uuid.UUID, str]]) -> None:
    """Withdraw access from whoever is gone from the directory or locked in it."""
    reasons = dict(suspensions)
    done = [person_id for person_id, reason in suspensions if access.withdraw(connection, person_id, reason=reason, actor=run.started_by)]
    lines = [
        _line(ChangeKind.SUSPENDED, row.id, row.name, row.unit_name, {"state": "active"}, {"state": "suspended", "reason": reasons[row.id]})
        for row in connection.execute(_names.where(_p.c.id.in_(done)))
    ]
    _write_down(connection, run, lines)


def apply_returns(connection: Connection, run: Run, person_ids: Sequence[uuid.UUID]) -> None:
    """Restore access of whoever this sync suspended and the directory shows again: the same person with the same subject."""
    still_ours = select(_p.c.id).where(_p.c.id.in_(person_ids), _p.c.state_reason.in_((GONE, LOCKED))).with_for_update()
    ours = connection.execute(still_ours).scalars().all()
    done = [person_id for person_id in ours if access.restore(connection, person_id, reason=RETURNED, actor=run.started_by)]
    lines = [
        _line(ChangeKind.RETURNED, row.id, row.name, row.unit_name, {"state": "suspended"}, {"state": "active"})
        for row in connection.execute(_names.where(_p.c.id.in_(done)))
    ]
    _write_down(connection, run, lines)


def _values(record: StaffRecord, units: Units, now: Any) -> dict[str, Any]:
    name = split_name(record.name)
    return {
        "directory_dn": record.directory_dn,
        "username": record.username,
        "username_key": record.username_key,
        "mail": record.mail,
        "mail_key": record.mail_key,
        "phone": record.phone,
        "staff_code": record.staff_code,
        "staff_category": record.staff_category,
        "name": record.name,
        "family_name": name.family,
        "middle_name": name.middle,
        "given_name": name.given,
        "sort_key": sort_key(record.name),
        "search_key": search_key(record.name, record.username, record.staff_code, record.mail),
        "title": record.title,
        "employment_status": record.employment_status,
        "unit_id": units[record.unit_key][0] if record.unit_key in units else None,
        "directory_locked": record.locked,
        "directory_digest": record.digest,
        "updated_at": now,
    }


def _unit_name(unit_key: str | None, units: Units) -> str | None:
    return units[unit_key][1] if unit_key in units else None


def _told_join(record: StaffRecord) -> dict[str, Any]:
    return {"username": record.username, "title": record.title} | ({"locked": True} if record.locked else {})


def _told(facts: Mapping[str, Any], units: Units) -> dict[str, Any]:
    return {
        ("unit" if name == "unit_key" else name): (_unit_name(value, units) if name == "unit_key" else value)
        for name, value in facts.items()
    }


def _line(
    kind: ChangeKind, person_id: uuid.UUID, name: str, unit_name: str | None, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    return {"kind": kind, "person_id": person_id, "unit_id": None, "name": name, "unit_name": unit_name, "before": before, "after": after}


def _write_down(connection: Connection, run: Run, lines: Iterable[dict[str, Any]]) -> None:
    told = list(lines)
    rows = [{"id": line_id, "run_id": run.run_id, **line} for line_id, line in zip(new_ids(len(told)), told, strict=True)]
    if rows:
        connection.execute(insert(SyncChange), rows)
