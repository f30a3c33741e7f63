"""Makes a run's changes to people, batch by batch, each written down as it happens.

A run that breaks off leaves whole batches behind; the next run finds the rest still different and goes on.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from directory_sync import ledger
from directory_sync.changes import GONE, LOCKED, Suspension, Update
from directory_sync.ledger import Line, Run
from directory_sync.models import ChangeKind
from directory_sync.staff_record import StaffRecord
from idp import access, audit, clock
from idp.database import insert_rows, new_ids, table_of
from idp.people import letters
from idp.people.models import Person, PersonState, Unit
from idp.people.names import search_key, sort_key, split_name

SUBJECT_BYTES = 16
RETURNED = "returned_to_directory"
Units = Mapping[str | None, tuple[uuid.UUID, str]]  # by entryUUID: our key and the name

_NOTHING: dict[str, Any] = {}

_p, _u = table_of(Person), table_of(Unit)
_FACT_COLUMNS = (
    "source_key",
    "directory_dn", "username", "username_key", "mail", "mail_key", "alias_key", "phone", "staff_code", "staff_category", "name", "family_name",
    "middle_name", "given_name", "sort_key", "search_key", "title", "employment_status", "unit_id", "directory_locked",
    "directory_digest",
)  # fmt: skip
_update_person = (
    update(_p)
    .where(_p.c.id == bindparam("person"))
    .values({name: bindparam(f"new_{name}") for name in _FACT_COLUMNS} | {"updated_at": bindparam("now")})
)
_names = select(_p.c.id, _p.c.name, _u.c.name.label("unit_name")).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))


def apply_joins(connection: Connection, run: Run, records: Sequence[StaffRecord], units: Units) -> None:
    """Add people; one who is locked in the directory is added as suspended."""
    now = clock.now()
    ids, random = new_ids(len(records)), os.urandom(SUBJECT_BYTES * len(records))
    rows = [
        (person_id, random[start : start + SUBJECT_BYTES].hex(), *_state(record, now), *_values(record, units))
        for person_id, start, record in zip(ids, range(0, len(random), SUBJECT_BYTES), records, strict=True)
    ]
    columns = ("id", "subject", "state", "state_reason", "state_changed_at", *_FACT_COLUMNS)
    insert_rows(connection, _p, columns, rows, source=run.source, created_at=now, updated_at=now)
    lines: list[Line] = [
        (ChangeKind.JOINED, person_id, record.name, _unit_name(record.unit_key, units), _NOTHING, _told_join(record))
        for person_id, record in zip(ids, records, strict=True)
    ]
    ledger.write_down(connection, run, lines)
    detail = {"run": run.number}
    audit.record_for_each(connection, audit.Event.PERSON_ADDED, [(person_id, detail) for person_id in ids], actor=run.started_by)


def _state(record: StaffRecord, now: datetime) -> tuple[str, str | None, datetime | None]:
    return (PersonState.SUSPENDED.value, LOCKED, now) if record.locked else (PersonState.ACTIVE.value, None, None)


def apply_updates(connection: Connection, run: Run, updates: Sequence[Update], units: Units) -> None:
    """Write what reads differently; what only follows from other changes is written without a word."""
    now = clock.now()
    names = [f"new_{name}" for name in _FACT_COLUMNS]
    rows = [dict(zip(names, _values(change.record, units), strict=True)) for change in updates]
    connection.execute(_update_person, [{"person": change.person_id, "now": now, **row} for change, row in zip(updates, rows, strict=True)])
    told = [change for change in updates if change.after]
    lines: list[Line] = [
        (
            ChangeKind.MOVED if change.has_moved else ChangeKind.CHANGED,
            change.person_id,
            change.record.name,
            _unit_name(change.record.unit_key, units),
            _told(change.before, units),
            _told(change.after, units),
        )
        for change in told
    ]
    ledger.write_down(connection, run, lines)
    people = [(change.person_id, {"run": run.number, "fields": sorted(change.after)}) for change in told]
    audit.record_for_each(connection, audit.Event.PERSON_CHANGED, people, actor=run.started_by)
    former = [(change.person_id, change.before["mail"]) for change in told if "mail" in change.after and change.before.get("mail")]
    letters.write_to_former_addresses(connection, former)


def apply_suspensions(connection: Connection, run: Run, suspensions: Sequence[Suspension]) -> None:
    """Withdraw access from whoever is gone from the directory or locked in it."""
    reasons = {person_id: reason for person_id, reason, _changed_at in suspensions}
    done = [
        person_id
        for person_id, reason, changed_at in suspensions
        if access.withdraw(connection, person_id, reason=reason, actor=run.started_by, changed_at=changed_at, read_at=run.started_at)
    ]
    lines: list[Line] = [
        (ChangeKind.SUSPENDED, row.id, row.name, row.unit_name, {"state": "active"}, {"state": "suspended", "reason": reasons[row.id]})
        for row in connection.execute(_names.where(_p.c.id.in_(done)))
    ]
    ledger.write_down(connection, run, lines)


def apply_returns(connection: Connection, run: Run, person_ids: Sequence[uuid.UUID]) -> None:
    """Restore access of whoever this sync suspended and the directory shows again: the same person with the same subject."""
    still_ours = select(_p.c.id).where(_p.c.id.in_(person_ids), _p.c.state_reason.in_((GONE, LOCKED))).with_for_update()
    ours = connection.execute(still_ours).scalars().all()
    done = [person_id for person_id in ours if access.restore(connection, person_id, reason=RETURNED, actor=run.started_by)]
    lines: list[Line] = [
        (ChangeKind.RETURNED, row.id, row.name, row.unit_name, {"state": "suspended"}, {"state": "active"})
        for row in connection.execute(_names.where(_p.c.id.in_(done)))
    ]
    ledger.write_down(connection, run, lines)


def _values(record: StaffRecord, units: Units) -> tuple[Any, ...]:
    """The values of `_FACT_COLUMNS`."""
    return (
        record.source_key, record.directory_dn, record.username, record.username_key, record.mail, record.mail_key, record.alias_key, record.phone, record.staff_code,
        record.staff_category, record.name, *_name_columns(record.name),
        search_key(record.name, record.username, record.staff_code, record.mail), record.title, record.employment_status,
        units[record.unit_key][0] if record.unit_key in units else None, record.locked, record.digest,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _name_columns(full_name: str) -> tuple[str | None, str | None, str | None, bytes]:
    """Family, middle and given name, and the sort key; cached, because two in three people share their name with somebody."""
    name = split_name(full_name)
    return name.family, name.middle, name.given, sort_key(full_name)


def _unit_name(unit_key: str | None, units: Units) -> str | None:
    return units[unit_key][1] if unit_key in units else None


def _told_join(record: StaffRecord) -> dict[str, Any]:
    return {"username": record.username, "title": record.title} | ({"locked": True} if record.locked else {})


def _told(facts: Mapping[str, Any], units: Units) -> dict[str, Any]:
    return {
        ("unit" if name == "unit_key" else name): (_unit_name(value, units) if name == "unit_key" else value)
        for name, value in facts.items()
    }
