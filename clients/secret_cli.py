"""`hopnhat client secret …`: several secrets of one client side by side."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, bindparam, select

from clients.models import ClientSecret
from clients.registry import RegisteredClient, find_even_disabled
from clients.secret_care import add_beside, revoke_secret
from idp import clock
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.settings import current_settings

Day = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
_s = table_of(ClientSecret)
_of_client = select(_s).where(_s.c.client_id == bindparam("client")).order_by(_s.c.created_at, _s.c.id)


@click.group("secret")
def group() -> None:
    """Secrets of a client; several may be good at once, so that an application changes over without a pause."""


@group.command("list")
@click.argument("client_id")
@json_option
def list_secrets(client_id: str, as_json: bool) -> None:
    """List the secrets that are good: by their last four characters, with when and from where each was used last."""
    found = [
        {
            "id": row.id, "hint": row.hint, "created_at": row.created_at, "last_used_at": row.last_used_at, "last_used_from": row.last_used_from,
            "expires_at": row.expires_at,
        }
        for row in _good(_require(client_id))
    ]  # fmt: skip
    if as_json:
        show_json(found)
        return
    lines = [(one["id"], f"…{one['hint']}", *(_told(value) for value in list(one.values())[2:])) for one in found]
    show_table(["Secret", "Ends in", "Made", "Last used", "From", "Expires"], lines, f"{client_id} has no secret.")


@group.command()
@click.argument("client_id")
@click.option("--expires-on", type=Day, help="Last day on which it is accepted.  [default: until it is revoked]")
@click.option("--reason", required=True, help="Why it is made; kept in the audit trail.")
@json_option
def add(client_id: str, expires_on: datetime | None, reason: str, as_json: bool) -> None:
    """Make one more secret, which is printed this once; the others go on."""
    ends = datetime.combine(expires_on.date() + timedelta(days=1), time(0), ZoneInfo(current_settings().timezone)) if expires_on else None

    def make(connection: Connection) -> str:
        return add_beside(connection, client_id, actor=operator(), reason=reason, expires_at=ends)

    secret = in_transaction(make)
    if as_json:
        show_json({"client_id": client_id, "client_secret": str(secret), "expires_at": ends})
        return
    click.echo(f"client_id: {client_id}\nclient_secret: {secret}")
    click.echo("The secret is not shown again.", err=True)


@group.command()
@click.argument("client_id")
@click.argument("secret")
@click.option("--reason", required=True, help="Why it is ended; kept in the audit trail.")
def revoke(client_id: str, secret: str, reason: str) -> None:
    """End one SECRET at once (its id, or its last four characters, are in `list`)."""
    found = [row.id for row in _good(_require(client_id)) if secret in (str(row.id), row.hint)]
    if len(found) != 1:
        raise click.ClickException(
            f"{client_id} has {'several' if found else 'no'} such secrets; `hopnhat client secret list {client_id}` shows them."
        )
    if not in_transaction(lambda connection: revoke_secret(connection, client_id, found[0], actor=operator(), reason=reason)):
        raise click.ClickException("The secret has ended already.")
    click.echo(f"{client_id}: secret ended.")


def _good(client: RegisteredClient) -> list[Any]:
    now = clock.now()
    return [row for row in reader().execute(_of_client, {"client": client.key}) if row.expires_at is None or row.expires_at > now]


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    return client


def _told(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value or "")
