"""Plans: what a run would have done, kept with every line, until somebody approves it, rejects it, or it no longer holds."""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from directory_sync import plan_marks
from directory_sync.changes import Changes, Explained
from directory_sync.ledger import Run
from directory_sync.models import HeldChange, PlanLine, PlanPart, PlanState, PlanWord, RunState, SyncPlan, SyncRun
from directory_sync.plan_lines import Line, lines_of
from directory_sync.safety import Objection, words_wanted
from idp import clock
from idp.database import insert_rows, new_ids, table_of
from idp.errors import NotFound
from idp.people.models import Person
from idp.settings import Settings

BATCH_LINES = 2000
KEEP_LINES = timedelta(days=90)  # of a plan that came to nothing; of one that was applied the changes themselves are kept

_n, _l, _w, _h, _r, _p = (table_of(record) for record in (SyncPlan, PlanLine, PlanWord, HeldChange, SyncRun, Person))
_expire = (
    update(_n)
    .where(_n.c.state.in_([PlanState.WAITING.value, PlanState.APPROVED.value]), _n.c.expires_at <= bindparam("now"))
    .values(state=PlanState.EXPIRED.value, ended_at=bindparam("now"))
)
# One that was sent back stands as long as it says the same: nobody is asked the same thing again a minute later.
_standing = (
    select(_n)
    .where(
        _n.c.source == bindparam("of_source"),
        _n.c.state.in_([PlanState.WAITING.value, PlanState.APPROVED.value, PlanState.REJECTED.value]),
        _n.c.expires_at > bindparam("now"),
    )
    .order_by(_n.c.number.desc())
    .limit(1)
)
_end_waiting = update(_n).where(_n.c.source == bindparam("of_source"), _n.c.state == PlanState.WAITING.value)
_approved = (
    select(_n, _r.c.reason)
    .join(_r, _r.c.id == _n.c.run_id)
    .where(_n.c.state == PlanState.APPROVED.value, _n.c.expires_at > bindparam("now"))
    .order_by(_n.c.number)
    .limit(1)
)
_end = update(_n).where(_n.c.run_id == bindparam("of_run"), _n.c.state.in_(bindparam("states", expanding=True)))
_held_marks = select(_h.c.mark).where(_h.c.source == bindparam("of_source"), _h.c.released_at.is_(None))
_marks = select(_l.c.mark).where(_l.c.run_id == bindparam("of_run"))
_old_lines = delete(_l).where(
    _l.c.run_id.in_(select(_n.c.run_id).where(_n.c.ended_at < bindparam("before"))),
)


def leave_out_held(connection: Connection, changes: Changes) -> tuple[Changes, int]:
    """The changes without those that an officer holds back, and how many these are."""
    held = set(connection.execute(_held_marks, {"of_source": changes.source}).scalars())
    if not held:
        return changes, 0
    found: set[bytes] = set()

    def is_wanted(mark: bytes) -> bool:
        if mark in held:
            found.add(mark)
        return mark not in held

    return plan_marks.keep_only(changes, is_wanted), len(found)


def only_planned(connection: Connection, changes: Changes, plan: Any) -> tuple[Changes, int]:
    """Of the changes exactly those that were approved, and how many of the approved ones no longer hold. What came after the
    plan was made is left to a later run."""
    query = _marks.where(_l.c.is_over.is_(False)) if plan.part == PlanPart.BELOW_LIMITS else _marks
    wanted = set(connection.execute(query, {"of_run": plan.run_id}).scalars())
    wanted -= set(connection.execute(_held_marks, {"of_source": changes.source}).scalars())
    found: set[bytes] = set()

    def is_wanted(mark: bytes) -> bool:
        if mark in wanted:
            found.add(mark)
        return mark in wanted

    return plan_marks.keep_only(changes, is_wanted), len(wanted - found)


def keep(
    connection: Connection, run: Run, changes: Changes, explained: Explained, objections: Sequence[Objection], settings: Settings
) -> int:  # fmt: skip
    """Keep what the run would do as a plan and return its number: that of a plan that waits already and still holds, else a new
    one, which takes its place."""
    connection.execute(_expire, {"now": clock.now()})
    words, typed = words_wanted(objections, changes.known_people, settings), _typed_number(objections, changes)
    now = clock.now()
    standing = connection.execute(_standing, {"of_source": run.source, "now": now}).first()
    if standing is not None:
        missing = set(connection.execute(_marks, {"of_run": standing.run_id}).scalars())
        for line in lines_of(connection, changes, explained, objections):
            missing.discard(line.mark)
        if (standing.words_wanted, standing.typed_number) == (words, typed) and not missing:
            return int(standing.number)
        end(connection, standing.run_id, PlanState.MOVED_ON, run.started_by)
    connection.execute(_old_lines, {"before": now - KEEP_LINES})
    row = {
        "run_id": run.run_id, "number": run.number, "source": run.source, "state": PlanState.WAITING.value, "part": PlanPart.WHOLE.value,
        "words_wanted": words, "typed_number": typed, "created_at": now, "expires_at": now + timedelta(hours=settings.sync_approval_hours),
    }  # fmt: skip
    connection.execute(insert(SyncPlan), row)
    lines = lines_of(connection, changes, explained, objections)
    while part := list(islice(lines, BATCH_LINES)):
        rows = [(line_id, *line) for line_id, line in zip(new_ids(len(part)), part, strict=True)]
        insert_rows(connection, _l, ("id", *Line._fields), rows, run_id=run.run_id)
    return run.number


def _typed_number(objections: Sequence[Objection], changes: Changes) -> int:
    """How many people the guard objects about; how many lines there are when it does not object."""
    lines = len(changes.units) + len(changes.joins) + len(changes.told_updates) + len(changes.suspensions) + len(changes.returns)
    return max((one.people for one in objections), default=lines)


def end(connection: Connection, run_id: uuid.UUID, state: PlanState, actor: str, reason: str | None = None) -> bool:
    """End a plan that waits or is approved; return whether this call did it."""
    values = {"state": state.value, "ended_at": clock.now(), "ended_by": actor, "ended_reason": reason}
    states = [PlanState.WAITING.value, PlanState.APPROVED.value]
    return bool(connection.execute(_end.values(**values), {"of_run": run_id, "states": states}).rowcount == 1)


def end_waiting(connection: Connection, source: str, actor: str) -> None:
    """End what waits for a word although all of it was applied meanwhile, or is no longer there."""
    values = {"state": PlanState.MOVED_ON.value, "ended_at": clock.now(), "ended_by": actor}
    connection.execute(_end_waiting.values(**values), {"of_source": source})


def find_approved(connection: Connection) -> Any | None:
    """A plan that is approved and not carried out yet."""
    return connection.execute(_approved, {"now": clock.now()}).first()


def find_plan(connection: Connection, number: int) -> Any | None:
    """The plan of a run, as it stands now."""
    return connection.execute(select(_n, _r.c.reason).join(_r, _r.c.id == _n.c.run_id).where(_n.c.number == number)).first()


def require_plan(connection: Connection, number: int) -> Any:
    """The plan of a run. Raises NotFound."""
    found = find_plan(connection, number)
    if found is None:
        raise NotFound(_("Lượt đồng bộ số %(number)s không có kế hoạch để xem.", number=number))
    return found


def is_open(plan: Any) -> bool:
    """Whether it can still be approved or rejected."""
    return bool(plan.state == PlanState.WAITING and plan.expires_at > clock.now())


def words_for(connection: Connection, run_id: uuid.UUID) -> Sequence[Any]:
    """Who has given their word so far, first one first."""
    return connection.execute(select(_w).where(_w.c.run_id == run_id).order_by(_w.c.id)).all()


def approvers_of(connection: Connection, numbers: Collection[int]) -> dict[int, list[str]]:
    """Who approved these plans, by name, first one first; a word for another part than was applied does not count."""
    words = (
        select(_n.c.number, _w.c.actor, _p.c.name)
        .select_from(_w.join(_n, (_n.c.run_id == _w.c.run_id) & (_n.c.part == _w.c.part)).outerjoin(_p, _p.c.id == _w.c.person_id))
        .where(_n.c.number.in_(numbers))
        .order_by(_w.c.id)
    )
    found: dict[int, list[str]] = {}
    for row in connection.execute(words):
        found.setdefault(row.number, []).append(row.name or row.actor)
    return found


def list_waiting(connection: Connection, most: int = 20) -> Sequence[Any]:
    """The plans that wait for somebody, newest first."""
    query = select(_n, _r.c.reason).join(_r, _r.c.id == _n.c.run_id)
    query = query.where(_n.c.state.in_([PlanState.WAITING.value, PlanState.APPROVED.value]), _n.c.expires_at > clock.now())
    return connection.execute(query.order_by(_n.c.number.desc()).limit(most)).all()


def count_lines(connection: Connection, run_id: uuid.UUID, *, only_over: bool = False) -> int:
    """How many lines a plan has, or how many of them the guard objects to."""
    query = select(func.count()).select_from(_l).where(_l.c.run_id == run_id)
    return int(connection.execute(query.where(_l.c.is_over.is_(True)) if only_over else query).scalar_one())


def lines_in_batches(connection: Connection, run_id: uuid.UUID, within: Collection[uuid.UUID] | None = None) -> Any:
    """All lines in the order in which they were kept, for an export, a batch at a time."""
    last: uuid.UUID | None = None
    query = select(_l).where(_l.c.run_id == run_id).order_by(_l.c.id).limit(BATCH_LINES)
    if within is not None:
        query = query.where(_l.c.unit_id.in_(within) | _l.c.to_unit_id.in_(within))
    while rows := connection.execute(query if last is None else query.where(_l.c.id > last)).all():
        yield from rows
        last = rows[-1].id


def run_state_of(objections: Sequence[Objection]) -> RunState:
    """How a run ends that keeps its plan."""
    return RunState.STOPPED if objections else RunState.PLANNED
