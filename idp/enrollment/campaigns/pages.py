"""/console/enrollment/campaigns: reminders, campaigns in waves, enrolment days, and the ladder of escalation."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp import smtp
from idp.database import in_transaction, reader, table_of
from idp.enrollment import missing_people
from idp.enrollment.campaigns import campaigns, enrolment_days, escalation, reminders
from idp.enrollment.dashboard_pages import asked_unit
from idp.enrollment.names_pages import asked_segment, reached_units, segment_words
from idp.enrollment.tracker_words import SEGMENTS, STATES
from idp.errors import NotFound, Refusal
from idp.people.models import Unit
from idp.people.unit_names import unit_named
from idp.people.units import find_unit
from idp.roles.permissions import scope_of
from idp.web.reasons import read_reason
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("campaigns", __name__)
MOST_WAVES = 4
OF_THE_UNIT = ("bad_unit", "unit_missing")
T = TypeVar("T")
_u = table_of(Unit)


def _within() -> Any:
    return scope_of(require_viewer().person_id, Permission.ACT_ON_TRACKER).within


@blueprint.get("/console/enrollment/campaigns")
@requires(Permission.ACT_ON_TRACKER)
def overview() -> str:
    """All that is under way."""
    return _overview({}, {})


def _overview(errors: dict[str, str], kept: dict[str, str]) -> str:
    within = _within()
    whole = within is None
    day, ladder = escalation.newest_ladder(reader(), within)
    return render_template(
        "enrollment/acting.html", campaigns=campaigns.list_campaigns(reader(), within), orders=reminders.list_orders(reader()) if whole else [],
        reminded=reminders.count_reminded(reader()) if whole else None, days=enrolment_days.list_days(reader(), within), ladder=ladder, day=day,
        segments=_segments(), unit_asked=_unit_asked(), segment_words=segment_words, states=STATES, errors=errors, kept=kept, waves=range(1, MOST_WAVES + 1),
        has_mail=smtp.is_configured(), names={row.id: row.name for row in reader().execute(select(_u.c.id, _u.c.name))},
        said=request.args.get("said"), whole=whole, step_words=escalation.STEP_WORDS,
    )  # fmt: skip


def _segments() -> list[tuple[str, str]]:
    return [("", _("Mọi người chưa thông suốt, hợp nhất")), *((rung.value, f"{rung.value} · {words}") for rung, words in SEGMENTS.items())]


def _unit_asked() -> str:
    """The unit that a link leads here for, as it is typed: by its code or its name."""
    unit_id = asked_unit()
    unit = find_unit(reader(), unit_id) if unit_id else None
    return "" if unit is None else unit.code or unit.name


def _unit_of_form(field: str) -> uuid.UUID | None:
    typed = request.form.get(field, "").strip()
    if not typed and _within() is not None:
        raise Refusal(_("Chọn một đơn vị trong phạm vi được giao."), "unit_missing")
    try:
        unit_id = unit_named(reader(), typed) if typed else None
    except Refusal:
        if _within() is None:
            raise
        raise Refusal(
            _("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."), "bad_unit"
        ) from None  # and none of elsewhere is named
    reached_units(Permission.ACT_ON_TRACKER, unit_id)
    return unit_id


def _day_of_form(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise Refusal(_("Chọn ngày."), "day_missing") from None


def _attempt(field: str, deed: Callable[[], T], unit: str = "unit") -> T | str:
    try:
        return deed()
    except NotFound:
        raise
    except Refusal as refusal:
        return _overview({unit if refusal.reason in OF_THE_UNIT else field: str(refusal.message)}, request.form.to_dict())


def _done(answer: Any, said: str) -> str | Response:
    return answer if isinstance(answer, str) else redirect(url_for("campaigns.overview", said=said), 303)


@blueprint.get("/console/enrollment/remind")
@requires(Permission.ACT_ON_TRACKER)
def ask_reminder() -> str:
    """Before reminders go out: to how many, and why."""
    return _reminder({})


def _reminder(errors: dict[str, str]) -> str:
    unit_id, segment = asked_unit(), asked_segment()
    people = missing_people.count_missing(reader(), segment, reached_units(Permission.ACT_ON_TRACKER, unit_id))
    return render_template(
        "enrollment/remind.html", unit=find_unit(reader(), unit_id) if unit_id else None, words=segment_words(segment), people=people,
        segment=segment, errors=errors, reason=request.form.get("reason", ""), has_mail=smtp.is_configured(),
    )  # fmt: skip


@blueprint.post("/console/enrollment/remind")
@requires(Permission.ACT_ON_TRACKER)
def send_reminders() -> str | Response:
    """Order them; the worker writes."""
    reason, errors = read_reason()
    unit_id, segment, actor = asked_unit(), asked_segment(), require_viewer().actor
    within = reached_units(Permission.ACT_ON_TRACKER, unit_id)
    if unit_id is None and within is not None:
        errors = {**errors, "": _("Chọn một đơn vị trong phạm vi được giao.")}
    if errors:
        return _reminder(errors)
    try:
        in_transaction(lambda connection: reminders.order_reminders(connection, segment, unit_id, reason=reason, actor=actor))
    except Refusal as refusal:
        return _reminder({"": str(refusal.message)})
    return redirect(url_for("campaigns.overview", said="reminders"), 303)


@blueprint.post("/console/enrollment/campaigns")
@requires(Permission.ACT_ON_TRACKER)
def make() -> str | Response:
    """Plan a campaign."""
    actor = require_viewer().actor

    def deed() -> Response:
        unit_id, segment, waves = _unit_of_form("unit"), asked_segment(), _waves()
        name = request.form.get("name", "")
        made = in_transaction(lambda connection: campaigns.make_campaign(connection, name, segment, unit_id, waves, actor=actor))
        return redirect(url_for("campaigns.show", campaign_id=made), 303)

    return _attempt("name", deed)


def _waves() -> list[tuple[date, int | None]]:
    found: list[tuple[date, int | None]] = []
    for number in range(1, MOST_WAVES + 1):
        if request.form.get(f"day{number}"):
            most = request.form.get(f"most{number}", "").strip()
            if most and not (most.isascii() and most.isdigit() and len(most) < 8):
                raise Refusal(_("Số người của một lượt là số nguyên dương, hoặc để trống."), "most_mistaken")
            found.append((_day_of_form(f"day{number}"), int(most) if most else None))
    return found


@blueprint.get("/console/enrollment/campaigns/<uuid:campaign_id>")
@requires(Permission.ACT_ON_TRACKER)
def show(campaign_id: uuid.UUID) -> str:
    """One campaign, its waves and what came of them."""
    campaign, waves = _campaign(campaign_id)
    unit = find_unit(reader(), campaign.unit_id) if campaign.unit_id else None
    return render_template(
        "enrollment/campaign.html", campaign=campaign, waves=waves, unit=unit, effects=campaigns.effect_of(reader(), campaign_id),
        segment=segment_words(campaign.rung),
    )  # fmt: skip


def _campaign(campaign_id: uuid.UUID) -> Any:
    campaign, waves = campaigns.require_campaign(reader(), campaign_id)
    if campaign.unit_id is None and _within() is not None:
        raise NotFound(_("Không có đợt vận động này."))
    reached_units(Permission.ACT_ON_TRACKER, campaign.unit_id)
    return campaign, waves


@blueprint.post("/console/enrollment/campaigns/<uuid:campaign_id>/end")
@requires(Permission.ACT_ON_TRACKER)
def end(campaign_id: uuid.UUID) -> Response:
    """No further wave."""
    _campaign(campaign_id)
    actor = require_viewer().actor
    in_transaction(lambda connection: campaigns.end_campaign(connection, campaign_id, actor=actor))
    return redirect(url_for("campaigns.show", campaign_id=campaign_id), 303)


@blueprint.post("/console/enrollment/days")
@requires(Permission.ACT_ON_TRACKER)
def plan_day() -> str | Response:
    """Plan an enrolment day."""
    actor, place, officer = require_viewer().actor, request.form.get("place", ""), request.form.get("officer", "")

    def deed() -> None:
        unit_id, day = _unit_of_form("day_unit"), _day_of_form("day")
        if unit_id is None:
            raise Refusal(_("Chọn đơn vị của ngày đăng ký."), "unit_missing")
        in_transaction(lambda connection: enrolment_days.plan_day(connection, unit_id, day, place, officer, actor=actor))

    return _done(_attempt("day", deed, "day_unit"), "day")


@blueprint.post("/console/enrollment/days/<uuid:day_id>/cancel")
@requires(Permission.ACT_ON_TRACKER)
def cancel_day(day_id: uuid.UUID) -> Response:
    """Cancel an enrolment day."""
    actor, within = require_viewer().actor, _within()
    in_transaction(lambda connection: enrolment_days.cancel_day(connection, day_id, actor=actor, within=within))
    return redirect(url_for("campaigns.overview"), 303)


@blueprint.post("/console/enrollment/escalate")
@requires(Permission.ACT_ON_TRACKER)
def escalate() -> str | Response:
    """Take the steps of the ladder that are due."""
    reason, errors = read_reason()
    if errors:
        return _overview({"escalation": errors["reason"]}, request.form.to_dict())
    actor, within = require_viewer().actor, _within()
    day, _ladder = escalation.newest_ladder(reader(), within)

    def deed() -> None:
        if day is None:
            raise Refusal(_("Chưa có ngày nào được chốt. Số liệu được chốt mỗi ngày từ 00:10."), "no_day")
        in_transaction(lambda connection: escalation.climb(connection, day, within, actor=actor, reason=reason))

    return _done(_attempt("escalation", deed), "leaders")
