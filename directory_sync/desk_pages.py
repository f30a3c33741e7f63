"""/console/desk: what a run may not decide, side by side, with a fixed set of answers; and what was decided for all of a kind."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from directory_sync import desk, desk_rules
from directory_sync.desk import Officer, Word
from directory_sync.desk_choices import BY_RULE, CHOICES, NEEDS_A_PERSON
from directory_sync.desk_models import CaseKind, CaseState, Choice
from directory_sync.desk_words import CHOICES as CHOICE_WORDS
from directory_sync.desk_words import HINTS, KINDS, STATES, WHAT_IT_MEANS
from directory_sync.lifecycle import deadlines
from directory_sync.lifecycle.words import WAITING
from idp.console.reach import within
from idp.console.reasons import read_reason
from idp.console.words import reason_words
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.people import units
from idp.people.models import Person, Unit
from idp.people.words import state_words
from idp.settings import current_settings
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("desk", __name__)
_p, _u = table_of(Person), table_of(Unit)
_people = select(
    _p.c.id, _p.c.name, _p.c.username, _p.c.mail, _p.c.staff_code, _p.c.title, _p.c.unit_id, _p.c.state, _p.c.state_reason,
    _p.c.state_changed_at, _p.c.last_signed_in_at, _p.c.directory_dn, _u.c.name.label("unit_name"),
).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))  # fmt: skip


def _officer() -> Officer:
    viewer = require_viewer()
    return Officer(viewer.actor, viewer.person_id, within(Permission.DECIDE_ON_PEOPLE))


@blueprint.get("/console/desk")
@requires(Permission.DECIDE_ON_PEOPLE)
def list_cases() -> str:
    """The cases of the viewer's units: open ones, `?state=decided` or `settled`, `?put_off=1` with those put off."""
    reach, state = within(Permission.DECIDE_ON_PEOPLE), request.args.get("state", CaseState.OPEN)
    state = CaseState(state) if state in set(CaseState) else CaseState.OPEN
    put_off = request.args.get("put_off") == "1"
    cases = desk.list_cases(reader(), reach, state=state, put_off=put_off)
    return render_template(
        "desk/list.html", cases=cases, state=state, states=STATES, kinds=KINDS, choices=CHOICE_WORDS, put_off=put_off,
        open_cases=desk.count_open(reader(), reach), rules=len(desk_rules.rules(reader(), reach)), is_whole=reach is None, done=request.args.get("done"),
    )  # fmt: skip


@blueprint.get("/console/desk/waiting")
@requires(Permission.DECIDE_ON_PEOPLE)
def list_waiting() -> str:
    """Changes of staff not carried out yet, with the day by which each must be."""
    found, days = deadlines.waiting(reader(), within(Permission.DECIDE_ON_PEOPLE)), current_settings().hr_change_working_days
    return render_template("desk/waiting.html", waiting=found, words=WAITING, days=days)


@blueprint.get("/console/desk/<uuid:case_id>")
@requires(Permission.DECIDE_ON_PEOPLE)
def show(case_id: uuid.UUID) -> str:
    """One case: the entry and whom it could be, side by side, and what can be decided."""
    return _page(case_id, {})


@blueprint.post("/console/desk/<uuid:case_id>")
@requires(Permission.DECIDE_ON_PEOPLE)
def decide(case_id: uuid.UUID) -> Response | tuple[str, int]:
    """Decide it, or put it off until a day."""
    desk.require_case(reader(), case_id, _officer().within)
    if request.form.get("later"):
        return _put_off(case_id)
    word, errors = _read_word()
    if word is None or errors:
        return _page(case_id, errors), 400
    officer = _officer()
    try:
        in_transaction(lambda connection: desk.decide(connection, case_id, word, officer))
    except Refusal as refusal:
        return _page(case_id, {"": refusal.message}), refusal.status
    return redirect(url_for("desk.list_cases", done=1), 303)


def _put_off(case_id: uuid.UUID) -> Response | tuple[str, int]:
    officer = _officer()
    try:
        until = date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        return _page(case_id, {"until": _("Chọn một ngày sau hôm nay.")}), 400
    try:
        in_transaction(lambda connection: desk.put_off(connection, case_id, until, officer))
    except Refusal as refusal:
        return _page(case_id, {"until": refusal.message}), refusal.status
    return redirect(url_for("desk.list_cases"), 303)


def _read_word() -> tuple[Word | None, dict[str, str]]:
    """The decision in the form: a choice, with the person it is about after a colon where it needs one."""
    reason, errors = read_reason()
    choice, _colon, person = request.form.get("choice", "").partition(":")
    if choice not in set(Choice):
        return None, {"choice": _("Chọn một trong các cách giải quyết được nêu."), **errors}
    try:
        person_id = uuid.UUID(person) if person else None
    except ValueError:
        return None, {"choice": _("Chọn một trong các cách giải quyết được nêu."), **errors}
    remember = request.form.get("remember", "")
    return Word(Choice(choice), reason, person_id, remember if remember in ("value", "all") else ""), errors


def _page(case_id: uuid.UUID, errors: dict[str, str]) -> str:
    reach = within(Permission.DECIDE_ON_PEOPLE)
    case = desk.require_case(reader(), case_id, reach)
    people, hidden = _candidates(case, reach)
    kind = CaseKind(case.kind)
    meant: list[Any] = [person for person, _hints in people]
    options = [(f"{choice}:{person.id}", choice, person) for choice in CHOICES[kind] if choice in NEEDS_A_PERSON for person in meant]
    options += [(choice.value, choice, None) for choice in CHOICES[kind] if choice not in NEEDS_A_PERSON]
    decided_by = reader().execute(select(_p.c.name).where(_p.c.id == _person_in(case.decided_by))).scalar() if case.decided_by else None
    return render_template(
        "desk/case.html", case=case, kind=kind, people=people, hidden=hidden, options=options, errors=errors, kinds=KINDS, means=WHAT_IT_MEANS,
        choices=CHOICE_WORDS, hints=HINTS, state_words=state_words, reason_words=reason_words, by_value=bool(BY_RULE[kind]) and case.value,
        by_kind=BY_RULE[kind] and (reach is None or case.unit_id), tomorrow=today(), decided_by=decided_by or case.decided_by,
        revocable=case.state == CaseState.DECIDED and case.choice in desk.REVOCABLE, is_whole=reach is None,
    )  # fmt: skip


def _person_in(actor: str) -> uuid.UUID | None:
    kind, _colon, key = actor.partition(":")
    return uuid.UUID(key) if kind == "person" else None


def _candidates(case: Any, reach: Any) -> tuple[list[tuple[Any, list[str]]], int]:
    """The people of the case whom the viewer may see, each with what is alike; and how many are of other units."""
    ids = [uuid.UUID(one["person_id"]) for one in case.candidates]
    query = _people.where(_p.c.id.in_(ids))
    if reach is not None:
        query = query.where(_p.c.unit_id.in_(select(units.below(reach).c.id)))
    rows = {row.id: row for row in reader().execute(query)}
    shown = [(rows[key], one["hints"]) for key, one in zip(ids, case.candidates, strict=True) if key in rows]
    return shown, len(ids) - len(shown)


@blueprint.post("/console/desk/<uuid:case_id>/reopen")
@requires(Permission.DECIDE_ON_PEOPLE)
def reopen(case_id: uuid.UUID) -> Response:
    """Take the decision back, so that it is decided anew."""
    officer = _officer()
    in_transaction(lambda connection: desk.reopen(connection, case_id, officer))
    return redirect(url_for("desk.show", case_id=case_id), 303)


@blueprint.get("/console/desk/rules")
@requires(Permission.DECIDE_ON_PEOPLE)
def list_rules() -> str:
    """What is remembered for cases to come, of the viewer's units."""
    found = desk_rules.rules(reader(), within(Permission.DECIDE_ON_PEOPLE))
    return render_template("desk/rules.html", rules=found, kinds=KINDS, choices=CHOICE_WORDS)


@blueprint.post("/console/desk/rules/<uuid:rule_id>/revoke")
@requires(Permission.DECIDE_ON_PEOPLE)
def revoke_rule(rule_id: uuid.UUID) -> Response:
    """Apply a rule to no further case."""
    officer = _officer()
    in_transaction(lambda connection: desk_rules.revoke(connection, rule_id, within=officer.within, actor=officer.actor))
    return redirect(url_for("desk.list_rules"), 303)
