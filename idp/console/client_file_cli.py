"""`hopnhat client apply` and `export`: clients kept as a file, for whoever keeps the whole installation as files."""

import json
import uuid
from dataclasses import asdict
from typing import Any, BinaryIO

import click
from sqlalchemy import Connection

from clients import registration
from clients.apply import ADD, CHANGE, PROPOSE, Deeds, Step, Wanted, apply, check_secret, exported
from clients.entry import EntryRule
from clients.given_metadata import checked_names, read_list, shown
from clients.metadata import ClientMetadata
from clients.metadata_wire import write_metadata
from clients.registry import find_even_disabled
from clients.rule_changes import add_entry, rules_kept
from clients.sector import check_sector
from idp.command_line import json_option, operator, show_json
from idp.console.client_change_cli import check_reason
from idp.console.rule_file import read_entry, read_roles, written_entry, written_roles
from idp.console.sensitive_changes import change_or_propose
from idp.console.widening import propose_rule, takes_two_at_server
from idp.database import in_transaction, reader

SIGNS = {ADD: "+", CHANGE: "~", PROPOSE: "?"}
DEFAULTS = asdict(ClientMetadata("", ()))


class _OnlyLooking(Exception):
    """Nothing is to be kept; carries what would have been done."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.steps = steps


@click.command("apply")
@click.argument("file", type=click.File("rb"))
@click.option("--yes", is_flag=True, help="Do it; without, what would change is shown and nothing is done.")
@click.option("--alone", is_flag=True, help="Do without a second person what takes two in production; give the --reason.")
@click.option("--reason", help="Why; it stands in the audit trail.")
@json_option
def apply_file(file: BinaryIO, yes: bool, alone: bool, reason: str | None, as_json: bool) -> None:
    """Bring clients to what FILE says: a JSON list of client metadata, each with its client_id and, if it brings one, its
    client_secret. What FILE leaves out of a client is as if it had never been given, but for who may enter it (`entry`) and what people
    are there (`app_roles`), which stay as they are unless it says them; clients that it does not name stay. What of an application in
    production takes two waits until a second person agrees to it at the console (/console/proposals)."""
    check_reason(alone, reason)
    wanted = [_wanted(told) for told in read_list(file.read())]
    for one in wanted:
        check_sector(one.metadata)
    deeds = _deeds(alone, reason)
    steps = _done(wanted, deeds) if yes else _looked_at(wanted, deeds)
    if as_json:
        show_json({"applied": yes, "clients": [_told(step, yes) for step in steps]})
    else:
        _print(steps, yes)


@click.command()
@click.argument("client_ids", nargs=-1)
def export(client_ids: tuple[str, ...]) -> None:
    """Print clients as `apply` reads them, with who may enter them; all, or those that are named. Secrets are not kept and so not printed."""
    found = [metadata for metadata in exported(reader()) if not client_ids or metadata.client_id in client_ids]
    missing = set(client_ids) - {metadata.client_id for metadata in found}
    if missing:
        raise click.ClickException(f"No such client in use: {', '.join(sorted(missing))}")
    click.echo(json.dumps([_plain(metadata) for metadata in found], ensure_ascii=False, indent=2))


def _plain(metadata: ClientMetadata) -> dict[str, Any]:
    """Without what is as it would be anyway."""
    told = write_metadata(metadata)
    plain = {name: value for name, value in told.items() if getattr(metadata, name) != DEFAULTS[name]}
    entry, roles = rules_kept(reader(), str(metadata.client_id))
    plain["entry"] = written_entry(reader(), entry)
    return plain | ({"app_roles": written_roles(reader(), roles)} if roles else {})


def _wanted(told: dict[str, Any]) -> Wanted:
    secret, entry, roles = told.pop("client_secret", None), told.pop("entry", None), told.pop("app_roles", None)
    given = {"redirect_uris": (), "client_name": told.get("client_id"), **checked_names(told)}
    if not isinstance(given["client_name"], str):
        raise click.UsageError("each client has a client_name")
    kept = check_secret(str(secret)) if secret is not None else None
    return Wanted(ClientMetadata(**given), kept, read_entry(reader(), entry), read_roles(reader(), roles))


def _deeds(alone: bool, reason: str | None) -> Deeds:
    def change(connection: Connection, client_id: str, *, actor: str, **changes: Any) -> uuid.UUID | None:
        if alone:
            registration.change(connection, client_id, actor=actor, reason=reason, **changes)
            return None
        return change_or_propose(connection, client_id, actor=actor, reason=reason, **changes).proposal_id

    def add(connection: Connection, client_id: str, rule: EntryRule, actor: str) -> uuid.UUID | None:
        client = find_even_disabled(client_id)
        if alone or client is None or not takes_two_at_server(connection, client, rule, actor=actor):
            return add_entry(connection, client_id, rule, actor)
        return propose_rule(connection, client, rule, actor=actor, reason=reason or "apply")

    return Deeds(change, add)


def _done(wanted: list[Wanted], deeds: Deeds) -> list[Step]:
    return in_transaction(lambda connection: apply(connection, wanted, actor=operator(), deeds=deeds))


def _looked_at(wanted: list[Wanted], deeds: Deeds) -> list[Step]:
    def look(connection: Connection) -> list[Step]:
        raise _OnlyLooking(apply(connection, wanted, actor=operator(), deeds=deeds))

    try:
        return in_transaction(look)
    except _OnlyLooking as looked:
        return looked.steps


def _told(step: Step, done: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"client_id": step.client_id, "client_name": step.client_name, "deed": step.deed}
    told["changes"] = {name: {"before": before, "after": after} for name, (before, after) in step.differing.items()}
    for name, (added, removed) in _rules(step).items():
        told[name] = {"added": added, "removed": removed}
    if step.deed == PROPOSE:
        told["proposals"] = _proposals(step) if done else []
    return told | ({"client_secret": step.secret} if step.secret and done else {})


def _proposals(step: Step) -> list[str]:
    return [str(one) for one in (step.proposal_id, *(proposal_id for _rule, proposal_id in step.entry.proposals)) if one is not None]


def _rules(step: Step) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """The rules that come and go, as a file has them."""
    found: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    if step.entry:
        found["entry"] = written_entry(reader(), step.entry.added), written_entry(reader(), step.entry.removed)
    if step.roles:
        found["app_roles"] = written_roles(reader(), step.roles.added), written_roles(reader(), step.roles.removed)
    return found


def _print(steps: list[Step], done: bool) -> None:
    for step in steps:
        click.echo(f"{SIGNS.get(step.deed, '=')} {step.client_id}: {step.client_name}")
        for name, (before, after) in step.differing.items():
            click.echo(f"    {name}: {shown(before) or '-'} -> {shown(after) or '-'}")
        for name, (added, removed) in _rules(step).items():
            for sign, rules in (("+", added), ("-", removed)):
                for rule in rules:
                    click.echo(f"    {name} {sign} {json.dumps(rule, ensure_ascii=False)}")
        if step.secret and done:
            click.echo(f"    client_secret: {step.secret}")
        if step.deed == PROPOSE:
            where = ", ".join(f"/console/proposals/{one}" for one in _proposals(step)) if done else "/console/proposals"
            click.echo(f"    takes two: a second person agrees at {where}")
    if not done and any(step.deed in SIGNS for step in steps):
        click.echo("Nothing has been done yet: add --yes.", err=True)
