"""`hopnhat client entry …`: who may enter an application."""

import uuid
from datetime import date, datetime
from typing import Any

import click
from sqlalchemy import Connection

from clients.entry_models import EntryKind
from clients.entry_rules import SUBJECTS, add_rule, kept_rules, remove_rule
from clients.registry import find_even_disabled
from idp.command_line import json_option, operator, show_json, show_table
from idp.console.client_change_cli import check_reason
from idp.console.entry_names import named_rule, subjects_of
from idp.console.widening import propose_rule, takes_two_at_server
from idp.database import in_transaction, reader

Day = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@click.group("entry")
def group() -> None:
    """Who may enter an application; without any rule, nobody may."""


@group.command()
@click.argument("client_id")
@click.argument("kind", type=click.Choice([kind.value for kind in EntryKind]))
@click.argument("subject", default="")
@click.option("--from", "valid_from", type=Day, help="First day.  [default: at once]")
@click.option("--to", "valid_to", type=Day, help="Last day.  [default: until it is removed]")
@click.option("--alone", is_flag=True, help="Do without a second person what takes two in production; give the --reason.")
@click.option("--reason", help="Why; it stands in the audit trail.")
@json_option
def add(
    client_id: str,
    kind: str,
    subject: str,
    valid_from: datetime | None,
    valid_to: datetime | None,
    alone: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Let in everybody, or those that SUBJECT names: code of a unit (with all below it), can_bo|cong_chuc|vien_chuc|hop_dong, a role,
    or a person (username, official mail address, staff code). What lets everybody into an application in production waits until a second
    person agrees to it at the console."""
    check_reason(alone, reason)

    def write(connection: Connection) -> tuple[uuid.UUID | None, uuid.UUID | None]:
        rule, client = named_rule(connection, EntryKind(kind), subject, valid_from=_day(valid_from), valid_to=_day(valid_to)), None
        if not alone:
            client = find_even_disabled(client_id)
        if client is not None and takes_two_at_server(connection, client, rule, actor=operator()):
            return None, propose_rule(connection, client, rule, actor=operator(), reason=reason or "")
        return add_rule(connection, client_id, rule, actor=operator(), reason=reason), None

    rule_id, proposal_id = in_transaction(write)
    if proposal_id is not None:
        told = f"{client_id}: not added yet. A second person agrees at /console/proposals/{proposal_id}"
        show_json({"client_id": client_id, "rule": None, "added": False, "proposal": proposal_id}) if as_json else click.echo(told)
        return
    if as_json:
        show_json({"client_id": client_id, "rule": rule_id, "added": rule_id is not None})
        return
    click.echo(f"{client_id}: rule {rule_id} added." if rule_id else f"{client_id}: the same rule was there already.")


@group.command()
@click.argument("client_id")
@click.argument("rule", type=click.UUID)
def remove(client_id: str, rule: uuid.UUID) -> None:
    """Take a rule back (its id is in `list`)."""
    if not in_transaction(lambda connection: remove_rule(connection, client_id, rule, actor=operator())):
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
    rows = kept_rules(reader(), client.key)
    names = subjects_of(reader(), rows)
    if as_json:
        show_json([_described(row, names) for row in rows])
        return
    lines = [(one["id"], one["kind"], one["name"] or "", one["valid_from"] or "", one["valid_to"] or "", one["added_by"])
             for one in (_described(row, names) for row in rows)]  # fmt: skip
    show_table(["Rule", "Kind", "Who", "From", "To", "Added by"], lines, "Nobody may enter.")


def _described(row: Any, names: dict[uuid.UUID, str]) -> dict[str, Any]:
    column = SUBJECTS.get(EntryKind(row.kind))
    subject = getattr(row, column) if column else None
    name = names.get(subject, "") if isinstance(subject, uuid.UUID) else subject
    return {
        "id": row.id, "kind": row.kind, "subject": subject, "name": name, "valid_from": row.valid_from, "valid_to": row.valid_to,
        "added_by": row.added_by, "added_at": row.added_at,
    }  # fmt: skip


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None
