"""A change by its mark, a digest of what it changes: so that exactly what somebody looked at is applied, or left out."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b

from directory_sync.changes import FACTS, Changes, Suspension, UnitChanges, Update
from directory_sync.models import ChangeKind
from directory_sync.record_spool import only
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitRecord

MARK_BYTES = 16


def _mark(*parts: object) -> bytes:
    told = json.dumps(parts, ensure_ascii=False, default=str, sort_keys=True)
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=MARK_BYTES).digest()


def of_join(record: StaffRecord) -> bytes:
    """Somebody new, with all facts."""
    return _mark(ChangeKind.JOINED, record.source_key, [getattr(record, name) for name in FACTS])


def of_update(update: Update) -> bytes:
    """Other facts, before and after."""
    return _mark(ChangeKind.CHANGED, update.person_id, update.before, update.after)


def of_suspension(suspension: Suspension) -> bytes:
    """Access withdrawn, and why; not when the entry was last touched."""
    return _mark(ChangeKind.SUSPENDED, suspension.person_id, suspension.reason)


def of_return(person_id: uuid.UUID) -> bytes:
    """Access restored."""
    return _mark(ChangeKind.RETURNED, person_id)


def of_unit(before: UnitRecord | None, after: UnitRecord | None) -> bytes:
    """A unit new, changed, or gone."""
    return _mark("unit", *(unit and [unit.source_key, unit.code, unit.name, unit.level, unit.parent_key] for unit in (before, after)))


def keep_only(changes: Changes, wanted: Callable[[bytes], bool]) -> Changes:
    """The changes whose mark is wanted; what changes nothing that people would call a change goes with its own mark too."""
    units = changes.units
    return replace(
        changes,
        units=UnitChanges(
            added=[unit for unit in units.added if wanted(of_unit(None, unit))],
            changed=[(known, unit) for known, unit in units.changed if wanted(of_unit(known.record, unit))],
            closed=[known for known in units.closed if wanted(of_unit(known.record, None))],
        ),
        joins=only(changes.joins, lambda record: wanted(of_join(record))),
        updates=[update for update in changes.updates if wanted(of_update(update))],
        suspensions=[one for one in changes.suspensions if wanted(of_suspension(one))],
        returns=[person_id for person_id in changes.returns if wanted(of_return(person_id))],
    )
