"""/console/clients/<client_id>/entry: who may enter an application: the rules, and what each day makes of them."""

import uuid
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, func, select
from werkzeug.wrappers import Response

from clients.entry_models import EntryKind
from clients.entry_rules import kept_rules, remove_rule
from clients.registry import RegisteredClient, find_even_disabled
from idp.console.entry_names import named_rule, subjects_of
from idp.console.entry_words import CATEGORY_CHOICES, KIND_WORDS, ROLE_CHOICES, rule_words
from idp.console.reasons import read_reason
from idp.console.system_file import read_day
from idp.console.widening import add_or_propose
from idp.database import in_transaction, reader
from idp.entry import entitled_people
from idp.errors import NotFound, Refusal
from idp.web.formats import today
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_entry", __name__)
SUBJECT_FIELDS = {EntryKind.UNIT: "unit", EntryKind.CATEGORY: "category", EntryKind.ROLE: "role", EntryKind.PERSON: "person"}


@blueprint.get("/console/clients/<client_id>/entry")
@requires(Permission.SEE_CLIENTS)
def rules(client_id: str) -> str:
    """The rules, and how many people they let in today."""
    return _page(_require(client_id), {}, {})


@blueprint.post("/console/clients/<client_id>/entry")
@requires(Permission.CHANGE_CLIENTS)
def add(client_id: str) -> Response | tuple[str, int]:
    """One more rule; one for the whole province is proposed."""
    client = _require(client_id)
    reason, errors = read_reason()
    try:
        kind = EntryKind(request.form.get("kind", ""))
    except ValueError:
        errors["kind"] = _("Chọn ai được vào.")
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = read_day(request.form.get(name, "").strip())
        except ValueError as unclear:
            errors[name] = str(unclear)
    if errors:
        return _page(client, request.form.to_dict(), errors), 400
    field = SUBJECT_FIELDS.get(kind, "")

    def write(connection: Connection) -> uuid.UUID | None:
        rule = named_rule(connection, kind, request.form.get(field, ""), valid_from=days["valid_from"], valid_to=days["valid_to"])
        return add_or_propose(connection, client, rule, require_viewer(), reason=reason)

    try:
        proposal_id = in_transaction(write)
    except Refusal as refusal:
        return _page(client, request.form.to_dict(), {field: refusal.message}), 400
    if proposal_id is not None:
        return redirect(url_for("console_proposals.show", proposal_id=proposal_id), 303)
    return redirect(url_for("console_entry.rules", client_id=client_id), 303)


@blueprint.get("/console/clients/<client_id>/entry/<uuid:rule_id>/remove")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_removal(client_id: str, rule_id: uuid.UUID) -> str:
    """What taking the rule back means."""
    return _removal_page(_require(client_id), rule_id, {})


@blueprint.post("/console/clients/<client_id>/entry/<uuid:rule_id>/remove")
@requires(Permission.CHANGE_CLIENTS)
def remove(client_id: str, rule_id: uuid.UUID) -> Response | tuple[str, int]:
    """Take it back, with a reason."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _removal_page(client, rule_id, errors), 400
    in_transaction(lambda connection: remove_rule(connection, client_id, rule_id, actor=actor, reason=reason))
    return redirect(url_for("console_entry.rules", client_id=client_id), 303)


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _page(client: RegisteredClient, values: dict[str, str], errors: dict[str, str]) -> str:
    rows = kept_rules(reader(), client.key)
    number = reader().execute(select(func.count()).select_from(entitled_people(client).subquery())).scalar_one()
    return render_template(
        "console/entry.html", client=client, rules=rows, words=rule_words(rows, subjects_of(reader(), rows)), number=number, today=today(),
        values=values, errors=errors, kinds=[("", _("Chọn…")), *KIND_WORDS.items()], categories=CATEGORY_CHOICES, roles=ROLE_CHOICES,
    )  # fmt: skip


def _removal_page(client: RegisteredClient, rule_id: uuid.UUID, errors: dict[str, str]) -> str:
    rows = [row for row in kept_rules(reader(), client.key) if row.id == rule_id]
    if not rows:
        raise NotFound(_("Quy tắc này không còn."))
    words = rule_words(rows, subjects_of(reader(), rows))
    return render_template("console/entry_remove.html", client=client, rule=rows[0], words=words[rule_id], errors=errors)
