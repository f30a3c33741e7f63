"""/console/scim: sources that push; /console/clients/…/provisioning: applications that get their accounts in advance."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select
from werkzeug.wrappers import Response

from clients.models import Client
from directory_sync.scim import provisioning, runs, sources
from directory_sync.scim.callers import resource_identifier
from directory_sync.scim.sources import Wanted
from idp.console.home import Notice
from idp.console.reach import within
from idp.database import in_transaction, reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.models import Unit
from idp.settings import current_settings
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("scim_pages", __name__)
_u, _c = table_of(Unit), table_of(Client)
_client = select(_c).where(_c.c.client_id == bindparam("wanted"))


@blueprint.get("/console/scim")
@requires(Permission.SEE_SYNC)
def list_sources() -> str:
    """All sources, with how many people each has."""
    _require_whole_province(Permission.SEE_SYNC)
    return render_template("scim/sources.html", sources=sources.all_sources(reader()), url=resource_identifier(), prefix=sources.PREFIX)


@blueprint.get("/console/scim/add")
@requires(Permission.CHANGE_SYSTEMS)
def ask_for_source() -> str:
    """The form of a new source."""
    return render_template("scim/add.html", values={}, errors={})


@blueprint.post("/console/scim/add")
@requires(Permission.CHANGE_SYSTEMS)
def add_source() -> str | tuple[str, int]:
    """Add it; the answer shows the secret of its client this once."""
    actor, form = require_viewer().actor, request.form
    try:
        wanted = Wanted(
            form.get("name", "").strip(), form.get("title", ""), _unit(form.get("unit", "").strip()), bool(form.get("reads_only")),
            bool(form.get("signed")), _number(form.get("withdrawals", "")),
        )  # fmt: skip
        made = in_transaction(lambda connection: sources.add(connection, wanted, actor=actor))
    except Refusal as refusal:
        return render_template("scim/add.html", values=form, errors={"": refusal.message}), refusal.status
    return render_template(
        "scim/added.html", title=wanted.title, made=made, url=resource_identifier(), token_url=f"{current_settings().issuer}/token"
    )


@blueprint.get("/console/scim/<name>/allow")
@requires(Permission.APPROVE_SYNC)
def ask_to_allow(name: str) -> str:
    """The form by which a source may suspend more than usual."""
    _require_whole_province(Permission.APPROVE_SYNC)
    return _allow_page(name, {}, {})


@blueprint.post("/console/scim/<name>/allow")
@requires(Permission.APPROVE_SYNC)
def allow(name: str) -> Response | tuple[str, int]:
    """Let it, for some hours; the number is typed by hand."""
    _require_whole_province(Permission.APPROVE_SYNC)
    actor, form = require_viewer().actor, request.form
    number, hours, reason = _number(form.get("withdrawals", "")) or 0, _number(form.get("hours", "")) or 0, form.get("reason", "")
    try:
        in_transaction(lambda connection: sources.allow(connection, name, withdrawals=number, hours=hours, reason=reason, actor=actor))
    except NotFound:
        raise
    except Refusal as refusal:
        return _allow_page(name, form, {"": refusal.message}), refusal.status
    return redirect(url_for("scim_pages.list_sources"), 303)


@blueprint.get("/console/clients/<client_id>/provisioning")
@requires(Permission.SEE_CLIENTS)
def show_provisioning(client_id: str) -> str:
    """How it stands with the accounts at one application."""
    client = _require_client(client_id)
    state, troubles = provisioning.state_of(reader(), client.id), provisioning.troubles(reader(), client.id)
    return render_template("scim/provisioning.html", client=client, state=state, troubles=troubles)


@blueprint.post("/console/clients/<client_id>/provisioning")
@requires(Permission.CHANGE_CLIENTS)
def drive_provisioning(client_id: str) -> Response:
    """Fill once more, or stop."""
    actor = require_viewer().actor
    if request.form.get("deed") == "stop":
        in_transaction(lambda connection: provisioning.stop(connection, client_id, actor=actor))
    else:
        in_transaction(lambda connection: provisioning.fill_again(connection, client_id))
    return redirect(url_for("scim_pages.show_provisioning", client_id=client_id), 303)


@blueprint.get("/console/clients/<client_id>/provisioning/change")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_provisioning(client_id: str) -> str:
    """The form of its settings."""
    client = _require_client(client_id)
    state = provisioning.state_of(reader(), client.id)
    values = {"url": state["url"], "units": " ".join(unit["code"] or "" for unit in state["units"])} if state else {}
    return render_template("scim/provisioning_form.html", client=client, values=values, errors={})


@blueprint.post("/console/clients/<client_id>/provisioning/change")
@requires(Permission.CHANGE_CLIENTS)
def change_provisioning(client_id: str) -> Response | tuple[str, int]:
    """Begin, or change where and for whom."""
    client, actor = _require_client(client_id), require_viewer().actor
    try:
        _set_up(client_id, actor)
    except NotFound:
        raise
    except Refusal as refusal:
        page = render_template("scim/provisioning_form.html", client=client, values=request.form, errors={"": refusal.message})
        return page, refusal.status
    return redirect(url_for("scim_pages.show_provisioning", client_id=client_id), 303)


def _set_up(client_id: str, actor: str) -> None:
    form = request.form
    units, token = form.get("units", "").split(), form.get("token", "").strip() or None
    url = form.get("url", "").strip()
    in_transaction(lambda connection: provisioning.set_up(connection, client_id, url=url, token=token, units=units, actor=actor))


def _require_client(client_id: str) -> Any:
    client = reader().execute(_client, {"wanted": client_id}).first()
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _allow_page(name: str, values: Any, errors: dict[str, str]) -> str:
    return render_template("scim/allow.html", source=sources.require(reader(), name), name=name, values=values, errors=errors)


def _require_whole_province(permission: Permission) -> None:
    """Sources name people of all parts of the tree."""
    if within(permission) is not None:
        raise Forbidden(_("Chỉ người có quyền toàn tỉnh mới xem được các nguồn SCIM."), "whole_province_only")


def _unit(code: str) -> Any:
    if not code:
        return None
    found = reader().execute(select(_u.c.id).where(_u.c.code == code[:64].replace("\0", ""), _u.c.valid_to.is_(None))).scalars().all()
    if len(found) != 1:
        raise Refusal(_("Không có đúng một đơn vị mang mã %(code)s.", code=code[:64]), reason="bad_unit")
    return found[0]


def _number(text: str) -> int | None:
    stripped = text.strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 8 else None


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: sources whose suspensions are held."""
    if not may(Permission.SEE_SYNC) or within(Permission.SEE_SYNC) is not None:
        return []
    words = [
        _("Nguồn SCIM %(source)s bị tạm dừng vô hiệu hóa cán bộ: vượt ngưỡng an toàn.", source=run.source)
        for run in runs.held_lately(connection)
    ]
    return [Notice("warn", told, url_for("scim_pages.list_sources")) for told in words]
