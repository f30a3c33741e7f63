"""/console/clients/<client_id>/roles: what people are in an application (claim `roles`), given by rule or by name."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from clients.entry import RoleRule
from clients.registry import RegisteredClient, find_even_disabled
from clients.role_rules import give_role, kept_roles, take_role
from idp.console.entry_names import subjects_of
from idp.console.entry_words import CATEGORY_CHOICES, CATEGORY_WORDS
from idp.console.reasons import read_reason
from idp.console.system_file import read_day
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from idp.people.models import StaffCategory
from idp.people.roster import require_person_named
from idp.people.unit_names import unit_named
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

LONGEST_TITLE = 200
blueprint = Blueprint("console_app_roles", __name__)


@blueprint.get("/console/clients/<client_id>/roles")
@requires(Permission.SEE_CLIENTS)
def rules(client_id: str) -> str:
    """The rules by role."""
    return _page(_require(client_id), {}, {})


@blueprint.post("/console/clients/<client_id>/roles")
@requires(Permission.CHANGE_CLIENTS)
def add(client_id: str) -> Response | tuple[str, int]:
    """One more rule."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = read_day(request.form.get(name, "").strip())
        except ValueError as unclear:
            errors[name] = str(unclear)
    unit_id = _found("unit", errors, lambda typed: unit_named(reader(), typed))
    person_id = _found("person", errors, lambda typed: require_person_named(reader(), typed).id)
    if not errors:
        rule = _rule(unit_id, person_id, days)
        try:
            in_transaction(lambda connection: give_role(connection, client_id, rule, actor=actor, reason=reason))
        except Refusal as refusal:
            errors["name"] = refusal.message
    if errors:
        return _page(client, request.form.to_dict(), errors), 400
    return redirect(url_for("console_app_roles.rules", client_id=client_id), 303)


@blueprint.get("/console/clients/<client_id>/roles/<uuid:rule_id>/remove")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_removal(client_id: str, rule_id: uuid.UUID) -> str:
    """What taking the rule back means."""
    return _removal_page(_require(client_id), rule_id, {})


@blueprint.post("/console/clients/<client_id>/roles/<uuid:rule_id>/remove")
@requires(Permission.CHANGE_CLIENTS)
def remove(client_id: str, rule_id: uuid.UUID) -> Response | tuple[str, int]:
    """Take it back, with a reason."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _removal_page(client, rule_id, errors), 400
    in_transaction(lambda connection: take_role(connection, client_id, rule_id, actor=actor, reason=reason))
    return redirect(url_for("console_app_roles.rules", client_id=client_id), 303)


def _found(field: str, errors: dict[str, str], find: Callable[[str], uuid.UUID]) -> uuid.UUID | None:
    """What a field names, if it names anything; what there is not is an error of the field."""
    typed = request.form.get(field, "").replace("\0", "").strip()
    if not typed:
        return None
    try:
        return find(typed)
    except Refusal as refusal:
        errors[field] = refusal.message
        return None


def _rule(unit_id: uuid.UUID | None, person_id: uuid.UUID | None, days: dict[str, Any]) -> RoleRule:
    form, category = request.form, request.form.get("category", "")
    title = form.get("title", "").replace("\0", "").strip()[:LONGEST_TITLE] or None
    known = category if category in set(StaffCategory) else None
    return RoleRule(form.get("name", "").strip(), unit_id=unit_id, staff_category=known, title=title, person_id=person_id, **days)


def whom(rule: Any, names: dict[uuid.UUID, str]) -> str:
    """Whom a rule gives its role, in words."""
    parts = [
        names.get(rule.person_id, "—") if rule.person_id else "",
        _("người của %(name)s và các đơn vị bên dưới", name=names.get(rule.unit_id, "—")) if rule.unit_id else "",
        str(CATEGORY_WORDS.get(rule.staff_category, rule.staff_category)).lower() if rule.staff_category else "",
        _("chức vụ %(title)s", title=rule.title) if rule.title else "",
    ]
    return ", ".join(part for part in parts if part) or _("mọi người được vào")


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(client: RegisteredClient, values: dict[str, str], errors: dict[str, str]) -> str:
    rows = kept_roles(reader(), client.key)
    names = subjects_of(reader(), rows)
    told = {row.id: whom(row, names) for row in rows}
    return render_template(
        "console/app_roles.html", client=client, rules=rows, told=told, today=today(), values=values, errors=errors,
        categories=[("", "—"), *CATEGORY_CHOICES],
    )  # fmt: skip


def _removal_page(client: RegisteredClient, rule_id: uuid.UUID, errors: dict[str, str]) -> str:
    rows = [row for row in kept_roles(reader(), client.key) if row.id == rule_id]
    if not rows:
        raise NotFound(_("Quy tắc này không còn."))
    told = whom(rows[0], subjects_of(reader(), rows))
    return render_template("console/app_role_remove.html", client=client, rule=rows[0], told=told, errors=errors)
