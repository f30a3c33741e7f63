"""/console/people: people found without accents, each with data, factors, sessions and history; suspended and restored with a reason."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp import access, audit
from idp.console.export_pages import EXPORT_EFFORT, export_page
from idp.console.exports import Export, kind_asked_for, send_table
from idp.console.history_reasons import GOOD_FOR, give_reason, may_read_history
from idp.console.people_filters import choices, read_filters
from idp.console.person_deeds import deeds_for
from idp.console.person_facts import count_open_sessions, facts_of, require_session_of
from idp.console.reach import may_change, require_changeable, within
from idp.console.reasons import read_reason
from idp.console.saved_filter_pages import address_of, asked_of, kept_filters
from idp.console.saved_filters import AUDIT, PEOPLE, SESSIONS
from idp.console.trail import Filters as TrailFilters
from idp.console.trail import read_page
from idp.console.words import assurance_words, proof_words, reason_words, role_words
from idp.credentials import proofings
from idp.credentials.failures import UNTIL_HELP_DESK
from idp.database import in_transaction, reader, table_of
from idp.enrollment.rungs import IN_POST, LABELS, Rung, standing
from idp.login import unlocking
from idp.login.messages import factor_words
from idp.oidc.leavings import leavings_of
from idp.people import units
from idp.people.models import Person
from idp.people.precedence import told_origins
from idp.people.roster import require_person, search_people
from idp.people.unit_paths import place_of
from idp.people.words import category_words, level_words, source_words, state_words
from idp.sessions.devices import device_words
from idp.sessions.places import place_words
from idp.settings import current_settings
from idp.web.formats import format_time
from idp.web.paging import Page
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_people", __name__)
SHOWN_EVENTS = 30
_p = table_of(Person)


@blueprint.get("/console/people")
@requires(Permission.SEE_PEOPLE)
def list_people() -> str:
    """One page of the roster."""
    filters, errors = read_filters()
    page = search_people(reader(), filters, after=request.args.get("after"), before=request.args.get("before"), columns=_columns())
    return render_template(
        "console/people.html",
        page=page, asked=asked_of(PEOPLE), saved=kept_filters(PEOPLE), address_of=address_of, labels=LABELS, state_words=state_words,
        unit=units.find_unit(reader(), filters.unit_id) if filters.unit_id and not errors else None, errors=errors, choices=choices(),
    )  # fmt: skip


@blueprint.get("/console/people/export")
@requires(Permission.SEE_PEOPLE, freshly=True)
def ask_export() -> str:
    """What is taken away, and why."""
    return export_page(PEOPLE, asked_of(PEOPLE))


@blueprint.post("/console/people/export")
@requires(Permission.SEE_PEOPLE, freshly=True)
def export() -> Response | tuple[str, int]:
    """The people that match, as CSV or a workbook, with a reason."""
    reason, errors = read_reason()
    if errors:
        return export_page(PEOPLE, asked_of(PEOPLE), errors), 400

    filters, _unread = read_filters()

    def read(after: str | None, most: int) -> Page:
        return search_people(reader(), filters, after=after, columns=_columns(), most=most, effort=EXPORT_EFFORT)

    asked = Export(audit.Event.PEOPLE_EXPORTED, Permission.SEE_PEOPLE, "can-bo", asked_of(PEOPLE), reason, read)
    headings = [
        _("Họ và tên"), _("Tên đăng nhập"), _("Mã CBCCVC"), _("Chức vụ"), _("Loại"), _("Đơn vị"), _("Thuộc"), _("Cấp"), _("Bậc"),
        _("Đăng nhập lần cuối"), _("Trạng thái"),
    ]  # fmt: skip
    return send_table(asked, kind_asked_for(("csv", "xlsx")), headings, _cells)


def _cells(row: Any) -> tuple[object, ...]:
    return (
        row.name, row.username, row.staff_code, row.title, category_words(row.staff_category), row.unit_name, place_of(row.unit_id),
        level_words(row.level), row.rung if row.in_post else "", format_time(row.last_signed_in_at), state_words(row.state),
    )  # fmt: skip


def _columns() -> list[Any]:
    return [standing().label("rung"), IN_POST.label("in_post")]


@blueprint.get("/console/people/<uuid:person_id>")
@requires(Permission.SEE_PEOPLE)
def show(person_id: uuid.UUID) -> str:
    """All that the console knows of one person."""
    person = require_person(reader(), person_id, within(Permission.SEE_PEOPLE))
    opened = may_read_history(person_id)
    history, _more = read_page(reader(), TrailFilters(person_id=person_id), most=SHOWN_EVENTS) if opened else ([], None)
    rung, in_post = reader().execute(select(standing(), IN_POST).where(_p.c.id == person_id)).one()
    return render_template(
        "console/person.html",
        person=person, opened=opened, facts=facts_of(reader(), person_id), history=history, path=units.path_to(reader(), person.unit_id),
        rung=Rung(rung) if in_post else None, labels=LABELS, changeable=may_change(person_id, Permission.SUSPEND_PEOPLE),
        leavings=leavings_of(reader(), person_id), device_words=device_words, place_words=place_words,
        helpable=may_change(person_id, Permission.HELP_PEOPLE), staffable=may_change(person_id, Permission.DECIDE_ON_PEOPLE), rests_until=unlocking.rests_until(reader(), person_id),
        proofs=proofings.find_in_force(reader(), person_id), proof_words=proof_words,
        for_help_desk=UNTIL_HELP_DESK, slips=current_settings().activation_slips, category=category_words, level=level_words,
        state_words=state_words, reason_words=reason_words, role_words=role_words, assurance=assurance_words,
        factor_words=factor_words, more_deeds=deeds_for(person), origins=told_origins(reader(), person), source_words=source_words,
    )  # fmt: skip


@blueprint.get("/console/people/<uuid:person_id>/history")
@requires(Permission.SEE_PEOPLE)
def ask_why_history(person_id: uuid.UUID) -> str:
    """Why somebody's history is opened; the person will see who asked, and why."""
    return _history_page(require_person(reader(), person_id, within(Permission.SEE_PEOPLE)))


@blueprint.post("/console/people/<uuid:person_id>/history")
@requires(Permission.SEE_PEOPLE)
def open_history(person_id: uuid.UUID) -> Response | tuple[str, int]:
    """Open it for half an hour, with a reason, and go on to where it was wanted."""
    person = require_person(reader(), person_id, within(Permission.SEE_PEOPLE))
    reason, errors = read_reason()
    if errors:
        return _history_page(person, errors), 400
    in_transaction(lambda connection: give_reason(connection, person_id, reason))
    to = request.args.get("to")
    if to in (SESSIONS, AUDIT):
        return redirect(address_of(to, asked_of(to)), 303)
    return redirect(url_for("console_people.show", person_id=person_id), 303)


def _history_page(person: Any, errors: dict[str, str] | None = None) -> str:
    return render_template("console/history_reason.html", person=person, errors=errors or {}, minutes=int(GOOD_FOR.total_seconds() // 60))


@blueprint.get("/console/people/<uuid:person_id>/<any(suspend, restore, sign_out):deed>")
@requires(Permission.SUSPEND_PEOPLE)
def ask_why(person_id: uuid.UUID, deed: str) -> str:
    """What the deed will do, and why it is done."""
    return _reason_page(require_changeable(person_id, Permission.SUSPEND_PEOPLE), deed)


@blueprint.post("/console/people/<uuid:person_id>/<any(suspend, restore, sign_out):deed>")
@requires(Permission.SUSPEND_PEOPLE)
def carry_out(person_id: uuid.UUID, deed: str) -> Response | tuple[str, int]:
    """Suspend, restore, or sign out everywhere, with a reason."""
    person, actor = require_changeable(person_id, Permission.SUSPEND_PEOPLE), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _reason_page(person, deed, errors), 400
    do: dict[str, Any] = {"suspend": access.withdraw, "restore": access.restore, "sign_out": access.sign_out}
    in_transaction(lambda connection: do[deed](connection, person_id, reason=reason, actor=actor))
    return redirect(url_for("console_people.show", person_id=person_id), 303)


@blueprint.get("/console/people/<uuid:person_id>/sessions/<uuid:session_id>/end")
@requires(Permission.SUSPEND_PEOPLE)
def ask_why_end(person_id: uuid.UUID, session_id: uuid.UUID) -> str:
    """What ending this one session does, and why it is done."""
    person = require_changeable(person_id, Permission.SUSPEND_PEOPLE)
    require_session_of(reader(), person_id, session_id)
    return _reason_page(person, "end_session")


@blueprint.post("/console/people/<uuid:person_id>/sessions/<uuid:session_id>/end")
@requires(Permission.SUSPEND_PEOPLE)
def end_session(person_id: uuid.UUID, session_id: uuid.UUID) -> Response | tuple[str, int]:
    """End one session of somebody, with a reason; its applications are told."""
    person, actor = require_changeable(person_id, Permission.SUSPEND_PEOPLE), require_viewer().actor
    require_session_of(reader(), person_id, session_id)
    reason, errors = read_reason()
    if errors:
        return _reason_page(person, "end_session", errors), 400
    in_transaction(lambda connection: access.sign_out(connection, person_id, reason=reason, actor=actor, only=session_id))
    return redirect(url_for("console_people.show", person_id=person_id), 303)


def _reason_page(person: Any, deed: str, errors: dict[str, str] | None = None) -> str:
    sessions, applications = count_open_sessions(reader(), person.id), len(facts_of(reader(), person.id).applications)
    return render_template(
        "console/person_reason.html", person=person, deed=deed, errors=errors or {}, sessions=sessions, applications=applications
    )
