"""/console/clients: the applications, registered, changed, disabled, and given a new secret that is shown once."""

import secrets as random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select
from werkzeug.wrappers import Response

from clients import registration
from clients.metadata import ACR, AUTH_METHODS, CLIENT_SECRET_BASIC, PUBLIC, SCOPES, SIGNING_ALGORITHMS, ClientMetadata, from_columns
from clients.models import Client, ClientSecret
from idp import clock
from idp.console.reasons import read_reason
from idp.console.words import assurance_words
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.oidc.backchannel_logout import deliveries
from idp.settings import current_settings
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_clients", __name__)
SHOWN_DELIVERIES = 20
_c, _s = table_of(Client), table_of(ClientSecret)
_all = select(_c).order_by(_c.c.disabled_at.is_not(None), _c.c.client_name, _c.c.client_id)
_one = select(_c).where(_c.c.client_id == bindparam("wanted"))
_secrets = select(_s).where(_s.c.client_id == bindparam("client")).order_by(_s.c.created_at.desc())


@blueprint.get("/console/clients")
@requires(Permission.SEE_CLIENTS)
def list_clients() -> str:
    """All applications, those in use first."""
    return render_template("console/clients.html", clients=reader().execute(_all).all(), assurance=assurance_words)


@blueprint.get("/console/clients/<client_id>")
@requires(Permission.SEE_CLIENTS)
def show(client_id: str) -> str:
    """One application: addresses, data, assurance, secrets by their hints, what became of its logout messages, its settings."""
    row = _require(client_id)
    return render_template(
        "console/client.html",
        client=row, secrets=_open_secrets(row), deliveries=deliveries(reader(), client=row.id, most=SHOWN_DELIVERIES),
        assurance=assurance_words, issuer=current_settings().issuer, is_public=row.token_endpoint_auth_method == PUBLIC,
    )  # fmt: skip


@blueprint.get("/console/clients/register")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_registration() -> str:
    """The form of a new application. Its client_id is made here, so that a form sent twice registers once."""
    empty = {"client_id": random.token_hex(10), "scope": ["openid", "profile", "email"], "token_endpoint_auth_method": CLIENT_SECRET_BASIC}
    return _form(empty, None)


@blueprint.post("/console/clients/register")
@requires(Permission.CHANGE_CLIENTS)
def register() -> str | tuple[str, int]:
    """Register it; the answer shows the secret this once."""
    given = _given()
    wanted = ClientMetadata(**given, client_id=request.form.get("client_id") or None)
    actor = require_viewer().actor
    try:
        made = in_transaction(lambda connection: registration.register(connection, wanted, actor=actor))
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(_asked(), None, {"": refusal.message}), refusal.status
    return _credentials(made.client_id, made.client_secret, wanted.client_name)


@blueprint.get("/console/clients/<client_id>/change")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_change(client_id: str) -> str:
    """The form with what is registered now."""
    row = _require(client_id)
    return _form({**asdict(from_columns(row)), "scope": row.scope.split()}, row)


@blueprint.post("/console/clients/<client_id>/change")
@requires(Permission.CHANGE_CLIENTS)
def change(client_id: str) -> Response | tuple[str, int]:
    """Change it."""
    row, given, actor = _require(client_id), _given(), require_viewer().actor
    try:
        in_transaction(lambda connection: registration.change(connection, client_id, actor=actor, **given))
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(_asked(), row, {"": refusal.message}), refusal.status
    return _back_to(client_id)


@blueprint.get("/console/clients/<client_id>/<any(disable, enable, secret):deed>")
@requires(Permission.CHANGE_CLIENTS)
def ask_why(client_id: str, deed: str) -> str:
    """What the deed will do, and why it is done."""
    return _reason_page(_require(client_id), deed)


@blueprint.post("/console/clients/<client_id>/<any(disable, enable):deed>")
@requires(Permission.CHANGE_CLIENTS)
def switch(client_id: str, deed: str) -> Response | tuple[str, int]:
    """Disable or enable it, with a reason."""
    row, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _reason_page(row, deed, errors), 400
    switch_it: Callable[..., bool] = registration.disable if deed == "disable" else registration.enable
    in_transaction(lambda connection: switch_it(connection, client_id, actor=actor, reason=reason))
    return _back_to(client_id)


@blueprint.post("/console/clients/<client_id>/secret")
@requires(Permission.CHANGE_CLIENTS)
def rotate_secret(client_id: str) -> str | tuple[str, int]:
    """A new secret, shown this once. A form sent twice changes it once: it names the secret that was newest before."""
    row, actor = _require(client_id), require_viewer().actor
    reason, errors = read_reason()
    if errors:
        return _reason_page(row, "secret", errors), 400
    days = 0 if request.form.get("at_once") else registration.TRANSITION_DAYS

    def rotate(connection: Connection) -> str:
        newest = connection.execute(_secrets, {"client": row.id}).first()
        if newest is None or str(newest.id) != request.form.get("newest"):
            raise Refusal(_("Khóa bí mật vừa được đổi ở nơi khác. Mở lại trang ứng dụng để xem."), "secret_rotated_meanwhile", 409)
        return registration.rotate_secret(connection, client_id, actor=actor, transition_days=days, reason=reason)

    return _credentials(client_id, in_transaction(rotate), row.client_name)


def _require(client_id: str) -> Any:
    row = reader().execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."))
    return row


def _open_secrets(row: Any) -> list[Any]:
    now = clock.now()
    return [one for one in reader().execute(_secrets, {"client": row.id}) if one.expires_at is None or one.expires_at > now]


def _lines(name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in request.form.get(name, "").splitlines() if line.strip())


def _asked() -> dict[str, Any]:
    """The form as it was filled in, for showing it again."""
    return {
        **request.form.to_dict(),
        **{name: _lines(name) for name in ("redirect_uris", "post_logout_redirect_uris")},
        "scope": request.form.getlist("scope"),
        "require_pkce": bool(request.form.get("require_pkce")),
    }


def _given() -> dict[str, Any]:
    form = request.form
    return {
        "client_name": form.get("client_name", ""),
        "redirect_uris": _lines("redirect_uris"),
        "post_logout_redirect_uris": _lines("post_logout_redirect_uris"),
        "backchannel_logout_uri": form.get("backchannel_logout_uri", "").strip() or None,
        "client_uri": form.get("client_uri", "").strip() or None,
        "scope": " ".join(form.getlist("scope")),
        "token_endpoint_auth_method": form.get("token_endpoint_auth_method", ""),
        "id_token_signed_response_alg": form.get("id_token_signed_response_alg", ""),
        "minimum_acr": form.get("minimum_acr", ""),
        "require_pkce": bool(form.get("require_pkce")) or form.get("token_endpoint_auth_method") == PUBLIC,
    }


def _form(values: dict[str, Any], client: Any, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "console/client_form.html",
        values=values, client=client, errors=errors or {}, scopes=SCOPES, methods=AUTH_METHODS, algorithms=SIGNING_ALGORITHMS,
        levels=[(acr, assurance_words(acr)) for acr in ACR.values()],
    )  # fmt: skip


def _reason_page(row: Any, deed: str, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "console/client_reason.html",
        client=row,
        deed=deed,
        errors=errors or {},
        secrets=_open_secrets(row),
        days=registration.TRANSITION_DAYS,
    )


def _credentials(client_id: str, secret: str | None, name: str) -> str:
    return render_template(
        "console/client_secret.html", client_id=client_id, client_secret=secret, name=name, issuer=current_settings().issuer
    )


def _back_to(client_id: str) -> Response:
    return redirect(url_for("console_clients.show", client_id=client_id), 303)
