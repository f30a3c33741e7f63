"""/console/people/<person>/service: somebody's further posts, the changes that wait for their day, and whether they are about to be
suspended for not signing in; /console/idle: all who are."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from directory_sync.lifecycle import idle, planned
from directory_sync.lifecycle.planned import Plan
from directory_sync.lifecycle.typed import find_unit, read_day
from directory_sync.lifecycle.words import PLANS, POSTS
from idp.console.reach import require_changeable, within
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.people import appointments
from idp.people.appointments import Post
from idp.people.career_models import PlannedKind, PostKind
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("service", __name__)
MAY = Permission.DECIDE_ON_PEOPLE


@blueprint.get("/console/people/<uuid:person_id>/service")
@requires(MAY)
def show(person_id: uuid.UUID) -> str:
    """Posts and planned changes, and the forms for more."""
    return _page(require_changeable(person_id, MAY), {})


def _page(person: Any, errors: dict[str, str]) -> str:
    return render_template(
        "lifecycle/service.html", person=person, errors=errors, posts=appointments.posts_of(reader(), person.id), today=today(),
        changes=planned.changes_of(reader(), person.id), warning=idle.warning_of(reader(), person.id), post_words=POSTS, plan_words=PLANS,
    )  # fmt: skip


def _do(person_id: uuid.UUID, work: Callable[[Connection], object]) -> Response | tuple[str, int]:
    """Do it for somebody whom the viewer may change; what is wrong with the form is told on the page, with what was typed."""
    person = require_changeable(person_id, MAY)
    try:
        in_transaction(work)
    except Refusal as refusal:
        return _page(person, {"": refusal.message}), refusal.status
    return redirect(url_for("service.show", person_id=person_id), 303)


@blueprint.post("/console/people/<uuid:person_id>/service/posts")
@requires(MAY)
def add_post(person_id: uuid.UUID) -> Response | tuple[str, int]:
    """Add a concurrent post or a secondment, in a unit of the viewer's own."""
    form, reach, actor = request.form, within(MAY), require_viewer().actor

    def add(connection: Connection) -> None:
        unit = find_unit(connection, form.get("unit", ""), reach)
        if form.get("kind") not in set(PostKind):
            raise Refusal(_("Chọn kiêm nhiệm hoặc biệt phái."), "no_kind")
        first, last = read_day(form.get("from_day", "")) or today(), read_day(form.get("to_day", ""))
        title, decision = _line(form.get("title", "")), _line(form.get("decision", ""))
        appointments.add(connection, person_id, Post(unit.id, title, PostKind(form["kind"]), first, last, decision), actor=actor)

    return _do(person_id, add)


def _line(typed: str) -> str | None:
    """One line of text without what cannot be seen; None when nothing is left."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in typed).split()) or None


@blueprint.post("/console/people/<uuid:person_id>/service/posts/<uuid:post_id>/end")
@requires(MAY)
def end_post(person_id: uuid.UUID, post_id: uuid.UUID) -> Response | tuple[str, int]:
    """End a further post with today."""
    actor = require_viewer().actor

    def end(connection: Connection) -> None:
        post = appointments.require(connection, person_id, post_id)
        appointments.end(connection, post.id, today(), actor=actor)

    return _do(person_id, end)


@blueprint.post("/console/people/<uuid:person_id>/service/plans")
@requires(MAY)
def add_plan(person_id: uuid.UUID) -> Response | tuple[str, int]:
    """Let a change wait for its day."""
    form, actor = request.form, require_viewer().actor

    def add(connection: Connection) -> None:
        if form.get("plan") not in set(PlannedKind):
            raise Refusal(_("Chọn loại thay đổi."), "no_kind")
        day = read_day(form.get("plan_from", ""))
        if day is None:
            raise Refusal(_("Nhập ngày hiệu lực."), "no_day")
        decision = _line(form.get("plan_decision", "")) or ""
        wanted = Plan(PlannedKind(form["plan"]), day, decision, read_day(form.get("plan_to", "")), bool(form.get("keeps_access")))
        planned.plan(connection, person_id, wanted, actor=actor)

    return _do(person_id, add)


@blueprint.post("/console/people/<uuid:person_id>/service/plans/<uuid:change_id>/call_off")
@requires(MAY)
def call_off(person_id: uuid.UUID, change_id: uuid.UUID) -> Response | tuple[str, int]:
    """Call a waiting change off."""
    actor = require_viewer().actor
    return _do(person_id, lambda connection: planned.call_off(connection, person_id, change_id, actor=actor))


@blueprint.get("/console/idle")
@requires(MAY)
def list_idle() -> str:
    """Who is warned for not having signed in, of the viewer's units."""
    return render_template("lifecycle/idle.html", people=idle.warned(reader(), within(MAY)))
