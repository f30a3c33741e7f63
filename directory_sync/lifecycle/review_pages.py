"""/console/reviews: reviews of everybody's access; sheets decided line by line and signed; the minutes to print."""

import uuid
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from directory_sync.lifecycle import reviews
from directory_sync.lifecycle.reviews import KEEP, Reviewer, may_decide
from directory_sync.lifecycle.typed import read_day
from directory_sync.lifecycle.words import DECISIONS
from idp.console.reach import within
from idp.console.words import role_words
from idp.database import in_transaction, reader
from idp.errors import Forbidden, Refusal
from idp.people.models import PersonState
from idp.settings import current_settings
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("reviews", __name__)
MAY = Permission.DECIDE_ON_PEOPLE


def _reviewer() -> Reviewer:
    viewer = require_viewer()
    return Reviewer(viewer.actor, viewer.name, viewer.person_id, within(MAY))


@blueprint.get("/console/reviews")
@requires(MAY)
def list_campaigns() -> str:
    """Every review, with how far the viewer's units are."""
    return _campaigns_page({})


def _campaigns_page(errors: dict[str, str]) -> str:
    reach, day = within(MAY), today()
    return render_template(
        "lifecycle/reviews.html", campaigns=reviews.campaigns(reader(), reach), today=day, is_whole=reach is None, errors=errors,
        due=day + timedelta(days=current_settings().access_review_days), months=current_settings().access_review_months,
    )  # fmt: skip


@blueprint.post("/console/reviews")
@requires(MAY)
def open_campaign() -> Response | tuple[str, int]:
    """Open a review of the whole province now."""
    if within(MAY) is not None:
        raise Forbidden(_("Chỉ người có quyền toàn tỉnh mới mở được đợt rà soát."))
    name, actor = " ".join(request.form.get("name", "").split()), require_viewer().actor
    try:
        due_on = read_day(request.form.get("due_on", "")) or today() + timedelta(days=current_settings().access_review_days)
        campaign_id = in_transaction(lambda connection: reviews.open_campaign(connection, name, due_on, actor=actor))
    except Refusal as refusal:
        return _campaigns_page({"name": refusal.message}), refusal.status
    return redirect(url_for("reviews.show", campaign_id=campaign_id), 303)


@blueprint.get("/console/reviews/<uuid:campaign_id>")
@requires(MAY)
def show(campaign_id: uuid.UUID) -> str:
    """The sheets of one review in the viewer's units."""
    reach = within(MAY)
    campaign = reviews.require_campaign(reader(), campaign_id, reach)
    return render_template(
        "lifecycle/review.html", campaign=campaign, sheets=reviews.sheets_of(reader(), campaign_id, reach), today=today()
    )


@blueprint.get("/console/reviews/sheets/<uuid:sheet_id>")
@requires(MAY)
def sheet(sheet_id: uuid.UUID) -> str:
    """One sheet: its people, what is decided, and the form."""
    return _sheet_page(sheet_id, {})


def _sheet_page(sheet_id: uuid.UUID, errors: dict[str, str]) -> str:
    reviewer = _reviewer()
    found = reviews.require_sheet(reader(), sheet_id, reviewer.within)
    lines = [(line, may_decide(line, reviewer)) for line in reviews.lines_of(reader(), sheet_id)]
    return render_template(
        "lifecycle/sheet.html", sheet=found, lines=lines, errors=errors, decisions=DECISIONS, role_words=role_words, today=today(),
        open_lines=sum(line.decision is None for line, _mine in lines),
    )  # fmt: skip


@blueprint.post("/console/reviews/sheets/<uuid:sheet_id>")
@requires(MAY)
def decide(sheet_id: uuid.UUID) -> Response | tuple[str, int]:
    """Keep what is chosen; with `keep_rest` everybody else who may be decided is kept, and with `sign` the sheet is signed."""
    reviewer, form = _reviewer(), request.form
    lines = reviews.lines_of(reader(), reviews.require_sheet(reader(), sheet_id, reviewer.within).id)
    chosen = {line.id: form[f"line-{line.id}"] for line in lines if form.get(f"line-{line.id}")}
    if form.get("keep_rest"):
        rest = (line for line in lines if line.id not in chosen and line.decision is None and line.state == PersonState.ACTIVE)
        chosen |= {line.id: KEEP for line in rest if may_decide(line, reviewer)}
    try:
        in_transaction(lambda connection: reviews.decide(connection, sheet_id, chosen, reviewer))
        if form.get("sign"):
            note = " ".join(form.get("note", "").split())
            in_transaction(lambda connection: reviews.sign(connection, sheet_id, note, reviewer))
    except Refusal as refusal:
        return _sheet_page(sheet_id, {"": refusal.message}), refusal.status
    return redirect(url_for("reviews.sheet", sheet_id=sheet_id), 303)


@blueprint.get("/console/reviews/sheets/<uuid:sheet_id>/minutes")
@requires(MAY)
def minutes(sheet_id: uuid.UUID) -> str:
    """The minutes of a sheet, to be printed and filed."""
    found = reviews.require_sheet(reader(), sheet_id, within(MAY))
    lines = reviews.lines_of(reader(), sheet_id)
    return render_template("lifecycle/minutes.html", sheet=found, lines=lines, decisions=DECISIONS, role_words=role_words, today=today())
