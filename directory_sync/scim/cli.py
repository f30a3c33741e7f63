"""`hopnhat scim`: sources that push their people by SCIM."""

from typing import Any

import click
from sqlalchemy import Connection, select

from directory_sync.scim import sources
from directory_sync.scim.callers import resource_identifier
from directory_sync.scim.sources import Wanted
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.people.models import Unit

_u = table_of(Unit)


@click.group("scim")
def group() -> None:
    """People pushed by SCIM 2.0."""


@group.group("source")
def source_group() -> None:
    """Sources: who pushes."""


@source_group.command()
@click.argument("name")
@click.option("--title", required=True, help="Name that people see.")
@click.option("--unit", "unit_code", help="Code of the unit that its people belong to, with all below it; else the whole province.")
@click.option("--read-only", "reads_only", is_flag=True, help="It may read its people and not write.")
@click.option("--signed", is_flag=True, help="Each write must be signed: tokens bound by DPoP, the body's digest in the proof.")
@click.option("--suspensions-per-hour", "withdrawals", type=click.IntRange(0), help="More are held; else the limits of every sync.")
@json_option
def add(name: str, title: str, unit_code: str | None, as_json: bool, **given: Any) -> None:
    """Add the source NAME with a client of its own; its secret is shown this once."""

    def carry_out(connection: Connection) -> Any:
        unit_id = _require_unit(connection, unit_code) if unit_code else None
        return sources.add(connection, Wanted(name, title, unit_id, **given), actor=operator())

    client = in_transaction(carry_out)
    secret = str(client.client_secret) if client.client_secret else None
    told = {"source": name, "url": resource_identifier(), "client_id": client.client_id, "client_secret": secret}
    if as_json:
        show_json(told)
    else:
        for label, value in told.items():
            click.echo(f"{label}: {value}")


@source_group.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the sources."""
    found = [
        {
            "source": row.source.removeprefix(sources.PREFIX), "title": row.name, "client_id": row.client_name, "unit": row.unit_code,
            "people": row.people, "active": row.active, "signed": row.signed, "suspensions_per_hour": row.withdrawals,
            "raised_to": row.raised_to, "raised_until": row.raised_until,
        }
        for row in sources.all_sources(reader())
    ]  # fmt: skip
    if as_json:
        show_json(found)
    else:
        columns = ["source", "title", "client_id", "unit", "people", "active"]
        show_table(columns, [[str(row[name] if row[name] is not None else "") for name in columns] for row in found], "No sources yet.")


@source_group.command()
@click.argument("name")
@click.option("--suspensions", "withdrawals", required=True, type=int, help="How many people it may suspend within an hour.")
@click.option("--hours", default=1, show_default=True, help="For how long.")
@click.option("--reason", required=True, help="Why, at least 20 characters; kept in the audit trail.")
def allow(name: str, withdrawals: int, hours: int, reason: str) -> None:
    """Let the source NAME suspend more people than usual, for some hours."""
    until = in_transaction(
        lambda connection: sources.allow(connection, name, withdrawals=withdrawals, hours=hours, reason=reason, actor=operator())
    )
    click.echo(f"{name}: up to {withdrawals} suspensions an hour until {until:%Y-%m-%d %H:%M} UTC.")


def _require_unit(connection: Connection, code: str) -> Any:
    found = connection.execute(select(_u.c.id).where(_u.c.code == code, _u.c.valid_to.is_(None))).scalars().all()
    if len(found) != 1:
        raise click.ClickException(f"{len(found)} open units have the code {code}.")
    return found[0]
