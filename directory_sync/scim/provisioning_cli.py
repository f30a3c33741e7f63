"""`hopnhat client provisioning`: applications that want their accounts in advance."""

from typing import Any

import click

from directory_sync.scim import provisioning
from idp.command_line import json_option, operator, show_json, told
from idp.database import in_transaction, reader


@click.group("provisioning")
def group() -> None:
    """Accounts in advance, by SCIM 2.0."""


@group.command("set")
@click.argument("client_id")
@click.option("--url", required=True, help="Where its SCIM service is, up to /Users.")
@click.option("--token-file", type=click.File("r"), help="File with the bearer token that it gave us; - for standard input.")
@click.option(
    "--unit", "units", multiple=True, help="Code of a unit whose people get accounts, with all below it; may be repeated; else everybody."
)
def set_up(client_id: str, url: str, token_file: Any, units: tuple[str, ...]) -> None:
    """Have accounts made at the application CLIENT_ID, or change where and for whom. Without a token the known one stays."""
    token = token_file.read().strip() if token_file else None
    in_transaction(lambda connection: provisioning.set_up(connection, client_id, url=url, token=token, units=units, actor=operator()))
    click.echo(f"{client_id}: accounts are made at {url}; the worker begins within seconds.")


@group.command()
@click.argument("client_id")
def stop(client_id: str) -> None:
    """Send nothing more to the application CLIENT_ID; its accounts stay there as they are."""
    done = in_transaction(lambda connection: provisioning.stop(connection, client_id, actor=operator()))
    click.echo(f"{client_id}: {'stopped' if done else 'nothing is sent there'}.")


@group.command()
@click.argument("client_id")
def fill(client_id: str) -> None:
    """Compare every account once more, also those that were given up."""
    in_transaction(lambda connection: provisioning.fill_again(connection, client_id))
    click.echo(f"{client_id}: every account is compared again.")


@group.command()
@click.argument("client_id")
@json_option
def show(client_id: str, as_json: bool) -> None:
    """How it stands: accounts confirmed, waiting, given up, and what went wrong."""
    key = provisioning.require_client(reader(), client_id)
    state = provisioning.state_of(reader(), key)
    if state is None:
        raise click.ClickException("no accounts are made at this application")
    found = {**state, "troubles": [dict(row._mapping) for row in provisioning.troubles(reader(), key)]}
    if as_json:
        show_json(found)
    else:
        for name, value in found.items():
            click.echo(f"{name}: {told(value) or '–'}")
