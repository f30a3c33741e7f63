"""What somebody asked the worker for, and what was approved: done at its next look, before what is due by the clock."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from directory_sync import plans
from directory_sync.approvals import still_holds
from directory_sync.models import PlanState, RequestKind, SyncRequest
from directory_sync.run import RunReport, run_sync
from directory_sync.sources import require_source
from idp import clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.errors import Refusal

_q = table_of(SyncRequest)
_next = select(_q).where(_q.c.taken_at.is_(None)).order_by(_q.c.id).limit(1)
_take = update(_q).where(_q.c.id == bindparam("of_request"), _q.c.taken_at.is_(None)).values(taken_at=bindparam("now"))


def ask(connection: Connection, kind: RequestKind, asked_by: str, about: str | None = None) -> None:
    """Ask the worker; the same asked twice before it looks is done once."""
    same = select(_q.c.id).where(_q.c.kind == kind.value, _q.c.about == about, _q.c.taken_at.is_(None))
    if connection.execute(same.limit(1)).first() is None:
        row = {"id": new_id(), "kind": kind.value, "about": about, "asked_by": asked_by, "asked_at": clock.now()}
        connection.execute(insert(_q), row)


def take_next() -> Any | None:
    """The oldest thing asked for; nobody else gets it."""
    found = reader().execute(_next).first()
    if found is None:
        return None
    values = {"of_request": found.id, "now": clock.now()}
    return found if in_transaction(lambda connection: connection.execute(_take, values)).rowcount == 1 else None


def carry_out_approved(actor: str) -> RunReport | None:
    """Carry out the oldest approved plan, if there is one; one whose approver was suspended or lost the role meanwhile is ended instead.
    Raises AlreadyRunning."""
    plan = plans.find_approved(reader())
    if plan is not None and not still_holds(reader(), plan):
        in_transaction(lambda connection: plans.end(connection, plan.run_id, PlanState.MOVED_ON, actor))
        return None
    return carry_out_plan(plan, actor) if plan is not None else None


def carry_out_plan(plan: Any, actor: str) -> RunReport:
    """Read the plan's source again and apply exactly what was approved. Raises AlreadyRunning, ReadIncomplete, Refusal."""
    if plan.state != PlanState.APPROVED:
        raise Refusal(_("Kế hoạch số %(number)s chưa được phê duyệt.", number=plan.number), "not_approved", 409)
    return run_sync(started_by=actor, source=require_source(plan.source), plan=plan)


def make_plan(source: str, actor: str) -> RunReport:
    """Keep what a run of this source would do as a plan. Raises AlreadyRunning, ReadIncomplete."""
    return run_sync(started_by=actor, source=require_source(source), only_plan=True)
