"""The ledger of sync runs: one run at a time begins, shows that it is alive, and ends; nothing of it is forgotten."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, delete, func, insert, not_, or_, select, update

from directory_sync.liveness import has_died, holder_of
from directory_sync.models import ChangeKind, RunState, SourceCookie, SyncChange, SyncRun
from idp import clock
from idp.database import insert_rows, new_id, new_ids, table_of
from idp.errors import NotFound, Refusal
from idp.people import units
from idp.people.models import Person

LEASE = timedelta(seconds=120)  # longer than the longest silence of a directory that is being read
KEEP_UNCHANGED = timedelta(days=1)  # a run a minute that found nothing is worth remembering for a day

_r, _c, _k, _p = table_of(SyncRun), table_of(SyncChange), table_of(SourceCookie), table_of(Person)
_is_running = (_r.c.source == bindparam("of_source")) & (_r.c.state == RunState.RUNNING)
_bury_run = (
    update(_r)
    .where(_r.c.id == bindparam("of_run"), _r.c.state == RunState.RUNNING)
    .values(state=RunState.FAILED, reason="interrupted", finished_at=bindparam("now"), leased_until=None, holder=None, step=None)
)
_newest = select(func.max(_r.c.number)).scalar_subquery()  # stays: its number must not be given again
_is_repeat = (_r.c.state == RunState.STOPPED) & _r.c.plan_number.is_not(None) & (_r.c.plan_number != _r.c.number)
_forget_unchanged = delete(_r).where(
    _r.c.source == bindparam("of_source"),
    or_(_r.c.state == RunState.UNCHANGED, _is_repeat),
    _r.c.started_at < bindparam("before"),
    _r.c.number < _newest,
)
_running = select(_r.c.id, _r.c.number, _r.c.leased_until, _r.c.holder).where(_is_running)
_counts = select(_c.c.kind, func.count().label("lines")).where(_c.c.run_id == bindparam("of_run")).group_by(_c.c.kind)
_changes_under = select(func.count()).select_from(_c).where(_c.c.run_id.in_(select(_r.c.id).where(_r.c.plan_number == bindparam("plan"))))
_next_number = select(func.coalesce(func.max(_r.c.number), 0) + 1)
_cookie = select(_k.c.cookie).where(_k.c.source == bindparam("of_source"))
_change_cookie = update(_k).where(_k.c.source == bindparam("of_source"))
_renew = (
    update(_r)
    .where(_r.c.id == bindparam("run"), _r.c.state == RunState.RUNNING)
    .values(leased_until=bindparam("until"), step=bindparam("doing"), done=bindparam("so_far"))
)
_finish = update(_r).where(_r.c.id == bindparam("run"), _r.c.state == RunState.RUNNING)
_before = (
    select(_r.c.state, _r.c.reason)
    .where(_r.c.number < bindparam("number"), _r.c.source == bindparam("of_source"), _r.c.kind == bindparam("of_kind"))
    .order_by(_r.c.number.desc())
    .limit(1)
)


Line = tuple[ChangeKind, uuid.UUID, str, str | None, dict[str, Any], dict[str, Any]]  # kind, key, name, unit, before, after


class AlreadyRunning(Refusal):
    """Another run is under way."""

    reason = "already_running"
    status = 409


class LeaseLost(Exception):
    """This run was silent for so long that it was taken for dead; another may have begun. It must not write any more."""


@dataclass(frozen=True)
class Run:
    """A run under way."""

    run_id: uuid.UUID
    number: int
    source: str
    kind: str
    started_by: str
    started_at: datetime


def begin(connection: Connection, started_by: str, source: str, kind: str = "full", plan: int | None = None) -> Run:
    """Begin a run of a source; one that died is buried first. Raises AlreadyRunning.

    Two that begin at once: the index on running runs lets one insert pass, so the other's raises IntegrityError.
    """
    now = clock.now()
    running = connection.execute(_running, {"of_source": source}).first()
    if running is not None and (running.leased_until <= now or has_died(connection, running.holder)):
        _bury(connection, running.id, now)
    elif running is not None:
        raise already_running(running.number)
    connection.execute(_forget_unchanged, {"of_source": source, "before": now - KEEP_UNCHANGED})
    run = Run(new_id(), connection.execute(_next_number).scalar_one(), source, kind, started_by, now)
    connection.execute(
        insert(SyncRun),
        {
            "id": run.run_id, "number": run.number, "source": source, "kind": kind, "started_by": started_by, "started_at": now,
            "leased_until": now + LEASE, "state": RunState.RUNNING, "plan_number": plan, "holder": holder_of(connection), "step": "read",
        },
    )  # fmt: skip
    return run


def already_running(number: int | None) -> AlreadyRunning:
    """The refusal for who comes second."""
    return AlreadyRunning(_("Lượt đồng bộ số %(number)s đang chạy. Chờ lượt này kết thúc.", number=number or "?"))


def _bury(connection: Connection, run_id: uuid.UUID, now: datetime) -> None:
    """End a run that died, with what it had written down until then."""
    lines = {row.kind: row.lines for row in connection.execute(_counts, {"of_run": run_id})}
    counted = {name: lines.get(name, 0) for name in ("joined", "changed", "moved", "suspended", "returned")}
    counted["units_changed"] = sum(number for kind, number in lines.items() if kind.startswith("unit_"))
    connection.execute(_bury_run.values(**counted), {"of_run": run_id, "now": now})


def count_changes_under(connection: Connection, plan: int) -> int:
    """How many changes runs have made that carried out this plan and broke off."""
    return int(connection.execute(_changes_under, {"plan": plan}).scalar_one())


def renew(connection: Connection, run: Run, step: str = "read", done: int = 0) -> None:
    """Show that the run is alive, and how far it is. Raises LeaseLost."""
    values = {"run": run.run_id, "until": clock.now() + LEASE, "doing": step, "so_far": done}
    if connection.execute(_renew, values).rowcount != 1:
        raise LeaseLost


def write_down(connection: Connection, run: Run, lines: Sequence[Line], about: str = "person_id") -> None:
    """Write down what the run has changed, in the transaction that changes it. `about`: whose key the lines carry, `person_id`
    or `unit_id`."""
    rows = [(line_id, kind.value, *line) for line_id, (kind, *line) in zip(new_ids(len(lines)), lines, strict=True)]
    other = "unit_id" if about == "person_id" else "person_id"
    columns = ("id", "kind", about, "name", "unit_name", "before", "after")
    insert_rows(connection, _c, columns, rows, run_id=run.run_id, **{other: None})


def finish(connection: Connection, run: Run, state: RunState, reason: str | None = None, **found: Any) -> bool:
    """End the run with what it found. Return whether it tells anything that the run before did not. Raises LeaseLost."""
    values = {"state": state, "reason": reason, "finished_at": clock.now(), "leased_until": None, "holder": None, "step": None, **found}
    if connection.execute(_finish.values(**values), {"run": run.run_id}).rowcount != 1:
        raise LeaseLost
    before = connection.execute(_before, {"number": run.number, "of_source": run.source, "of_kind": run.kind}).first()
    return before is None or (before.state, before.reason) != (state, reason)


def find_cookie(connection: Connection, source: str) -> bytes | None:
    """Where the next delta of a source goes on from; None: nothing was read of it yet, or it begins anew."""
    return connection.execute(_cookie, {"of_source": source}).scalar()


def keep_cookie(connection: Connection, run: Run, cookie: bytes) -> None:
    """Keep where the next delta goes on from, with the end of the run that applied what came before. One run of a source is under
    way at a time, so nobody else writes it."""
    values = {"cookie": cookie, "read_at": run.started_at}
    if connection.execute(_change_cookie.values(**values), {"of_source": run.source}).rowcount == 0:
        connection.execute(insert(SourceCookie), {"source": run.source, **values})


def list_runs(connection: Connection, most: int = 50, before: int | None = None, *, with_changes: bool = False) -> Sequence[Any]:
    """The newest runs, newest first; `before`: only those with a lower number; `with_changes`: without those that found nothing, or again what waits
    for approval."""
    columns = [column for column in _r.c if column.name != "flaws"]
    query = select(*columns).order_by(_r.c.number.desc()).limit(most)
    if before is not None:
        query = query.where(_r.c.number < before)
    if with_changes:
        query = query.where(_r.c.state != RunState.UNCHANGED, not_(_is_repeat))
    return connection.execute(query).all()


def require_run(connection: Connection, number: int) -> Any:
    """One run. Raises NotFound."""
    found = connection.execute(select(_r).where(_r.c.number == number)).first()
    if found is None:
        raise NotFound(_("Không có lượt đồng bộ số %(number)s.", number=number))
    return found


def list_running(connection: Connection) -> Sequence[Any]:
    """The runs under way, with what they are doing."""
    columns = (_r.c.number, _r.c.source, _r.c.step, _r.c.done, _r.c.started_at)
    return connection.execute(select(*columns).where(_r.c.state == RunState.RUNNING).order_by(_r.c.number)).all()


def list_changes(
    connection: Connection, run_id: uuid.UUID, most: int = 200, after: uuid.UUID | None = None, within: Collection[uuid.UUID] | None = None
) -> Sequence[Any]:  # fmt: skip
    """The changes of a run in the order in which they were made, a page at a time; `after`: the last one of the page before;
    `within`: only about people and units of these parts of the tree."""
    query = select(_c).where(_c.c.run_id == run_id).order_by(_c.c.id).limit(most)
    if within is not None:
        inside = select(units.below(within).c.id)
        theirs = select(_p.c.id).where(_p.c.unit_id.in_(inside))
        query = query.where(_c.c.person_id.in_(theirs) | _c.c.unit_id.in_(inside))
    return connection.execute(query.where(_c.c.id > after) if after else query).all()
