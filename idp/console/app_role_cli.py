"""`hopnhat client app-role …`: what people are in an application (claim `roles`)."""

import uuid
from datetime import datetime

import click
from sqlalchemy import Connection

from clients.entry import RoleRule
from clients.registry import find_even_disabled
from clients.role_rules import give_role, kept_roles, take_role
from idp.command_line import json_option, operator, show_json, show_table
from idp.console.entry_names import subjects_of
from idp.database import in_transaction, reader
from idp.people.models import StaffCategory
from idp.people.roster import require_person_named
from idp.people.unit_names import unit_named

Day = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@click.group("app-role")
def group() -> None:
    """What people are in an application; it learns of it in the claim `roles` (scope staff)."""


@group.command()
@click.argument("client_id")
@click.argument("role")
@click.option("--unit", help="Whoever works in this unit or below it (code or name).")
@click.option("--category", type=click.Choice([category.value for category in StaffCategory]))
@click.option("--title", help="Whoever has this title.")
@click.option("--person", help="One person (username, official mail address, staff code).")
@click.option("--from", "valid_from", type=Day, help="First day.  [default: at once]")
@click.option("--to", "valid_to", type=Day, help="Last day.  [default: until it is removed]")
def add(
    client_id: str,
    role: str,
    unit: str | None,
    category: str | None,
    title: str | None,
    person: str | None,
    valid_from: datetime | None,
    valid_to: datetime | None,
) -> None:
    """Give a ROLE to whom all options apply; without any, to everybody who may enter."""

    def write(connection: Connection) -> uuid.UUID | None:
        rule = RoleRule(
            role,
            unit_id=unit_named(connection, unit) if unit else None,
            staff_category=category,
            title=title,
            person_id=require_person_named(connection, person).id if person else None,
            valid_from=valid_from.date() if valid_from else None,
            valid_to=valid_to.date() if valid_to else None,
        )
        return give_role(connection, client_id, rule, actor=operator())

    rule_id = in_transaction(write)
    click.echo(f"{client_id}: rule {rule_id} added." if rule_id else f"{client_id}: the same rule was there already.")


@group.command()
@click.argument("client_id")
@click.argument("rule", type=click.UUID)
def remove(client_id: str, rule: uuid.UUID) -> None:
    """Take a rule back (its id is in `list`)."""
    if not in_transaction(lambda connection: take_role(connection, client_id, rule, actor=operator())):
        raise click.ClickException(f"{client_id} has no such rule.")
    click.echo(f"{client_id}: rule removed.")


@group.command("list")
@click.argument("client_id")
@json_option
def list_rules(client_id: str, as_json: bool) -> None:
    """List the rules of an application."""
    client = find_even_disabled(client_id)
    if client is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    rows = kept_roles(reader(), client.key)
    names = subjects_of(reader(), rows)
    found = [
        {
            "id": row.id, "role": row.name, "unit": names.get(row.unit_id), "category": row.staff_category, "title": row.title,
            "person": names.get(row.person_id), "valid_from": row.valid_from, "valid_to": row.valid_to,
        }
        for row in rows
    ]  # fmt: skip
    if as_json:
        show_json(found)
        return
    headings = ["Rule", "Role", "Unit", "Category", "Title", "Person", "From", "To"]
    show_table(headings, [tuple(value or "" for value in one.values()) for one in found], "No roles are given.")
