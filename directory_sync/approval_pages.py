"""/console/sync/N/approve: the guard's limits beside what a plan would do, and the word of one person, or of two of different units."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from directory_sync import approvals, ledger, plans
from directory_sync.known import count_people
from directory_sync.limits import likely_cause, limits_of
from directory_sync.models import PlanPart, RunState, SyncRun
from directory_sync.plan_pages import JOB, NUMBER, officer, read_text
from directory_sync.plan_reading import LineFilters, agencies_of, consequences_of, count_explained, count_kinds
from directory_sync.reasons import explain
from directory_sync.words import CHANGES, PLAN_STATES
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.jobs import make_due
from idp.people.models import Person, Unit
from idp.settings import current_settings
from idp.web.viewer import Permission, requires

blueprint = Blueprint("sync_approval", __name__)
SHOWN_AGENCIES = 5
FIELDS = {"short_reason": "reason", "wrong_number": "typed"}
_r, _p, _u = table_of(SyncRun), table_of(Person), table_of(Unit)
_open_units = select(func.count()).where(_u.c.valid_to.is_(None))


@blueprint.route(f"/console/sync/{NUMBER}/approve", methods=["GET", "POST"])
@requires(Permission.APPROVE_SYNC)
def approve(number: int) -> Response | str:
    """Approve the whole plan, or the part below the limits."""
    if request.method == "GET":
        return _page(number, {})
    reason, typed, part = read_text("reason"), read_text("typed"), request.form.get("part", "")
    who, chosen = officer(), PlanPart.BELOW_LIMITS if part == PlanPart.BELOW_LIMITS else PlanPart.WHOLE
    try:
        is_approved = in_transaction(lambda c: approvals.give_word(c, number, who, typed=typed, reason=reason, part=chosen))
    except Refusal as refusal:
        if refusal.reason not in FIELDS:
            raise
        return _page(number, {FIELDS[refusal.reason]: str(refusal.message)})
    if is_approved:
        in_transaction(lambda connection: make_due(connection, JOB))
    return redirect(url_for("sync_approval.approve", number=number, done=1), 303)


@blueprint.post(f"/console/sync/{NUMBER}/reject")
@requires(Permission.APPROVE_SYNC)
def reject(number: int) -> Response | str:
    """Send the plan back."""
    reason, who = read_text("reason"), officer()
    try:
        in_transaction(lambda connection: approvals.reject(connection, number, who, reason=reason))
    except Refusal as refusal:
        if refusal.reason not in FIELDS:
            raise
        return _page(number, {FIELDS[refusal.reason]: str(refusal.message)})
    return redirect(url_for("sync_approval.approve", number=number, done=1), 303)


def _page(number: int, errors: dict[str, str]) -> str:
    plan, who = plans.require_plan(reader(), number), officer()
    if who.within is not None and not approvals.is_within(reader(), plan.run_id, who.within):
        approvals.require_reach(reader(), plan, who)  # its figures are those of other units
    run = ledger.require_run(reader(), number)
    everything = LineFilters(within=who.within)
    kinds = count_kinds(reader(), plan.run_id, everything)
    over = agencies_of(reader(), plan.run_id, LineFilters(within=who.within, only_over=bool(plan.reason)))
    limits = limits_of(
        plan.reason, kinds, count_people(reader(), plan.source), reader().execute(_open_units).scalar_one(), current_settings()
    )
    return render_template(
        "sync/approve.html",
        plan=plan, run=run, errors=errors, form=request.form, kinds=kinds, limits=limits, agencies=over[:SHOWN_AGENCIES],
        cause=likely_cause(run, _run_before(run), kinds), explained=count_explained(reader(), plan.run_id),
        consequences=consequences_of(reader(), plan.run_id, everything), words=_words(plan), is_open=plans.is_open(plan),
        is_within=approvals.is_within(reader(), plan.run_id, who.within), has_spoken=any(word.actor == who.actor for word in plans.words_for(reader(), plan.run_id)),
        lines=plans.count_lines(reader(), plan.run_id), over=plans.count_lines(reader(), plan.run_id, only_over=True), states=PLAN_STATES,
        changes=CHANGES, explain=explain, shortest=approvals.SHORTEST_REASON, done=request.args.get("done"),
    )  # fmt: skip


def _run_before(run: Any) -> Any | None:
    good = (RunState.APPLIED.value, RunState.UNCHANGED.value)
    query = select(_r).where(_r.c.source == run.source, _r.c.kind == "full", _r.c.number < run.number, _r.c.state.in_(good))
    return reader().execute(query.order_by(_r.c.number.desc()).limit(1)).first()


def _words(plan: Any) -> list[tuple[str, Any]]:
    """Who has spoken, by name, and what they said."""
    words = plans.words_for(reader(), plan.run_id)
    ids = [word.person_id for word in words if word.person_id]
    names = {row.id: row.name for row in reader().execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(ids)))} if ids else {}
    return [(names.get(word.person_id, word.actor), word) for word in words]
