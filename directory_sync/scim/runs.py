"""Writes of a source as runs of the ledger: what one client pushes within a quarter of an hour is one run."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from directory_sync.changes import Changes
from directory_sync.ledger import Run
from directory_sync.models import RunState, SyncRun
from directory_sync.reasons import encode
from directory_sync.scim.callers import Caller
from directory_sync.staff_record import StaffRecord
from idp import audit, clock
from idp.database import new_id, table_of

ONE_RUN, ONE_WARNING = timedelta(minutes=15), timedelta(hours=1)
KIND, TOO_MANY, MOST_FLAWS = "push", "too_many_suspensions", 200
_r = table_of(SyncRun)
_newest = (
    select(_r.c.id, _r.c.number, _r.c.started_by, _r.c.started_at, _r.c.state, _r.c.flaws)
    .where(_r.c.source == bindparam("of_source"), _r.c.started_at > bindparam("since"), _r.c.state == bindparam("in_state"))
    .order_by(_r.c.number.desc())
    .limit(1)
)
_next_number = select(func.coalesce(func.max(_r.c.number), 0) + 1)


def current_run(connection: Connection, caller: Caller) -> Run:
    """The run that a write of this caller belongs to; begun when there is none."""
    now = clock.now()
    found = connection.execute(_newest, {"of_source": caller.source, "since": now - ONE_RUN, "in_state": RunState.APPLIED}).first()
    if found is not None and found.started_by == caller.actor:
        return Run(
            run_id=found.id, number=found.number, source=caller.source, kind=KIND, started_by=caller.actor, started_at=found.started_at
        )
    return _begin(connection, caller, RunState.APPLIED, None)


def count(connection: Connection, run: Run, changes: Changes, unit_names: dict[str | None, str]) -> None:
    """Add what a write has changed to its run, with what was wrong with it."""
    moved = sum(change.has_moved for change in changes.told_updates)
    added = {
        "joined": len(changes.joins), "changed": len(changes.told_updates) - moved, "moved": moved,
        "suspended": len(changes.suspensions), "returned": len(changes.returns), "people_read": 1,
    }  # fmt: skip
    records = [*changes.joins, *(change.record for change in changes.updates)]
    flaws = [_told(flaw, record, unit_names) for record in records for flaw in sorted(record.flaws)]
    values: dict[str, Any] = {name: _r.c[name] + number for name, number in added.items()} | {"finished_at": clock.now()}
    if flaws:
        kept = connection.execute(select(_r.c.flaws).where(_r.c.id == run.run_id)).scalar_one()
        values["flaws"] = [*kept, *flaws][-MOST_FLAWS:]
    connection.execute(update(_r).where(_r.c.id == run.run_id).values(**values))


def note_held(connection: Connection, caller: Caller, people: int, active: int) -> int:
    """Write down that suspensions were held back, once an hour, for somebody to look at; return the run's number."""
    now, reason = clock.now(), encode(TOO_MANY, people=people, active=active)
    found = connection.execute(_newest, {"of_source": caller.source, "since": now - ONE_WARNING, "in_state": RunState.STOPPED}).first()
    if found is not None:
        connection.execute(update(_r).where(_r.c.id == found.id).values(reason=reason, finished_at=now))
        return int(found.number)
    run = _begin(connection, caller, RunState.STOPPED, reason)
    audit.record(connection, audit.Event.SYNC_RUN_STOPPED, actor=caller.actor, run=run.number, reason=reason, source=caller.source)
    return run.number


def _begin(connection: Connection, caller: Caller, state: RunState, reason: str | None) -> Run:
    number = connection.execute(_next_number).scalar_one()
    run = Run(run_id=new_id(), number=number, source=caller.source, kind=KIND, started_by=caller.actor, started_at=clock.now())
    row = {
        "id": run.run_id, "number": run.number, "source": caller.source, "kind": KIND, "started_by": caller.actor, "flaws": [],
        "started_at": run.started_at, "finished_at": run.started_at, "state": state, "reason": reason,
    }  # fmt: skip
    connection.execute(insert(SyncRun), row)
    return run


def _told(flaw: str, record: StaffRecord, unit_names: dict[str | None, str]) -> dict[str, Any]:
    return {"kind": str(flaw), "name": record.name, "entry": record.username or record.source_key, "unit": unit_names.get(record.unit_key)}


def names(units: Sequence[Any]) -> dict[str | None, str]:
    """The names of units by their source's key."""
    return {unit.source_key: unit.name for unit in units}


def held_lately(connection: Connection) -> Sequence[Any]:
    """The stopped runs of sources that push, of the last hour: number and source."""
    asked = select(_r.c.number, _r.c.source).where(
        _r.c.kind == KIND, _r.c.state == RunState.STOPPED, _r.c.finished_at > clock.now() - ONE_WARNING
    )
    return connection.execute(asked.order_by(_r.c.number.desc()).limit(5)).all()
