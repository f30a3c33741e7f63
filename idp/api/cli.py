"""`hopnhat api grant|revoke|list`: roles of machine clients at the API."""

import uuid
from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from clients.models import Client
from idp.api import access
from idp.api.scopes import SCOPE_NAMES, Scope
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.people.models import Unit
from idp.people.unit_names import unit_named
from idp.roles.api_grants import API_ROLES, find_grants
from idp.roles.models import Role

_c, _u = table_of(Client), table_of(Unit)
ROLE = click.Choice([role.value for role in API_ROLES])


@click.group("api")
def group() -> None:
    """Machine clients at /api/v1: which roles they hold, for which part of the unit tree."""


@group.command("grant")
@click.argument("client_id")
@click.argument("role", type=ROLE)
@click.option("--unit", help="Code, name or id of the unit that the role is for; without, the whole province.")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPE_NAMES), help="What its tokens may be for; without, all that the role needs."
)
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
def grant_role(client_id: str, role: str, unit: str | None, scopes: Sequence[str], reason: str) -> None:
    """Give the client of CLIENT_ID the ROLE. It needs the grant client_credentials and a secret or key."""
    wanted = [Scope(name) for name in scopes]

    def give(connection: Any) -> bool:
        unit_id = unit_named(connection, unit) if unit else None
        return access.grant(
            connection, client_id, Role(role), unit_id=unit_id, scopes=wanted, asked_by=operator(), approved_by=operator(), reason=reason
        )

    click.echo(f"{client_id}: {role}" + ("" if in_transaction(give) else " was held already"))


@group.command("revoke")
@click.argument("client_id")
@click.argument("role", type=ROLE)
@click.option("--unit", help="Code, name or id of the unit that the role was for; without, the one for the whole province.")
@click.option("--reason", help="Why; kept in the audit trail.")
def revoke_role(client_id: str, role: str, unit: str | None, reason: str | None) -> None:
    """Take the ROLE from the client of CLIENT_ID, at once."""

    def take(connection: Any) -> bool:
        unit_id = unit_named(connection, unit) if unit else None
        return access.revoke(connection, client_id, Role(role), unit_id=unit_id, actor=operator(), reason=reason)

    if not in_transaction(take):
        raise click.ClickException(f"{client_id} does not hold {role} there.")
    click.echo(f"{client_id}: {role} revoked.")


@group.command("list")
@json_option
def list_roles(as_json: bool) -> None:
    """List the roles in force."""
    held = find_grants(reader())
    clients = {row.id: row for row in reader().execute(select(_c.c.id, _c.c.client_id, _c.c.client_name))}
    units: dict[uuid.UUID, str] = {row.id: row.name for row in reader().execute(select(_u.c.id, _u.c.name))}
    found = [
        {
            "client_id": clients[row.client_id].client_id, "client_name": clients[row.client_id].client_name, "role": row.role,
            "unit_id": row.unit_id, "unit": units.get(row.unit_id) if row.unit_id else None, "asked_by": row.asked_by,
            "approved_by": row.approved_by, "since": row.approved_at, "reason": row.reason,
        }
        for row in held
    ]  # fmt: skip
    if as_json:
        show_json(found)
        return
    lines = [(one["client_id"], one["client_name"], one["role"], one["unit"] or "whole province", one["since"]) for one in found]
    show_table(["Client", "Name", "Role", "For", "Since"], lines, "No client holds a role.")
