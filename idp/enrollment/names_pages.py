"""/console/enrollment/people: the names behind a figure; only with a reason, which is on record, and with masked numbers."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from idp import audit
from idp.database import in_transaction, reader
from idp.enrollment import missing_people
from idp.enrollment.dashboard_pages import asked_unit
from idp.enrollment.listing import below_on, people_on
from idp.enrollment.parameters import local_now
from idp.enrollment.reach_then import units_reached_then
from idp.enrollment.reports.form_files import MOTTO, STATE, document_day, signers
from idp.enrollment.reports.lists import form_of_missing, form_of_past_day
from idp.enrollment.reports.pages import answer_file
from idp.enrollment.rungs import LABELS, Rung
from idp.enrollment.tracker_words import SEGMENTS
from idp.errors import NotFound
from idp.people.unit_history import tree_on
from idp.people.units import find_unit, path_to
from idp.roles.permissions import scope_of
from idp.web.reasons import read_reason
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("names", __name__)


def reached_units(permission: Permission, unit_id: uuid.UUID | None) -> Collection[uuid.UUID] | None:
    """The units that the viewer asked for, when they may: one, or all that they may see (None: all). Raises NotFound."""
    tops = scope_of(require_viewer().person_id, permission).within
    if unit_id is None:
        return tops
    above = {row.id for row in path_to(reader(), unit_id)}
    if not above or (tops is not None and above.isdisjoint(tops)):
        raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
    return [unit_id]


def asked_segment() -> str:
    """The rung that the address or form names; "": all below B6. Raises NotFound."""
    asked = request.values.get("segment", "")
    if asked and asked not in {rung.value for rung in (Rung if request.values.get("day") else SEGMENTS)}:
        raise NotFound(_("Không có nhóm này."))
    return asked


def segment_words(rung: str) -> str:
    """A segment in words."""
    return str(SEGMENTS[Rung(rung)]) if rung else _("Mọi người chưa thông suốt, hợp nhất")


@blueprint.get("/console/enrollment/people")
@requires(Permission.SEE_TRACKER_NAMES)
def ask() -> str:
    """Ask for the reason before names are shown."""
    return _ask({})


def _ask(errors: dict[str, str]) -> str:
    unit_id, segment, day = asked_unit(), asked_segment(), asked_past_day()
    if day:
        people, scope = len(_people_of_day(day, segment, unit_id)), _scope_words(unit_id, day)
    else:
        people = missing_people.count_missing(reader(), segment, reached_units(Permission.SEE_TRACKER_NAMES, unit_id))
        scope = _scope_words(unit_id, None)
    return render_template(
        "enrollment/names_reason.html", unit=unit_id, scope=scope, words=_group_words(segment, day),
        segment=segment, day=day, people=people, errors=errors, reason=request.form.get("reason", ""), most=missing_people.MOST_LISTED,
        segments=[("", _group_words("", day)), *((rung.value, f"{rung.value} {LABELS[rung]}") for rung in Rung)] if day else [],
    )  # fmt: skip


def asked_past_day() -> date | None:
    """The frozen day whose list is asked for; None: people as they stand now. Raises NotFound."""
    asked = request.values.get("day")
    if not asked:
        return None
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise NotFound(_("Ngày ghi trong địa chỉ không đúng.")) from None


def _people_of_day(day: date, segment: str, unit_id: uuid.UUID | None) -> Sequence[Any]:
    """By the tree of that day, as far as the viewer's reach of today goes. Raises NotFound."""
    tops, tree = scope_of(require_viewer().person_id, Permission.SEE_TRACKER_NAMES).within, tree_on(reader(), day)
    unit_ids = None if tops is None and unit_id is None else set(tree) if unit_id is None else below_on(tree, [unit_id])
    if unit_ids is not None and tops is not None:
        unit_ids &= units_reached_then(reader(), tree, tops)
    if unit_id is not None and (unit_id not in tree or not unit_ids):
        raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
    rungs = [segment] if segment else None
    return people_on(reader(), day, rungs=rungs, unit_ids=unit_ids, most=missing_people.MOST_LISTED)


def _scope_words(unit_id: uuid.UUID | None, day: date | None) -> str:
    """The unit by the name of that day, or of today."""
    if unit_id is None:
        return _("Phạm vi được giao")
    unit = tree_on(reader(), day).get(unit_id) if day else find_unit(reader(), unit_id)
    return str(unit.name) if unit else ""


def _group_words(segment: str, day: date | None) -> str:
    if day is None:
        return segment_words(segment)
    return f"{segment} {LABELS[Rung(segment)]}" if segment else _("Mọi người được tính hôm đó")


@blueprint.post("/console/enrollment/people")
@requires(Permission.SEE_TRACKER_NAMES)
def show() -> str | Response:
    """The names, on paper with boxes to tick or as a file; who looked and why is on record first."""
    reason, errors = read_reason()
    if errors:
        return _ask(errors)
    unit_id, segment, day = asked_unit(), asked_segment(), asked_past_day()
    if day:
        people = _people_of_day(day, segment, unit_id)
    else:
        people = missing_people.list_missing(reader(), segment, reached_units(Permission.SEE_TRACKER_NAMES, unit_id))
    actor = require_viewer().actor
    about: dict[str, Any] = {
        "segment": segment,
        "unit": str(unit_id) if unit_id else None,
        "people": len(people),
        "of_day": day.isoformat() if day else None,
    }
    in_transaction(lambda connection: audit.record(connection, audit.Event.TRACKER_NAMES_SHOWN, actor=actor, reason=reason, **about))
    scope = _scope_words(unit_id, day)
    found = (
        form_of_past_day(people, day, _group_words(segment, day), scope) if day else form_of_missing(people, segment_words(segment), scope)
    )
    if request.form.get("as") in ("xlsx", "csv"):
        return answer_file(found, request.form["as"], f"bieu-03-{found.day.isoformat()}")
    return render_template(
        "enrollment/form.html", form=found, ticks=day is None, unit=unit_id, today=local_now().date(), state_name=STATE, motto=MOTTO,
        document_day=document_day, signers=signers,
    )  # fmt: skip
