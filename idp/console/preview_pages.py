"""/console/clients/<client_id>/preview: what exactly an application would be told of one person, and whether they may enter."""

import json
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from sqlalchemy import bindparam, select

from clients.registry import RegisteredClient, find_even_disabled
from idp.console.reach import require_named
from idp.database import reader, table_of
from idp.entry import row_may_enter
from idp.errors import NotFound, Refusal
from idp.oidc.claims import claims_of, with_roles
from idp.oidc.subjects import subject_for
from idp.oidc.token_response import PERSON_COLUMNS
from idp.people.models import Person, PersonState, Unit
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_preview", __name__)
_p, _u = table_of(Person), table_of(Unit)
_facts = select(*PERSON_COLUMNS, _p.c.state).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(_p.c.id == bindparam("person"))


@blueprint.get("/console/clients/<client_id>/preview")
@requires(Permission.SEE_CLIENTS)
def preview(client_id: str) -> str | tuple[str, int]:
    """For one person, named in the address; only whom the viewer may see: whoever sees no people, themselves."""
    client, typed = find_even_disabled(client_id), request.args.get("person", "").strip()[:200]
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    if not typed:
        return _page(client, typed, None, {})
    try:
        person_id = require_named(typed, Permission.SEE_PEOPLE).id
    except Refusal as refusal:
        return _page(client, typed, None, {"person": refusal.message}), refusal.status
    return _page(client, typed, reader().execute(_facts, {"person": person_id}).one(), {})


def _page(client: RegisteredClient, typed: str, person: Any, errors: dict[str, str]) -> str:
    told, lets_in = {}, False
    if person is not None:
        lets_in = person.state == PersonState.ACTIVE and client.is_enabled and row_may_enter(person, client)
        claims = claims_of(person, " ".join(sorted(client.scopes)))
        told = {"sub": subject_for(client, person.subject), **with_roles(claims, person, client)}
    written = {name: json.dumps(value, ensure_ascii=False) for name, value in told.items()}  # names in letters, not in escapes
    return render_template("console/preview.html", client=client, typed=typed, person=person, told=written, lets_in=lets_in, errors=errors)
