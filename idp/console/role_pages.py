"""/console/roles: who holds which role for which part of the tree, until when; given and taken back."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from idp.client_reach import owns
from idp.console import delegation
from idp.console.alarms import Notice
from idp.console.delegation import LOWER, Wanted
from idp.console.names_of import actors_in_words
from idp.console.proposal_kinds import place_of_none
from idp.console.reach import require_named, sees_all
from idp.console.reasons import read_reason
from idp.console.system_file import read_day
from idp.console.words import ROLES, role_words
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.people.models import Person, Unit
from idp.people.unit_names import unit_named
from idp.roles import grants
from idp.roles.models import Role
from idp.web.formats import format_date, today
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("console_roles", __name__)
_p, _u = table_of(Person), table_of(Unit)
MOST_NOTICES = 10


@blueprint.get("/console/roles")
@requires(Permission.SEE_ROLES)
def list_roles() -> str:
    """The grants within reach, those that end soonest marked."""
    rows = _reached(grants.find_grants(reader()))
    me = require_viewer().person_id
    return render_template(
        "console/roles.html", rows=rows, people=_people(rows), units=_units(rows), actors=actors_in_words(reader(), rows),
        role_words=role_words, today=today(), soon=today() + grants.WARN_AHEAD, place_of_none=place_of_none,
        endable={row.id for row in rows if may(Permission.GRANT_ROLES) and delegation.ends(me, row)},
    )  # fmt: skip


@blueprint.get("/console/roles/new")
@requires(Permission.GRANT_ROLES)
def ask_for_role() -> str:
    """The form of a grant; the person may be named in the address."""
    return _form({"person": request.args.get("person", "")[:200]}, {})


@blueprint.post("/console/roles/new")
@requires(Permission.GRANT_ROLES)
def give_role() -> Response | tuple[str, int]:
    """Give it, or propose it where that takes two."""
    reason, errors = read_reason()
    wanted = _read(errors)
    if wanted is None or errors:
        return _form(request.form.to_dict(), errors), 400
    giver = require_viewer()
    try:
        proposal_id = in_transaction(lambda connection: delegation.ask(connection, giver, wanted, reason=reason))
    except Refusal as refusal:
        field = "person" if isinstance(refusal, NotFound) else ""
        return _form(request.form.to_dict(), {field: refusal.message}), refusal.status
    if proposal_id is None:
        return redirect(url_for("console_roles.list_roles"), 303)
    return redirect(url_for("console_proposals.show", proposal_id=proposal_id), 303)


@blueprint.get("/console/roles/<uuid:grant_id>/end")
@requires(Permission.GRANT_ROLES)
def ask_for_end(grant_id: uuid.UUID) -> str:
    """What taking it back means."""
    return _end_page(grant_id, {})


@blueprint.post("/console/roles/<uuid:grant_id>/end")
@requires(Permission.GRANT_ROLES)
def end_role(grant_id: uuid.UUID) -> Response | tuple[str, int]:
    """Take it back at once, with a reason."""
    reason, errors = read_reason()
    if errors:
        return _end_page(grant_id, errors), 400
    me = require_viewer()
    try:
        in_transaction(lambda connection: delegation.end(connection, me, grant_id, reason=reason))
    except NotFound:
        raise
    except Refusal as refusal:
        return _end_page(grant_id, {"": refusal.message}), refusal.status
    return redirect(url_for("console_roles.list_roles"), 303)


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: which roles end within two weeks."""
    if not may(Permission.GRANT_ROLES):
        return []
    rows = _reached(grants.ending_soon(connection))[:MOST_NOTICES]
    people = _people(rows)
    return [
        Notice(
            "warn",
            _("Vai trò %(role)s của %(name)s hết hạn sau ngày %(day)s.", role=role_words(row.role), name=people[row.person_id].name,
              day=format_date(row.valid_until)),
            url_for("console_roles.list_roles"),
        )
        for row in rows
    ]  # fmt: skip


def _reached(rows: Any) -> list[Any]:
    if sees_all(Permission.SEE_ROLES):
        return list(rows)
    me = require_viewer().person_id
    near = {key: owns(me, Permission.SEE_ROLES, key) for key in {row.unit_id for row in rows if row.unit_id}}
    return [row for row in rows if near.get(row.unit_id)]


def _people(rows: Any) -> dict[uuid.UUID, Any]:
    wanted = select(_p.c.id, _p.c.name, _p.c.username).where(_p.c.id.in_({row.person_id for row in rows}))
    return {row.id: row for row in reader().execute(wanted)}


def _units(rows: Any) -> dict[uuid.UUID, str]:
    wanted = select(_u.c.id, _u.c.name).where(_u.c.id.in_({row.unit_id for row in rows if row.unit_id}))
    return {row.id: row.name for row in reader().execute(wanted)}


def _read(errors: dict[str, str]) -> Wanted | None:
    form = request.form
    role = form.get("role", "")
    if role not in _roles():
        errors["role"] = _("Chọn vai trò.")
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_until"):
        try:
            days[name] = read_day(form.get(name, "").strip())
        except ValueError as unclear:
            errors[name] = str(unclear)
    person_id = unit_id = None
    try:
        typed = form.get("person", "").replace("\0", "")[:200]
        person_id = require_named(typed, Permission.GRANT_ROLES).id
    except Refusal as refusal:
        errors["person"] = refusal.message
    try:
        unit = form.get("unit", "").replace("\0", "").strip()
        unit_id = unit_named(reader(), unit) if unit else None
    except Refusal as refusal:
        errors["unit"] = refusal.message
    return None if errors or person_id is None else Wanted(person_id, Role(role), unit_id, **days)


def _roles() -> dict[str, str]:
    reaches_all = sees_all(Permission.GRANT_ROLES)
    return {role.value: str(words) for role, words in ROLES.items() if reaches_all or role in LOWER}


def _form(values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "console/role_form.html", values=values, errors=errors, roles=[("", _("Chọn…")), *_roles().items()],
        reaches_all=sees_all(Permission.GRANT_ROLES),
    )  # fmt: skip


def _end_page(grant_id: uuid.UUID, errors: dict[str, str]) -> str:
    row = grants.find_grant(reader(), grant_id)
    if row is None or not delegation.ends(require_viewer().person_id, row):
        raise NotFound(_("Vai trò này không còn, hoặc ngoài phạm vi được giao."))
    unit = _units([row]).get(row.unit_id) or place_of_none(row.role)
    return render_template(
        "console/role_end.html", row=row, person=_people([row])[row.person_id], unit=unit, role=role_words(row.role), errors=errors
    )
