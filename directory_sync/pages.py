"""/console/sync: the runs, how fresh what we know is, what each run changed before and after, and what it found wrong."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from directory_sync import api_endpoint, approval_pages, ledger, plan_pages, plans, reorganisation_pages
from directory_sync.asked import ask
from directory_sync.models import RequestKind, RunState, SyncRun
from directory_sync.panels import panels
from directory_sync.reasons import explain
from directory_sync.source.ldap_full import SOURCE
from directory_sync.tracker_quality import quality_of
from directory_sync.words import CHANGES, PLAN_STATES, STATES, STEPS, differences, field_words, flaw_words, value_words
from idp import clock
from idp.account.pages import LAST_READ
from idp.console.home import Notice, add_attention
from idp.console.reach import within
from idp.console.trail import actor_told
from idp.database import in_transaction, reader, table_of
from idp.enrollment.quality_sources import add_quality_source
from idp.errors import NotFound, Refusal
from idp.jobs import make_due
from idp.metrics_endpoint import Gauge, add_gauges
from idp.settings import current_settings
from idp.web.formats import format_age
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("sync", __name__)
JOB = "sync"
HIGHEST_NUMBER = 2**31 - 1  # what the column holds
PAGE_RUNS, PAGE_CHANGES, SHOWN_FLAWS = 50, 50, 50
WATCH_SECONDS = 5
_r = table_of(SyncRun)
_last_success = (
    select(_r.c.number, _r.c.finished_at)
    .where(_r.c.source == SOURCE, _r.c.state.in_([RunState.APPLIED.value, RunState.UNCHANGED.value]))
    .order_by(_r.c.number.desc())
    .limit(1)
)


def last_read() -> datetime | None:
    """When the directory was last read whole."""
    row = reader().execute(_last_success).first()
    return row.finished_at if row else None


_newest = (
    select(_r.c.number, _r.c.state, _r.c.reason)
    .where(_r.c.source == SOURCE, _r.c.state != RunState.RUNNING.value)
    .order_by(_r.c.number.desc())
    .limit(1)
)


@blueprint.get("/console/sync")
@requires(Permission.SEE_SYNC)
def list_runs() -> str:
    """The runs, newest first; those that found nothing are left out unless `?all=1`."""
    everything = request.args.get("all") == "1"
    rows = ledger.list_runs(reader(), PAGE_RUNS + 1, _number(request.args.get("before")), with_changes=not everything)
    more = rows[PAGE_RUNS - 1].number if len(rows) > PAGE_RUNS else None
    approved = plans.approvers_of(reader(), {row.plan_number for row in rows if row.plan_number and row.state == RunState.APPLIED})
    return render_template(
        "sync/runs.html", approvers=approved,
        runs=rows[:PAGE_RUNS], more=more, everything=everything, states=STATES, success=reader().execute(_last_success).first(),
        asked=request.args.get("asked") == "1", running=ledger.list_running(reader()), steps=STEPS, plans=plans.list_waiting(reader()),
        plan_states=PLAN_STATES, explain=explain, panels=panels(), is_whole=within(Permission.SEE_SYNC) is None,
    )  # fmt: skip


@blueprint.get(f"/console/sync/<int(max={HIGHEST_NUMBER}):number>")
@requires(Permission.SEE_SYNC)
def show_run(number: int) -> Response:
    """One run: counters, changes a page at a time, flaws by kind and the first of each entry. While it is under way: how far it is;
    with `?watch=1` the browser loads the page again by itself."""
    run, reach = ledger.require_run(reader(), number), within(Permission.SEE_SYNC)
    changes = ledger.list_changes(reader(), run.id, PAGE_CHANGES + 1, _key(request.args.get("after")), reach)
    after = changes[PAGE_CHANGES - 1].id if len(changes) > PAGE_CHANGES else None
    flaws = run.flaws if reach is None else []
    kinds, watch = Counter(flaw["kind"] for flaw in flaws), run.state == RunState.RUNNING and request.args.get("watch") == "1"
    page = render_template(
        "sync/run.html",
        run=run, changes=changes[:PAGE_CHANGES], after=after, flaw_kinds=kinds.most_common(), flaws=flaws[:SHOWN_FLAWS], is_whole=reach is None,
        states=STATES, steps=STEPS, watch=watch, seconds=WATCH_SECONDS, kinds=CHANGES, explain=explain, field_words=field_words,
        started_by=actor_told(reader(), run.started_by), flaw_words=flaw_words, value_words=value_words, differences=differences, plan=plans.find_plan(reader(), run.plan_number or number),
    )  # fmt: skip
    return Response(page, mimetype="text/html", headers={"Refresh": str(WATCH_SECONDS)} if watch else None)


@blueprint.post("/console/sync/run")
@requires(Permission.RUN_SYNC)
def run_now() -> Response:
    """Have the worker read everything at its next look, within a second; the page does not wait for it."""
    actor = require_viewer().actor
    in_transaction(lambda connection: ask(connection, RequestKind.RUN, actor))
    if not in_transaction(lambda connection: make_due(connection, JOB)):
        raise Refusal(_("Chưa có tiến trình nền nào chạy đồng bộ. Khởi động `hopnhat worker`."), "no_worker", 409)
    return redirect(url_for("sync.list_runs", asked=1), 303)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise NotFound(_("Trang này không còn. Mở lại lượt đồng bộ từ đầu.")) from None


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: the newest run when it stopped or failed, and how fresh what we know is."""
    if not may(Permission.SEE_SYNC):
        return []
    success, newest = connection.execute(_last_success).first(), connection.execute(_newest).first()
    found = []
    if newest is not None and newest.state in (RunState.STOPPED, RunState.FAILED):
        kind = "bad" if newest.state == RunState.FAILED else "warn"
        told = explain(newest.reason) if within(Permission.SEE_SYNC) is None else ""
        found.append(Notice(kind, told or str(STATES[newest.state][1]), url_for("sync.show_run", number=newest.number)))
    if success is None:
        return [*found, Notice("warn", _("Chưa có lượt đồng bộ nào thành công."), url_for("sync.list_runs"))]
    is_stale = clock.now() - success.finished_at >= timedelta(hours=current_settings().sync_alarm_hours)
    for plan in plans.list_waiting(connection, 1):
        if plan.reason and plan.state == "waiting":
            found.append(
                Notice(
                    "warn", _("Kế hoạch số %(number)s chờ phê duyệt.", number=plan.number), url_for("sync_plan.show", number=plan.number)
                )
            )
    words = _("Đồng bộ thành công lần cuối %(age)s.", age=format_age(success.finished_at))
    return [*found, Notice("bad" if is_stale else "ok", words, url_for("sync.list_runs"))]


def gauges(connection: Connection) -> Iterator[Gauge]:
    """How old the newest successful reading of the directory is, for whoever watches."""
    row = connection.execute(_last_success).first()
    age = (clock.now() - row.finished_at).total_seconds() if row else None
    yield "sync_success_age_seconds", "Since when the directory was last read whole.", age


def set_up_pages(app: Flask) -> None:
    """Register the pages, and what they tell the console's home."""
    for one in (blueprint, plan_pages.blueprint, approval_pages.blueprint, api_endpoint.blueprint):
        app.register_blueprint(one)
    app.register_blueprint(reorganisation_pages.blueprint)
    add_attention(app, attention)
    add_gauges(app, gauges)
    add_quality_source(app, quality_of)
    app.extensions[LAST_READ] = last_read
