"""/console/sync/N/plan: what a run would do, by agency, with what it costs whom it takes out; single changes held back; as a file."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from directory_sync import held, plans
from directory_sync.approvals import Officer, is_within
from directory_sync.asked import ask
from directory_sync.held import ABOUT_PEOPLE
from directory_sync.models import ChangeKind, RequestKind
from directory_sync.plan_reading import LineFilters, agencies_of, consequences_of, count_explained, count_kinds, page_of_lines
from directory_sync.reasons import explain
from directory_sync.words import CHANGES, PLAN_STATES, change_words, differences, field_words, value_words
from idp.console.reach import within
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.jobs import make_due
from idp.people import units
from idp.people.unit_paths import place_of
from idp.web.spreadsheet import XLSX, csv_lines, workbook
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("sync_plan", __name__)
JOB = "sync"
LONGEST_TEXT = 500
HIGHEST_NUMBER = 2**31 - 1  # what the column holds
NUMBER = f"<int(max={HIGHEST_NUMBER}):number>"


def officer() -> Officer:
    """Whoever is signed in, as one who gives their word."""
    viewer = require_viewer()
    person_id = None if viewer.is_emergency else viewer.person_id
    return Officer(viewer.actor, person_id, _unit_of(viewer.person_id), within(Permission.APPROVE_SYNC))


def _unit_of(person_id: uuid.UUID) -> uuid.UUID | None:
    return units.unit_of(reader(), person_id)


def read_text(name: str) -> str:
    """A text of the form in one line, without what cannot be seen."""
    written = request.form.get(name, "")[:LONGEST_TEXT]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in written).split())


def filters_of_request() -> LineFilters:
    """What the address asks for, within what the viewer may see."""
    kind = request.args.get("kind", "")
    return LineFilters(
        within(Permission.SEE_SYNC), key_of(request.args.get("unit")), kind if kind in set(ChangeKind) else "",
        request.args.get("q", "")[:200], request.args.get("over") == "1",
    )  # fmt: skip


def key_of(text: str | None) -> uuid.UUID | None:
    """A key out of the address. Raises NotFound."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise NotFound(_("Trang này không còn. Mở lại kế hoạch từ đầu.")) from None


@blueprint.get(f"/console/sync/{NUMBER}/plan")
@requires(Permission.SEE_SYNC)
def show(number: int) -> str:
    """The plan: agencies on one side, the lines of the chosen one on the other."""
    plan, filters = plans.require_plan(reader(), number), filters_of_request()
    lines, after = page_of_lines(reader(), plan.run_id, filters, key_of(request.args.get("after")))
    whole = LineFilters(within=filters.within)
    scope = within(Permission.APPROVE_SYNC) if may(Permission.APPROVE_SYNC) else ()
    return render_template(
        "sync/plan.html",
        plan=plan, filters=filters, lines=lines, after=after, agencies=agencies_of(reader(), plan.run_id, filters),
        kinds=count_kinds(reader(), plan.run_id, whole), explained=count_explained(reader(), plan.run_id) if filters.within is None else 0,
        is_whole=filters.within is None,
        consequences=consequences_of(reader(), plan.run_id, whole), path=units.path_to(reader(), filters.unit_id),
        held=held.held_marks(reader(), plan.source), is_open=plans.is_open(plan), explain=explain, states=PLAN_STATES, words=CHANGES,
        may_hold=may(Permission.APPROVE_SYNC), may_approve=scope != () and is_within(reader(), plan.run_id, scope), holdable=ABOUT_PEOPLE,
        kept={name: request.args[name] for name in ("unit", "kind", "q", "over") if request.args.get(name)},
        choices=[("", _("Mọi thay đổi")), *((kind.value, words) for kind, (_colour, words) in CHANGES.items())],
        field_words=field_words, value_words=value_words, differences=differences, change_words=change_words,
    )  # fmt: skip


@blueprint.get(f"/console/sync/{NUMBER}/plan.csv")
@requires(Permission.SEE_SYNC)
def as_csv(number: int) -> Response:
    """All lines that the viewer may see, as CSV."""
    plan = plans.require_plan(reader(), number)
    body = stream_with_context(csv_lines(_headings(), _rows(plan)))
    return Response(body, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="ke-hoach-{number}.csv"'})


@blueprint.get(f"/console/sync/{NUMBER}/plan.xlsx")
@requires(Permission.SEE_SYNC)
def as_workbook(number: int) -> Response:
    """The same as a workbook."""
    plan = plans.require_plan(reader(), number)
    body = workbook(_("Kế hoạch %(number)s", number=number), _headings(), _rows(plan))
    return Response(body, mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="ke-hoach-{number}.xlsx"'})


def _headings() -> Sequence[str]:
    return (
        _("Nguồn"),
        _("Việc"),
        _("Tên"),
        _("Đơn vị"),
        _("Trước"),
        _("Sau"),
        _("Vượt ngưỡng"),
        _("Trong phương án sắp xếp"),
        _("Giữ lại vì"),
    )


def _rows(plan: Any) -> Iterator[Sequence[object]]:
    reasons = held.held_marks(reader(), plan.source)
    reach = within(Permission.SEE_SYNC)
    inside = None if reach is None else set(reader().execute(select(units.below(reach).c.id)).scalars())
    for line in plans.lines_in_batches(reader(), plan.run_id, inside):
        fields = differences(line)
        yield (
            plan.source, change_words(line.kind), line.name, ", ".join(filter(None, (line.unit_name, place_of(line.unit_id)))),
            "; ".join(f"{field_words(name)}: {value_words(name, before)}" for name, before, _after in fields if before not in (None, "")),
            "; ".join(f"{field_words(name)}: {value_words(name, after)}" for name, _before, after in fields if after not in (None, "")),
            "x" if line.is_over else "", "x" if line.is_explained else "", reasons.get(line.mark, ""),
        )  # fmt: skip


@blueprint.post("/console/sync/plan")
@requires(Permission.RUN_SYNC)
def ask_for_plan() -> AnyResponse:
    """Have the worker make a plan at its next look."""
    actor = require_viewer().actor
    in_transaction(lambda connection: ask(connection, RequestKind.PLAN, actor))
    if not in_transaction(lambda connection: make_due(connection, JOB)):
        raise Refusal(_("Chưa có tiến trình nền nào chạy đồng bộ. Khởi động `hopnhat worker`."), "no_worker", 409)
    return redirect(url_for("sync.list_runs", asked=1), 303)


@blueprint.route(f"/console/sync/{NUMBER}/plan/<uuid:line_id>/hold", methods=["GET", "POST"])
@requires(Permission.APPROVE_SYNC)
def hold(number: int, line_id: uuid.UUID) -> AnyResponse | str:
    """Hold one change back, with a reason."""
    who = officer()
    line = held.require_line(reader(), number, line_id, who.within)
    reason, error = "", None
    if request.method == "POST":
        reason = read_text("reason")
        try:
            in_transaction(lambda connection: held.hold(connection, line, who, reason))
            return redirect(url_for("sync_plan.show", number=number, unit=line.unit_id, held=1), 303)
        except Refusal as refusal:
            error = refusal.message
    return render_template(
        "sync/hold.html", number=number, line=line, reason=reason, error=error, errors={"reason": error} if error else {}, words=CHANGES,
        differences=differences, field_words=field_words, value_words=value_words,
    )  # fmt: skip


@blueprint.get("/console/sync/held")
@requires(Permission.SEE_SYNC)
def list_held() -> str:
    """What is held back now."""
    rows = held.list_held(reader(), within(Permission.SEE_SYNC))
    return render_template(
        "sync/held.html", rows=rows, words=CHANGES, may_release=may(Permission.APPROVE_SYNC), released=request.args.get("released")
    )


@blueprint.post("/console/sync/held/<uuid:held_id>/release")
@requires(Permission.APPROVE_SYNC)
def release(held_id: uuid.UUID) -> AnyResponse:
    """Let it take its course again."""
    who = officer()
    in_transaction(lambda connection: held.release(connection, held_id, who))
    return redirect(url_for("sync_plan.list_held", released=1), 303)
