"""Secrets of an application side by side: one more with a day on which it ends, and one ended at once."""

import uuid
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select
from werkzeug.wrappers import Response

from clients.models import ClientSecret
from clients.registry import RegisteredClient, find_even_disabled
from clients.secret_care import add_beside, ending_soon, revoke_secret
from idp.client_reach import reaches
from idp.console.alarms import Notice
from idp.console.reasons import read_reason
from idp.console.system_file import read_day
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.settings import current_settings
from idp.web.formats import format_time
from idp.web.viewer import Permission, may, require_viewer, requires

blueprint = Blueprint("console_secrets", __name__)
_s = table_of(ClientSecret)
_one = select(_s).where(_s.c.id == bindparam("secret"), _s.c.client_id == bindparam("client"))


@blueprint.get("/console/clients/<client_id>/add-secret")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_secret(client_id: str) -> str:
    """How long the new one is to be good, and why it is made."""
    return _page(_require(client_id), None, {})


@blueprint.post("/console/clients/<client_id>/add-secret")
@requires(Permission.CHANGE_CLIENTS)
def add_secret(client_id: str) -> str | tuple[str, int]:
    """One more secret, shown this once; the others go on."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    ends: datetime | None = None
    try:
        day = read_day(request.form.get("expires_on", "").strip())
        ends = _end_of(day) if day else None
    except ValueError as unclear:
        errors["expires_on"] = str(unclear)
    if not errors:

        def add(connection: Connection) -> str:
            return add_beside(connection, client_id, actor=actor, reason=reason, expires_at=ends)

        try:
            secret = in_transaction(add)
        except Refusal as refusal:
            errors["expires_on"] = refusal.message
        else:
            return render_template(
                "console/client_secret.html", client_id=client_id, client_secret=secret, name=client.client_name,
                issuer=current_settings().issuer,
            )  # fmt: skip
    return _page(client, None, errors), 400


@blueprint.get("/console/clients/<client_id>/secrets/<uuid:secret_id>/revoke")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_revocation(client_id: str, secret_id: uuid.UUID) -> str:
    """Who still uses it, and why it is ended."""
    client = _require(client_id)
    return _page(client, _secret(client, secret_id), {})


@blueprint.post("/console/clients/<client_id>/secrets/<uuid:secret_id>/revoke")
@requires(Permission.CHANGE_CLIENTS)
def revoke(client_id: str, secret_id: uuid.UUID) -> Response | tuple[str, int]:
    """End it at once."""
    client, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _page(client, _secret(client, secret_id), errors), 400
    in_transaction(lambda connection: revoke_secret(connection, client_id, secret_id, actor=actor, reason=reason))
    return redirect(url_for("console_clients.show", client_id=client_id), 303)


def secrets_ending(connection: Connection) -> list[Notice]:
    """Which secrets end soon: for whoever may make new ones."""
    if not may(Permission.CHANGE_CLIENTS):
        return []
    holder = require_viewer().person_id
    ending = [row for row in ending_soon(connection) if reaches(holder, Permission.CHANGE_CLIENTS, row.client_id)]
    return [
        Notice(
            "warn",
            _(
                "Khóa bí mật …%(hint)s của %(name)s hết hạn lúc %(time)s.",
                hint=row.hint,
                name=row.client_name,
                time=format_time(row.expires_at),
            ),
            url_for("console_clients.show", client_id=row.public),
        )
        for row in ending[:20]
    ]


def _end_of(day: Any) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(current_settings().timezone))


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client


def _secret(client: RegisteredClient, secret_id: uuid.UUID) -> Any:
    row = reader().execute(_one, {"secret": secret_id, "client": client.key}).first()
    if row is None:
        raise NotFound(_("Không có khóa này."))
    return row


def _page(client: RegisteredClient, secret: Any, errors: dict[str, str]) -> str:
    return render_template("console/secret.html", client=client, secret=secret, errors=errors, values=request.form)
