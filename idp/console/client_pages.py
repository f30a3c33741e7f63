"""/console/clients: the applications, registered, changed, disabled, and given a new secret that is shown once."""

import secrets as random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select
from werkzeug.wrappers import Response

from clients import registration
from clients.draft_models import ClientKind
from clients.drafts import write_test_card
from clients.entry_rules import kept_rules
from clients.lifetimes import preset_of
from clients.metadata import PUBLIC, SECRET_METHODS, ClientMetadata, from_columns
from clients.models import Client, ClientSecret
from clients.proofs import outdated_since
from clients.sector import check_sector
from idp import clock
from idp.console.client_form import asked, choices, further_of, given, values_of
from idp.console.client_reach import reached_clients
from idp.console.lifetime_words import PRESET_WORDS
from idp.console.reasons import LONGEST, read_reason
from idp.console.sensitive_changes import Outcome, change_or_propose, needs_two, waiting_for
from idp.console.words import assurance_words
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound, Refusal
from idp.oidc.backchannel_logout import deliveries
from idp.settings import current_settings
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("console_clients", __name__)
SHOWN_DELIVERIES = 20
CLIENT_LINKS = "hopnhat.client_links"  # pages of others about one application: words and endpoint, which takes client_id
_c, _s = table_of(Client), table_of(ClientSecret)
_all = select(_c).order_by(_c.c.disabled_at.is_not(None), _c.c.client_name, _c.c.client_id)
_one = select(_c).where(_c.c.client_id == bindparam("wanted"))
_secrets = select(_s).where(_s.c.client_id == bindparam("client")).order_by(_s.c.created_at.desc())


@blueprint.get("/console/clients")
@requires(Permission.SEE_CLIENTS)
def list_clients() -> str:
    """All applications within reach, those in use first."""
    found = reader().execute(_all.where(*reached_clients(Permission.SEE_CLIENTS))).all()
    return render_template("console/clients.html", clients=found, assurance=assurance_words)


@blueprint.get("/console/clients/<client_id>")
@requires(Permission.SEE_CLIENTS)
def show(client_id: str) -> str:
    """One application: addresses, data, assurance, keys, secrets by their hints, what became of its logout messages, its settings."""
    row = _require(client_id)
    metadata = from_columns(row)
    return render_template(
        "console/client.html",
        client=row, metadata=metadata, secrets=_open_secrets(row), deliveries=deliveries(reader(), client=row.id, most=SHOWN_DELIVERIES),
        assurance=assurance_words, issuer=current_settings().issuer, has_secret=metadata.token_endpoint_auth_method in SECRET_METHODS,
        is_public=metadata.token_endpoint_auth_method == PUBLIC, further=further_of(metadata), choices=choices(),
        is_shut=not kept_rules(reader(), row.id), proof_old_since=outdated_since(reader(), row.id), proposals=waiting_for(reader(), row.id), lifetimes=PRESET_WORDS[preset_of(metadata)][0],
    )  # fmt: skip


@blueprint.get("/console/register-client")
@requires(Permission.REGISTER_CLIENTS)
def ask_for_registration() -> str:
    """The form of a new application. Its client_id is made here, so that a form sent twice registers once."""
    return _form({**values_of(ClientMetadata("", ())), "client_id": random.token_hex(10)}, None)


@blueprint.post("/console/register-client")
@requires(Permission.REGISTER_CLIENTS)
def register() -> str | tuple[str, int]:
    """Register it; the answer shows the secret this once."""
    actor = require_viewer().actor
    try:
        wanted = ClientMetadata(**{"client_name": "", "redirect_uris": (), **given()}, client_id=request.form.get("client_id") or None)
        check_sector(wanted)
        made = in_transaction(lambda connection: _register_for_tests(connection, wanted, actor))
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(asked(), None, {"": refusal.message}), refusal.status
    return _credentials(made.client_id, made.client_secret, wanted.client_name)


def _register_for_tests(connection: Connection, wanted: ClientMetadata, actor: str) -> registration.Registered:
    made = registration.register(connection, wanted, actor=actor, entry=())
    kind = ClientKind.BROWSER if wanted.token_endpoint_auth_method == PUBLIC else ClientKind.SERVER
    write_test_card(connection, made.key, kind, actor=actor)
    return made


@blueprint.get("/console/clients/<client_id>/change")
@requires(Permission.CHANGE_CLIENTS)
def ask_for_change(client_id: str) -> str:
    """The form with what is registered now."""
    row = _require(client_id)
    return _form(values_of(from_columns(row)), row)


@blueprint.post("/console/clients/<client_id>/change")
@requires(Permission.CHANGE_CLIENTS)
def change(client_id: str) -> Response | str | tuple[str, int]:
    """Change it, or propose what takes two. A method that needs a secret which is not there brings one, shown this once."""
    row, actor = _require(client_id), require_viewer().actor

    reason = request.form.get("reason", "").strip()[:LONGEST] or None

    def change_it(connection: Connection, changes: dict[str, Any]) -> tuple[Outcome, str | None]:
        outcome = change_or_propose(connection, client_id, actor=actor, reason=reason, **changes)
        return outcome, None if outcome.proposal_id else registration.give_missing_secret(connection, client_id, actor=actor)

    try:
        changes = given()
        check_sector(replace(from_columns(row), **changes))
        outcome, secret = in_transaction(lambda connection: change_it(connection, changes))
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(asked(), row, {"": refusal.message}), refusal.status
    if outcome.proposal_id is not None:
        return redirect(url_for("console_proposals.show", proposal_id=outcome.proposal_id), 303)
    return _credentials(client_id, secret, row.client_name) if secret else _back_to(client_id)


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


@blueprint.app_template_global("client_links")
def client_links() -> Sequence[tuple[str, str]]:
    """The pages of others about one application, for its tabs: words and endpoint."""
    return cast("Sequence[tuple[str, str]]", current_app.extensions.get(CLIENT_LINKS, ()))


def _require(client_id: str) -> Any:
    row = reader().execute(_one, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."))
    return row


def _open_secrets(row: Any) -> list[Any]:
    now = clock.now()
    return [one for one in reader().execute(_secrets, {"client": row.id}) if one.expires_at is None or one.expires_at > now]


def _form(values: dict[str, Any], client: Any, errors: dict[str, str] | None = None) -> str:
    takes_two = client is not None and needs_two(reader(), client.id, require_viewer().actor)
    return render_template(
        "console/client_form.html", values=values, client=client, errors=errors or {}, choices=choices(), takes_two=takes_two
    )


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
