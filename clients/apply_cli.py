"""`hopnhat client apply` and `export`: clients kept as a file, for whoever keeps the whole installation as files."""

import json
from dataclasses import asdict
from typing import Any, BinaryIO

import click

from clients.apply import ADD, CHANGE, Step, Wanted, apply, check_secret, exported
from clients.given_metadata import checked_names, read_list, shown
from clients.metadata import ClientMetadata
from clients.metadata_wire import write_metadata
from clients.sector import check_sector
from idp.command_line import json_option, operator, show_json
from idp.database import in_transaction, reader

SIGNS = {ADD: "+", CHANGE: "~"}
DEFAULTS = asdict(ClientMetadata("", ()))


class _OnlyLooking(Exception):
    """Nothing is to be kept; carries what would have been done."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.steps = steps


@click.command("apply")
@click.argument("file", type=click.File("rb"))
@click.option("--yes", is_flag=True, help="Do it; without, what would change is shown and nothing is done.")
@json_option
def apply_file(file: BinaryIO, yes: bool, as_json: bool) -> None:
    """Bring clients to what FILE says: a JSON list of client metadata, each with its client_id and, if it brings one, its
    client_secret. What FILE leaves out of a client is as if it had never been given; clients that it does not name stay."""
    wanted = [_wanted(told) for told in read_list(file.read())]
    for one in wanted:
        check_sector(one.metadata)
    steps = _done(wanted) if yes else _looked_at(wanted)
    if as_json:
        show_json({"applied": yes, "clients": [_told(step, yes) for step in steps]})
    else:
        _print(steps, yes)


@click.command()
@click.argument("client_ids", nargs=-1)
def export(client_ids: tuple[str, ...]) -> None:
    """Print clients as `apply` reads them, all or those that are named; secrets are not kept and so not printed."""
    found = [metadata for metadata in exported(reader()) if not client_ids or metadata.client_id in client_ids]
    missing = set(client_ids) - {metadata.client_id for metadata in found}
    if missing:
        raise click.ClickException(f"No such client in use: {', '.join(sorted(missing))}")
    click.echo(json.dumps([_plain(metadata) for metadata in found], ensure_ascii=False, indent=2))


def _plain(metadata: ClientMetadata) -> dict[str, Any]:
    """Without what is as it would be anyway."""
    told = write_metadata(metadata)
    return {name: value for name, value in told.items() if getattr(metadata, name) != DEFAULTS[name]}


def _wanted(told: dict[str, Any]) -> Wanted:
    secret = told.pop("client_secret", None)
    given = {"redirect_uris": (), "client_name": told.get("client_id"), **checked_names(told)}
    if not isinstance(given["client_name"], str):
        raise click.UsageError("each client has a client_name")
    return Wanted(ClientMetadata(**given), check_secret(str(secret)) if secret is not None else None)


def _done(wanted: list[Wanted]) -> list[Step]:
    return in_transaction(lambda connection: apply(connection, wanted, actor=operator()))


def _looked_at(wanted: list[Wanted]) -> list[Step]:
    def look(connection: Any) -> list[Step]:
        raise _OnlyLooking(apply(connection, wanted, actor=operator()))

    try:
        return in_transaction(look)
    except _OnlyLooking as looked:
        return looked.steps


def _told(step: Step, done: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"client_id": step.client_id, "client_name": step.client_name, "deed": step.deed}
    told["changes"] = {name: {"before": before, "after": after} for name, (before, after) in step.differing.items()}
    return told | ({"client_secret": step.secret} if step.secret and done else {})


def _print(steps: list[Step], done: bool) -> None:
    for step in steps:
        click.echo(f"{SIGNS.get(step.deed, '=')} {step.client_id}: {step.client_name}")
        for name, (before, after) in step.differing.items():
            click.echo(f"    {name}: {shown(before) or '-'} -> {shown(after) or '-'}")
        if step.secret and done:
            click.echo(f"    client_secret: {step.secret}")
    if not done and any(step.deed in SIGNS for step in steps):
        click.echo("Nothing has been done yet: add --yes.", err=True)
