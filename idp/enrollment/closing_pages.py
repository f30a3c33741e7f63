"""/console/enrollment/closings and /parameters: periods closed, corrected and signed; targets and parameters proposed and approved."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp.database import in_transaction, reader, table_of
from idp.enrollment import closings, parameters
from idp.enrollment.parameters import Parameters, local_now
from idp.enrollment.periods import PeriodKind, period_of
from idp.errors import Refusal
from idp.people.models import Level, Person
from idp.people.words import LEVELS, level_words
from idp.web.viewer import Permission, require_person_here, require_viewer, requires

blueprint = Blueprint("closings", __name__)
KINDS = {
    PeriodKind.MONTH: _l("Tháng"),
    PeriodKind.QUARTER: _l("Quý"),
    PeriodKind.HALF_YEAR: _l("6 tháng"),
    PeriodKind.NINE_MONTHS: _l("9 tháng"),
    PeriodKind.YEAR: _l("Năm"),
}
MILESTONES = 4
_p = table_of(Person)


def actor_words(actor: str) -> str:
    """Who an actor of the trail is, by name where it is a person."""
    kind, _colon, key = actor.partition(":")
    if kind != "person":
        return actor
    name: str | None = reader().execute(select(_p.c.name).where(_p.c.id == uuid.UUID(key))).scalar()
    return name or actor


@blueprint.get("/console/enrollment/closings")
@requires(Permission.SEE_TRACKER)
def list_closings() -> str:
    """All closings with versions and signatures."""
    return _closings({}, {})


def _closings(errors: dict[str, str], kept: dict[str, str]) -> str:
    found = closings.list_closings(reader())
    newest: dict[tuple[str, str], int] = {}
    for row in found:
        newest.setdefault((row.kind, row.period), row.sequence)
    kept.setdefault("period", period_of(PeriodKind.MONTH, local_now().date()))
    return render_template(
        "enrollment/closings.html", closings=found, newest=set(newest.values()), kinds=KINDS, actor_words=actor_words,
        kind_choices=[(kind.value, words) for kind, words in KINDS.items()], errors=errors, kept=kept,
    )  # fmt: skip


@blueprint.post("/console/enrollment/closings")
@requires(Permission.CLOSE_PERIODS)
def close() -> str | Response:
    """Close a period, or correct one that is closed."""
    form, actor = request.form, require_viewer().actor

    def deed() -> None:
        kind, period = PeriodKind(form.get("kind", "month")), form.get("period", "").strip()
        reason, day = form.get("reason", "").strip(), date.fromisoformat(form["day"]) if form.get("day") else None
        do = closings.correct if closings.find_versions(reader(), kind, period) and reason else closings.close_period
        in_transaction(lambda connection: do(connection, kind, period, day=day, reason=reason, actor=actor))

    return _closing_attempt("period", deed)


def _closing_attempt(field: str, deed: Callable[[], None]) -> str | Response:
    try:
        deed()
    except Refusal as refusal:
        return _closings({field: str(refusal.message)}, request.form.to_dict())
    except ValueError:
        return _closings({field: _("Kỳ hoặc ngày ghi không đúng.")}, request.form.to_dict())
    return redirect(url_for("closings.list_closings"), 303)


@blueprint.post("/console/enrollment/closings/<int:sequence>/sign")
@requires(Permission.CLOSE_PERIODS, freshly=True)
def sign(sequence: int) -> str | Response:
    """Sign a closing in one's own name."""
    viewer = require_person_here()
    return _closing_attempt(
        "", lambda: in_transaction(lambda connection: closings.sign(connection, sequence, viewer.person_id, actor=viewer.actor))
    )


@blueprint.get("/console/enrollment/parameters")
@requires(Permission.SEE_TRACKER)
def show_parameters() -> str:
    """What is in force, what is proposed, and all before."""
    return _parameters({}, {})


def _parameters(errors: dict[str, str], kept: dict[str, Any]) -> str:
    today = local_now().date()
    versions = parameters.list_versions(reader())
    return render_template(
        "enrollment/parameters.html", current=parameters.in_force_on(reader(), today), versions=versions, today=today, errors=errors,
        kept=kept, level_words=level_words, levels=[("", _("Mọi cấp")), *((level.value, LEVELS[level]) for level in Level)],
        actor_words=actor_words, rows=range(1, MILESTONES + 1), me=require_viewer().actor,
    )  # fmt: skip


@blueprint.post("/console/enrollment/parameters")
@requires(Permission.CHANGE_TRACKER)
def propose() -> str | Response:
    """Propose parameters from a day to come."""
    form, actor = request.form, require_viewer().actor

    def deed() -> None:
        wanted = Parameters(0, int(form["recent_days"]), int(form["entry_days"]), bool(form.get("counts_contract_staff")), _milestones())
        day = date.fromisoformat(form["effective_from"])
        reason = form.get("reason", "").strip()
        in_transaction(lambda connection: parameters.propose(connection, wanted, day, reason=reason, actor=actor))

    return _parameter_attempt(deed)


def _milestones() -> tuple[dict[str, Any], ...]:
    found = []
    for number in range(1, MILESTONES + 1):
        if by := request.form.get(f"by{number}"):
            one: dict[str, Any] = {"by": date.fromisoformat(by).isoformat(), "percent": int(request.form[f"percent{number}"])}
            if (level := request.form.get(f"level{number}")) in set(Level):
                one["level"] = level
            found.append(one)
    if not found:
        raise Refusal(_("Cần ít nhất một chỉ tiêu."), "no_milestone")
    return tuple(found)


def _parameter_attempt(deed: Callable[[], None]) -> str | Response:
    try:
        deed()
    except Refusal as refusal:
        return _parameters({"": str(refusal.message)}, request.form.to_dict())
    except (ValueError, KeyError):
        return _parameters({"": _("Số hoặc ngày ghi không đúng.")}, request.form.to_dict())
    return redirect(url_for("closings.show_parameters"), 303)


@blueprint.post("/console/enrollment/parameters/<int:version>/<deed>")
@requires(Permission.CHANGE_TRACKER)
def decide(version: int, deed: str) -> str | Response:
    """Approve what another person proposed, or withdraw what has not come into force."""
    do = parameters.approve if deed == "approve" else parameters.withdraw
    actor = require_viewer().actor
    return _parameter_attempt(lambda: in_transaction(lambda connection: do(connection, version, actor=actor)))
