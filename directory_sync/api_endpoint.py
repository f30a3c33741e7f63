"""/api/v1/sync: runs and plans, a run started, a change held back. Plans are approved by named people in the console, never here."""

import uuid
from typing import Any, Literal

from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy import Connection

from directory_sync import held, ledger, plans
from directory_sync.approvals import Officer
from directory_sync.asked import ask
from directory_sync.models import ChangeKind, PlanState, RequestKind, RunState
from directory_sync.plan_reading import LineFilters, count_kinds, page_of_lines
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import Asked, Key, Line, Number, PageQuery, Shown, Told
from idp.console.reach import within
from idp.errors import NotFound, Refusal
from idp.jobs import make_due
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_sync")
SYNC, JOB, PAGE_RUNS, PAGE_CHANGES = f"{PATH}/sync", "sync", 50, 100
NUMBER = "<int(max=2147483647):number>"
SEE = Permission.SEE_SYNC
OF_ANY_PART = frozenset({"number", "source", "kind", "state", "started_at", "finished_at", "plan_number"})


class RunsQuery(Asked):
    """Which runs, newest first."""

    before: Number | None = Field(None, description="only runs with a lower number: the `next` of the page before")
    found: Literal["changes", "all"] = Field("changes", description="`all`: those too that found nothing")


class RunLine(Shown):
    """A run in a list. Who began it, why it stopped and what it counted are told to clients whose roles are for the whole province only."""

    number: int
    source: str
    kind: str
    state: RunState
    reason: str | None
    started_by: str | None
    started_at: Told
    finished_at: Told | None
    plan_number: int | None
    people_read: int | None
    units_read: int | None
    joined: int | None
    changed: int | None
    moved: int | None
    suspended: int | None
    returned: int | None
    units_changed: int | None


class RunsPage(Shown):
    """A page of runs; `next` is None on the last one."""

    items: list[RunLine]
    next: int | None


class ChangeTold(Shown):
    """One change of a run, before and after."""

    id: Key
    kind: ChangeKind
    person_id: Key | None
    unit_id: Key | None
    name: str
    unit_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]


class RunTold(RunLine):
    """A run with a page of its changes, within the units that the client's roles reach. `flaws`: what it found wrong, for the whole
    province only."""

    flaws: int | None
    changes: list[ChangeTold]
    next: str | None


class PlanLineTold(ChangeTold):
    """One line of a plan. `is_over`: the guard objects to it; `held`: why it is held back."""

    is_over: bool
    is_explained: bool
    held: str | None


class PlanTold(Shown):
    """A plan with a page of its lines. `words_wanted`: how many people must approve it, 0 when nobody can."""

    number: int
    source: str
    state: PlanState
    reason: str | None
    words_wanted: int
    created_at: Told
    expires_at: Told
    ended_at: Told | None
    kinds: dict[str, int]
    lines: list[PlanLineTold]
    next: str | None


class PlansTold(Shown):
    """The plans that wait for somebody, newest first."""

    items: list[int]


class LinesQuery(PageQuery):
    """What narrows the lines of a plan."""

    kind: ChangeKind | None = None
    unit: Key | None = None
    q: Line | None = None


class Wanted(Asked):
    """What the worker is asked for: a run, or only the plan of one."""

    kind: Literal["run", "plan"] = "run"


class AskedFor(Shown):
    """The worker looks within a second; the run stands in the list then."""

    asked: str


class Held(Shown):
    """The change is left out of this plan and of every later run, until a person releases it."""

    held: bool


class HoldReason(Asked):
    """Why it is held back."""

    reason: Line = Field(min_length=20)


@operation(blueprint, "GET", f"{SYNC}/runs", "listRuns", "Runs, newest first", SEE, Scope.SYNC_READ, query=RunsQuery, answer=RunsPage)
def list_runs(connection: Connection, query: RunsQuery) -> RunsPage:
    """One page of the ledger."""
    rows = ledger.list_runs(connection, PAGE_RUNS + 1, query.before, with_changes=query.found == "changes")
    return RunsPage(
        items=[RunLine(**_run(row)) for row in rows[:PAGE_RUNS]], next=rows[PAGE_RUNS - 1].number if len(rows) > PAGE_RUNS else None
    )


def _run(row: Any) -> dict[str, Any]:
    is_whole = within(Permission.SEE_SYNC) is None
    return {name: getattr(row, name) if is_whole or name in OF_ANY_PART else None for name in RunLine.model_fields}


@operation(
    blueprint, "GET", f"{SYNC}/runs/{NUMBER}", "showRun", "One run with its changes", SEE, Scope.SYNC_READ, query=PageQuery, answer=RunTold
)
def show_run(connection: Connection, number: int, query: PageQuery) -> RunTold:
    """A page of what it changed."""
    row, reach = ledger.require_run(connection, number), within(Permission.SEE_SYNC)
    after = _key(query.after)
    changes = ledger.list_changes(connection, row.id, PAGE_CHANGES + 1, after, reach)
    return RunTold(
        **_run(row), flaws=len(row.flaws) if reach is None else None, changes=[_change(one) for one in changes[:PAGE_CHANGES]],
        next=changes[PAGE_CHANGES - 1].id.hex if len(changes) > PAGE_CHANGES else None,
    )  # fmt: skip


def _change(row: Any) -> ChangeTold:
    return ChangeTold(**{name: getattr(row, name) for name in ChangeTold.model_fields})


@operation(blueprint, "POST", f"{SYNC}/runs", "startRun", "Ask the worker for a run, or for a plan", Permission.RUN_SYNC, Scope.SYNC_RUN,
           body=Wanted, answer=AskedFor, status=202)  # fmt: skip
def start_run(connection: Connection, body: Wanted) -> AskedFor:
    """At its next look."""
    ask(connection, RequestKind(body.kind), require_viewer().actor)
    if not make_due(connection, JOB):
        raise Refusal(_("Chưa có tiến trình nền nào chạy đồng bộ. Khởi động `hopnhat worker`."), "no_worker", 409)
    return AskedFor(asked=body.kind)


@operation(
    blueprint, "GET", f"{SYNC}/plans", "listPlans", "Plans that wait for somebody, by number", SEE, Scope.SYNC_READ, answer=PlansTold
)
def list_plans(connection: Connection) -> PlansTold:
    """The newest twenty."""
    return PlansTold(items=[row.number for row in plans.list_waiting(connection)])


@operation(blueprint, "GET", f"{SYNC}/plans/{NUMBER}", "showPlan", "One plan with its lines", SEE, Scope.SYNC_READ, query=LinesQuery,
           answer=PlanTold)  # fmt: skip
def show_plan(connection: Connection, number: int, query: LinesQuery) -> PlanTold:
    """A page of its lines, within the units that the client's roles reach."""
    plan, reach = plans.require_plan(connection, number), within(Permission.SEE_SYNC)
    filters = LineFilters(reach, query.unit, query.kind or "", query.q or "")
    lines, after = page_of_lines(connection, plan.run_id, filters, _key(query.after))
    reasons = held.held_marks(connection, plan.source)
    same = ("number", "source", "state", "words_wanted", "created_at", "expires_at", "ended_at")
    return PlanTold(
        **{name: getattr(plan, name) for name in same}, reason=plan.reason if reach is None else None,
        kinds=count_kinds(connection, plan.run_id, LineFilters(within=reach)), lines=[_plan_line(line, reasons) for line in lines],
        next=after.hex if after else None,
    )  # fmt: skip


def _plan_line(row: Any, reasons: dict[bytes, str]) -> PlanLineTold:
    told = {name: getattr(row, name) for name in PlanLineTold.model_fields if name != "held"}
    return PlanLineTold(**told, held=reasons.get(row.mark))


@operation(blueprint, "POST", f"{SYNC}/plans/{NUMBER}/lines/<uuid:line_id>/hold", "holdLine", "Hold one change back", Permission.APPROVE_SYNC,
           Scope.SYNC_HOLD, body=HoldReason, answer=Held)  # fmt: skip
def hold_line(connection: Connection, number: int, line_id: uuid.UUID, body: HoldReason) -> Held:
    """It is released by a person."""
    officer = Officer(require_viewer().actor, within=within(Permission.APPROVE_SYNC))
    held.hold(connection, held.require_line(connection, number, line_id, officer.within), officer, body.reason)
    return Held(held=True)


def _key(after: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=after) if after else None
    except ValueError:
        raise NotFound("", reason="no_such_place") from None
