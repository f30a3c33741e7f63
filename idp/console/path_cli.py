"""`hopnhat client path …`: rules by path of a site that a proxy guards."""

import click
from sqlalchemy import Connection

from clients.path_rule_deeds import add_path_rule, remove_path_rule
from clients.path_rules import first_fitting, write_rule
from clients.registry import RegisteredClient, find_even_disabled
from clients.request_paths import UnclearPath, clear_path
from idp.command_line import json_option, operator, show_json, show_table
from idp.console.path_names import check_names
from idp.database import in_transaction


@click.group("path")
def group() -> None:
    """Rules by path of a site that a proxy guards; the first that fits decides, without one the client's entry rules."""


@group.command()
@click.argument("client_id")
@click.argument("rule", nargs=-1, required=True)
@click.option("--place", type=click.IntRange(1), help="1 is the first.  [default: the last]")
def add(client_id: str, rule: tuple[str, ...], place: int | None) -> None:
    """One more RULE: METHODS PATTERN WHO [acr=aal2] [max_age=SECONDS], as '* /duyet/** role:hr_officer acr=aal2'. WHO is public,
    signed-in, nobody, or unit:CODE, category:…, role:…, app-role:…, person:USERNAME, several joined by |."""

    def write(connection: Connection) -> tuple[str, ...]:
        check_names(connection, " ".join(rule))
        return add_path_rule(connection, client_id, " ".join(rule), actor=operator(), place=place)

    kept = in_transaction(write)
    click.echo(f"{client_id}: {len(kept)} rules.")


@group.command()
@click.argument("client_id")
@click.argument("rule", nargs=-1, required=True)
def remove(client_id: str, rule: tuple[str, ...]) -> None:
    """Take a RULE away, written as `list` shows it."""
    kept = in_transaction(lambda connection: remove_path_rule(connection, client_id, " ".join(rule), actor=operator()))
    click.echo(f"{client_id}: {len(kept)} rules.")


@group.command("list")
@click.argument("client_id")
@json_option
def list_rules(client_id: str, as_json: bool) -> None:
    """List the rules in the order in which they are looked at."""
    written = _require(client_id).metadata.path_rules
    if as_json:
        show_json([{"place": place, "rule": line} for place, line in enumerate(written, 1)])
        return
    show_table(["Place", "Rule"], list(enumerate(written, 1)), "No rule: whoever may enter reaches all of it.")


@group.command("try")
@click.argument("client_id")
@click.argument("path")
@click.option("--method", default="GET", show_default=True)
@json_option
def try_path(client_id: str, path: str, method: str, as_json: bool) -> None:
    """Say which rule decides about a request."""
    written = _require(client_id).metadata.path_rules
    try:
        found = first_fitting(written, method.upper(), clear_path(path))
    except UnclearPath as unclear:
        raise click.ClickException(f"refused: {unclear}") from None
    rule = write_rule(found) if found else None
    if as_json:
        show_json({"path": path, "method": method.upper(), "rule": rule})
        return
    click.echo(rule or "No rule is about it: whoever may enter the application gets through.")


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    return client
