"""Cases come to the desk and go: opened by a run for what it may not decide, settled when a later run finds nothing to decide any more."""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from directory_sync import desk_rules
from directory_sync.changes import OUR_REASONS, Changes
from directory_sync.desk_models import CaseKind, CaseState, DeskCase
from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks
from directory_sync.rematch import Held
from directory_sync.shared_values import values_of_several
from directory_sync.staff_record import StaffRecord
from idp import audit, clock
from idp.database import new_id, table_of
from idp.people.career_models import PersonalMark
from idp.people.models import Person, PersonState, Unit
from idp.people.names import username_key

ACTOR = "system:sync"
ENTRY_KINDS = (CaseKind.NO_NUMBER, CaseKind.NUMBER_NOT_UNIQUE, CaseKind.REHIRE, CaseKind.NUMBER_IN_USE)
MOST_SHARING = 20
_d, _p, _u, _m = table_of(DeskCase), table_of(Person), table_of(Unit), table_of(PersonalMark)
_SHARED = (
    (CaseKind.SHARED_NUMBER, _p.c.staff_code),
    (CaseKind.SHARED_USERNAME, _p.c.username_key),
    (CaseKind.SHARED_MAIL, _p.c.mail_key),
    (CaseKind.SAME_MARK, _m.c.mark),
)
# The name of each of these in a record, and in what an update says was before.
_FACTS = {
    CaseKind.SHARED_NUMBER: ("staff_code", "staff_code"), CaseKind.SHARED_USERNAME: ("username_key", "username"),
    CaseKind.SHARED_MAIL: ("mail_key", "mail"), CaseKind.SAME_MARK: ("personal_mark", ""),
}  # fmt: skip
_people = select(
    _p.c.id, _p.c.name, _p.c.username, _p.c.mail, _p.c.staff_code, _p.c.title, _p.c.unit_id, _p.c.state, _p.c.state_reason,
    _p.c.state_changed_at, _p.c.last_signed_in_at, _p.c.directory_dn, _u.c.name.label("unit_name"),
).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))  # fmt: skip


def settle_cases(connection: Connection, changes: Changes) -> None:
    """Bring the desk to where this run leaves things. May be done again: what is open already stays as it is."""
    _open_held(connection, changes)
    if changes.joins or changes.updates or changes.suspensions or changes.returns:
        _open_shared(connection, changes)
        _open_suspended_here(connection, changes)


def _open_held(connection: Connection, changes: Changes) -> None:
    keys = select(_u.c.source_key, _u.c.id).where(_u.c.source == changes.source)
    unit_ids = {row.source_key: row.id for row in connection.execute(keys)} if changes.held else {}
    wanted = [_case_of(connection, changes.source, held, unit_ids.get(held.record.unit_key or "")) for held in changes.held]
    of_entries = (_d.c.source == changes.source, _d.c.kind.in_(ENTRY_KINDS))
    _replace(connection, wanted, of_entries, may_settle=changes.is_whole)


def _case_of(connection: Connection, source: str, held: Held, unit_id: uuid.UUID | None) -> dict[str, Any]:
    record = held.record
    people = {row.id: row for row in connection.execute(_people.where(_p.c.id.in_([one.person_id for one in held.candidates])))}
    candidates = [_told(people[one.person_id], one.hints) for one in held.candidates]
    first = people[held.candidates[0].person_id] if held.candidates else None
    return {
        "kind": held.kind.value, "source": source, "fingerprint": f"entry:{source}:{record.source_key}", "entry_key": record.source_key,
        "person_id": first.id if first else None, "unit_id": unit_id, "name": record.name, "value": record.staff_code,
        "facts": _facts(record), "candidates": candidates,
    }  # fmt: skip


def _facts(record: StaffRecord) -> dict[str, Any]:
    """What stands on the entry's card; never the personal identification number, nor its mark."""
    told = {name: getattr(record, name) for name in ("name", "username", "mail", "staff_code", "title", "employment_status", "locked")}
    return {**told, "entry": record.directory_dn, "changed_at": record.changed_at.isoformat() if record.changed_at else None}


def _told(row: Any, hints: Sequence[str] = ()) -> dict[str, Any]:
    """What a case remembers of somebody; the page shows them as they are when it is looked at."""
    return {"person_id": str(row.id), "hints": list(hints), "unit_id": str(row.unit_id) if row.unit_id else None}


def _open_shared(connection: Connection, changes: Changes) -> None:
    """Values that only one person should have, and several people in service do: after a whole read all values, else those that this
    run gave or took away, since looking at a whole province takes longer than such a run may."""
    source = changes.source
    for kind, column in _SHARED:
        whole = (_d.c.source == source, _d.c.kind == kind.value)
        if changes.is_whole:
            parts = chunks(values_of_several(connection, column), CHUNK)
            cases = [case for part in parts for case in _shared_cases(connection, source, kind, column, part)]
            _replace(connection, cases, whole, may_settle=True)
        else:
            for part in chunks(_touched(connection, changes, kind, column), CHUNK):
                among = (*whole, _d.c.value.in_(part)) if kind != CaseKind.SAME_MARK else ()
                cases = _shared_cases(connection, source, kind, column, part)
                _replace(connection, cases, among, may_settle=kind != CaseKind.SAME_MARK)


def _shared_cases(connection: Connection, source: str, kind: CaseKind, column: Any, values: Sequence[Any]) -> list[dict[str, Any]]:
    # Asked by the values alone: with source and state beside them SQLite goes through everybody in service instead.
    having = _people.add_columns(column.label("value"), _p.c.source).outerjoin(_m, _m.c.person_id == _p.c.id).where(column.in_(values))
    found: dict[Any, list[Any]] = {}
    for row in connection.execute(having.order_by(_p.c.id)):
        if row.source == source and row.state == PersonState.ACTIVE:
            found.setdefault(row.value, []).append(row)
    return [_shared_case(kind, source, value, people) for value, people in found.items() if len(people) > 1]


def _touched(connection: Connection, changes: Changes, kind: CaseKind, column: Any) -> set[Any]:
    """The values of one kind that people had before or have after this run, of those whom it changed."""
    fact, before = _FACTS[kind]
    records = [*changes.joins, *(one.record for one in changes.updates)]
    values = {getattr(record, fact) for record in records}
    had = {one.before.get(before) for one in changes.updates} if before else set()
    values |= {username_key(value) if fact != before else value for value in had if value}
    for chunk in chunks([*(one.person_id for one in changes.suspensions), *changes.returns], CHUNK):
        theirs = select(column).select_from(_p.outerjoin(_m, _m.c.person_id == _p.c.id)).where(_p.c.id.in_(chunk))
        values |= set(connection.execute(theirs).scalars())
    return values - {None}


def _shared_case(kind: CaseKind, source: str, value: Any, people: Sequence[Any]) -> dict[str, Any]:
    # Another person who shares the value makes another case: what was decided of two says nothing of the third.
    who = hashlib.sha256(",".join(str(row.id) for row in people).encode()).hexdigest()[:16]
    shown = None if kind == CaseKind.SAME_MARK else str(value)
    units = {row.unit_id for row in people}
    return {
        "kind": kind.value, "source": source, "fingerprint": f"{kind}:{source}:{shown or ''}:{who}", "entry_key": None, "person_id": people[0].id,
        "unit_id": units.pop() if len(units) == 1 else None, "name": people[0].name, "value": shown, "facts": {"people": len(people)},
        "candidates": [_told(row) for row in people[:MOST_SHARING]],
    }  # fmt: skip


def _open_suspended_here(connection: Connection, changes: Changes) -> None:
    """Whom an officer suspended and whose entry is new or reads differently: they stay suspended until somebody decides."""
    in_service = [one.person_id for one in changes.updates if one.after and not one.record.locked]
    wanted = []
    for chunk in chunks(in_service, CHUNK):
        suspended = _people.where(_p.c.id.in_(chunk), _p.c.state == PersonState.SUSPENDED.value, _p.c.state_reason.not_in(OUR_REASONS))
        for row in connection.execute(suspended):
            wanted.append(
                {
                    "kind": CaseKind.SUSPENDED_HERE.value, "source": changes.source, "fingerprint": f"suspended:{row.id}", "entry_key": None,
                    "person_id": row.id, "unit_id": row.unit_id, "name": row.name, "value": None, "facts": {}, "candidates": [_told(row)],
                }
            )  # fmt: skip
    _replace(connection, wanted, (), may_settle=False)


def _replace(connection: Connection, wanted: Sequence[Mapping[str, Any]], among: Collection[Any], *, may_settle: bool) -> None:
    """Open the cases that are new, refresh those that are open, and settle the open ones `among` these that are wanted no more."""
    now = clock.now()
    prints = {case["fingerprint"] for case in wanted}
    standing: dict[str, Any] = {}
    for chunk in chunks(prints, CHUNK):
        rows = connection.execute(select(_d.c.id, _d.c.fingerprint, _d.c.state).where(_d.c.fingerprint.in_(chunk)).order_by(_d.c.opened_at))
        standing |= {row.fingerprint: row for row in rows}
    for case in wanted:
        known = standing.get(case["fingerprint"])
        if known is None or known.state == CaseState.SETTLED:
            _open(connection, {**case, "id": new_id(), "state": CaseState.OPEN.value, "opened_at": now})
        elif known.state == CaseState.OPEN:
            told = {name: case[name] for name in ("kind", "unit_id", "name", "value", "facts", "candidates", "person_id")}
            connection.execute(update(_d).where(_d.c.id == known.id, _d.c.state == CaseState.OPEN).values(**told))
    if may_settle:
        open_now = connection.execute(select(_d.c.id, _d.c.fingerprint).where(*among, _d.c.state == CaseState.OPEN)).all()
        for row in open_now:
            if row.fingerprint not in prints:
                settle = update(_d).where(_d.c.id == row.id, _d.c.state == CaseState.OPEN)
                connection.execute(settle.values(state=CaseState.SETTLED, decided_at=now, decided_by=ACTOR))


def _open(connection: Connection, case: Mapping[str, Any]) -> None:
    connection.execute(insert(_d), [dict(case)])
    audit.record(connection, audit.Event.DESK_CASE_OPENED, actor=ACTOR, person_id=case["person_id"], kind=case["kind"])
    desk_rules.decide_by_rule(connection, case["id"])
