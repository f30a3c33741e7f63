"""`hopnhat resource …`: the APIs that access tokens may be for."""

from dataclasses import asdict, replace
from typing import Any

import click

from clients import resources
from clients.resources import FORMATS, Resource
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader


@click.group("resource")
def group() -> None:
    """Protected resources: APIs that access tokens may be for (RFC 8707)."""


@group.command()
@click.argument("identifier")
@click.option("--name", required=True, help="Name that people see.")
@click.option("--scope", "scopes", multiple=True, help="A scope that it defines; may be repeated.")
@click.option(
    "--format", "access_token_format", type=click.Choice(FORMATS[1:]), help="How its tokens are written; else as the client has it."
)
@click.option("--client", "client_id", help="client_id of the program that serves it and may introspect its tokens.")
@json_option
def add(identifier: str, name: str, scopes: tuple[str, ...], access_token_format: str | None, client_id: str | None, as_json: bool) -> None:
    """Register the resource with this IDENTIFIER, an absolute URI."""
    wanted = Resource(identifier, name, _split(scopes), access_token_format or "", client_id)
    in_transaction(lambda connection: resources.add(connection, wanted, actor=operator()))
    show_json(asdict(wanted)) if as_json else click.echo(f"{identifier}: registered.")


@group.command()
@click.argument("identifier")
@click.option("--name", help="Name that people see.")
@click.option("--scope", "scopes", multiple=True, help="Replaces all of them; '' for none.")
@click.option("--format", "access_token_format", type=click.Choice(FORMATS), help="'' leaves it to the client.")
@click.option("--client", "client_id", help="'' for none.")
@json_option
def change(identifier: str, scopes: tuple[str, ...], as_json: bool, **given: str | None) -> None:
    """Change what is given, leave the rest."""
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if "client_id" in changes:
        changes["client_id"] = changes["client_id"] or None
    if scopes:
        changes["scopes"] = _split(scopes)
    if not changes:
        raise click.UsageError("nothing to change was given")
    wanted = replace(_require(identifier), **changes)
    in_transaction(lambda connection: resources.change(connection, wanted, actor=operator()))
    show_json(asdict(wanted)) if as_json else click.echo(f"{identifier}: changed.")


@group.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the resources."""
    found = resources.all_resources(reader())
    if as_json:
        show_json([asdict(resource) for resource in found])
        return
    rows = [(one.identifier, one.name, " ".join(one.scopes), one.access_token_format, one.client_id) for one in found]
    show_table(["Identifier", "Name", "Scopes", "Tokens", "Served by"], rows, "No resource is registered.")


@group.command()
@click.argument("identifier")
@json_option
def show(identifier: str, as_json: bool) -> None:
    """Show one resource."""
    told = asdict(_require(identifier))
    show_json(told) if as_json else show_table(["What", "Value"], list(told.items()), "")


def _require(identifier: str) -> Resource:
    found = resources.find_resource(identifier)
    if found is None:
        raise click.ClickException("There is no such resource.")
    return found


def _split(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for given in scopes for name in given.split())
