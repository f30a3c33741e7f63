"""/console/clients/<client_id>/api: which roles a machine client holds at the API; asked for by one officer, given by a second one."""

import json
import uuid
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, bindparam, select
from werkzeug.wrappers import Response

from clients.models import Client
from idp.api import access
from idp.api.scopes import SCOPE_NAMES
from idp.console.client_pages import CLIENT_LINKS
from idp.console.proposal_kinds import KINDS, Kind
from idp.console.reach import within
from idp.console.reasons import read_reason
from idp.console.words import role_words
from idp.database import in_transaction, reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.models import Person, Unit
from idp.people.unit_names import unit_named
from idp.roles import proposals
from idp.roles.api_grants import API_ROLES, find_grants
from idp.roles.models import Role
from idp.roles.permissions import Holding, permissions_of, scope_of
from idp.web.viewer import Permission, Viewer, require_viewer, requires

blueprint = Blueprint("console_api", __name__)
_c, _u, _p = table_of(Client), table_of(Unit), table_of(Person)
_one = select(_c.c.id, _c.c.client_id, _c.c.client_name, _c.c.scope).where(_c.c.client_id == bindparam("wanted"))
PAGE = "/console/clients/<client_id>/api"


@blueprint.get(PAGE)
@requires(Permission.SEE_CLIENTS)
def show(client_id: str) -> str:
    """The roles, and what waits for a second officer."""
    return _page(_require(client_id), {})


@blueprint.post(PAGE)
@requires(Permission.GRANT_ROLES)
def ask(client_id: str) -> Response | tuple[str, int]:
    """Ask for one more role."""
    client, actor = _require(client_id), require_viewer().actor
    _require_whole_province()
    reason, errors = read_reason()
    role = request.form.get("role", "")
    if role not in API_ROLES:
        errors["role"] = _("Chọn một vai trò.")
    elif not may_give(require_viewer(), Role(role)):
        errors["role"] = _("Không giao được vai trò có nhiều quyền hơn quyền đang giữ.")
    if not errors:
        try:
            in_transaction(lambda connection: _propose(connection, client_id, Role(role), reason, actor))
        except Refusal as refusal:
            errors["unit" if refusal.reason == "bad_unit" else ""] = refusal.message
    return (_page(client, errors), 400) if errors else _back(client_id)


def _propose(connection: Connection, client_id: str, role: Role, reason: str, actor: str) -> None:
    written = request.form.get("unit", "").strip()
    unit_id = unit_named(connection, written) if written else None
    access.propose(connection, client_id, role, unit_id=unit_id, reason=reason, actor=actor)


@blueprint.post(f"{PAGE}/revoke")
@requires(Permission.GRANT_ROLES)
def revoke(client_id: str) -> Response | tuple[str, int]:
    """Take a role, at once."""
    client, actor = _require(client_id), require_viewer().actor
    _require_whole_province()
    reason, errors = read_reason()
    held = [one for one in find_grants(reader(), client.id) if str(one.id) == request.form.get("grant")]
    if errors:
        return _page(client, {request.form.get("grant", ""): errors["reason"]}), 400
    for one in held:
        in_transaction(
            lambda connection, one=one: access.revoke(  # type: ignore[misc]
                connection, client_id, Role(one.role), unit_id=one.unit_id, actor=actor, reason=reason
            )
        )
    return _back(client_id)


def may_give(viewer: Viewer, role: Role) -> bool:
    """Whether somebody may give a program this role: a person, for the whole province, who may do all of it themselves."""
    if viewer.client_id is not None or not scope_of(viewer.person_id, Permission.GRANT_ROLES).whole_province:
        return False
    return Holding(role, None).permissions <= viewer.permissions


def _may_decide(viewer: Viewer, row: Any) -> bool:
    return may_give(viewer, Role(json.loads(row.content)["role"]))


def _proposer_may(holder_id: uuid.UUID, row: Any) -> bool:
    """Whether who asked may still: for the whole province, and all of it themselves."""
    wanted = Holding(Role(json.loads(row.content)["role"]), None).permissions
    return scope_of(holder_id, Permission.GRANT_ROLES).whole_province and wanted <= permissions_of(holder_id)


def _facts(row: Any) -> list[tuple[str, str]]:
    content = _content(row)
    unit = reader().execute(select(_u.c.name).where(_u.c.id == content["unit_id"])).scalar() if content["unit_id"] else None
    return [(_("Ứng dụng"), content["client_id"]), (_("Vai trò"), role_words(content["role"])), (_("Phạm vi"), unit or _("Toàn tỉnh"))]


def _carry_out(connection: Connection, row: Any, content: dict[str, Any], viewer: Viewer) -> None:
    access.carry_out(connection, row, content, actor=viewer.actor)


def _require_whole_province() -> None:
    if within(Permission.GRANT_ROLES) is not None:
        raise Forbidden(_("Vai trò ở API do người có quyền toàn tỉnh giao."), "needs_whole_province")


def _require(client_id: str) -> Any:
    row = reader().execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."))
    return row


def _page(client: Any, errors: dict[str, str]) -> str:
    held, waiting = find_grants(reader(), client.id), proposals.waiting(reader(), access.KIND, client.id)
    asked = [(row, _content(row)) for row in waiting]
    unit_ids = {one.unit_id for one in held if one.unit_id} | {content["unit_id"] for _row, content in asked if content["unit_id"]}
    units = {row.id: row.name for row in reader().execute(select(_u.c.id, _u.c.name).where(_u.c.id.in_(unit_ids)))} if unit_ids else {}
    actors = {one.asked_by for one in held} | {one.approved_by for one in held} | {row.proposed_by for row in waiting}
    own = client.scope.split()
    return render_template(
        "api/roles.html", client=client, held=held, waiting=asked, units=units, names=_names(actors), errors=errors, values=request.form,
        roles=[("", _("Chọn…")), *((role.value, role_words(role.value)) for role in API_ROLES)], role_words=role_words,
        scopes=[name for name in SCOPE_NAMES if name in own], actor=require_viewer().actor,
    )  # fmt: skip


def _content(row: Any) -> dict[str, Any]:
    content = json.loads(row.content)
    return {**content, "unit_id": uuid.UUID(content["unit_id"]) if content["unit_id"] else None}


def _names(actors: set[str | None]) -> dict[str, str]:
    keys = [uuid.UUID(one.removeprefix("person:")) for one in actors if one and one.startswith("person:")]
    names = {f"person:{row.id}": row.name for row in reader().execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(keys)))} if keys else {}
    return {one: names.get(one, one) for one in actors if one}


def _back(client_id: str) -> Response:
    return redirect(url_for("console_api.show", client_id=client_id), 303)


def set_up_api_pages(app: Flask) -> None:
    """Register the page, link it from the page of an application, and let what waits stand among all that does."""
    KINDS[access.KIND] = Kind(_l("Giao vai trò ở API"), _may_decide, _facts, _carry_out, proposer_may=_proposer_may)
    app.register_blueprint(blueprint)
    app.extensions.setdefault(CLIENT_LINKS, []).append((_l("Quyền API"), "console_api.show"))
