"""`hopnhat source`: the sources of people, and which of them owns what."""

import click

from directory_sync.attribute_owners import decisions, give, list_sources
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.people.precedence import ATTRIBUTES, EMPLOYMENT, in_order


@click.group("source")
def group() -> None:
    """Where people come from: the directory, files, systems that push; and whose word counts."""


@group.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Every source in the order in which their words count."""
    rows = [vars(one) for one in list_sources(reader())]
    if as_json:
        show_json(rows)
    else:
        show_table([name.replace("_", " ") for name in rows[0]], [[*row.values()] for row in rows], "No source yet.")


@group.command("show")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """One source: its last success, its people, and what it owns."""
    found = next((one for one in list_sources(reader()) if one.name == name), None)
    if found is None:
        raise Refusal(f"There is no source {name}; see `hopnhat source list`.", "no_such_source")
    decided = {
        attribute: {"reason": row.reason, "set_by": row.set_by, "set_at": row.set_at}
        for attribute, row in decisions(reader()).items()
        if row.source == name
    }
    if as_json:
        show_json({**vars(found), "decisions": decided})
        return
    show_table(["", ""], [[label.replace("_", " "), value] for label, value in vars(found).items()], "")
    show_table(["Owns", "Why"], [[attribute, row] for attribute, row in decided.items()], "It owns nothing by decision.")


@group.command("own")
@click.argument("attribute", type=click.Choice(ATTRIBUTES))
@click.argument("source")
@click.option("--reason", required=True, help="Why, in at least twenty characters; kept in the trail.")
@json_option
def own(attribute: str, source: str, reason: str, as_json: bool) -> None:
    """Let SOURCE own ATTRIBUTE: where it says something, no other source overwrites it. SOURCE `-`: the usual order again. Of
    `employment`: only this source says whether those whom it has are in service."""
    chosen = None if source == "-" else source
    in_transaction(lambda connection: give(connection, attribute, chosen, reason=reason, actor=operator()))
    order = in_order([one.name for one in list_sources(reader())], chosen)
    if as_json:
        show_json({"attribute": attribute, "order": order})
    elif attribute == EMPLOYMENT:
        click.echo(f"Whether somebody is in service is said by {chosen or 'every source that has them'}.")
    else:
        click.echo(f"{attribute}: {', then '.join(order)}. It takes effect for each person with the next run of one of their sources.")
