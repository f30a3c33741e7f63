"""`hopnhat reorganisation`: propose, load, list, show, approve and withdraw schemes by which units change."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from directory_sync import run
from directory_sync.reasons import explain
from directory_sync.reorganisation_file import SchemeRow, read_scheme
from directory_sync.reorganisation_models import Origin
from directory_sync.reorganisation_preview import RowPreview, preview_rows
from directory_sync.reorganisation_proposal import propose_rows
from directory_sync.reorganisations import approve, list_reorganisations, propose, require_reorganisation, rows_of, withdraw
from directory_sync.source.reading import ReadIncomplete
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.web.table_file import FileMistaken

SHOWN_LINES = 60


@click.group()
def reorganisation() -> None:
    """Schemes by which units merge, split, change their name, end and begin. Undoing one is another one."""


def _described(command: Any) -> Any:
    for option in (
        click.option("--name", required=True, help="What people call it."),
        click.option("--decision", required=True, help="Number of the decision."),
        click.option("--effective", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day on which it is in force."),
    ):
        command = option(command)
    return command


@reorganisation.command("propose")
@_described
@json_option
def propose_command(name: str, decision: str, effective: datetime.datetime, as_json: bool) -> None:
    """Propose a scheme from the difference that a sync would find now. Somebody else approves it."""
    try:
        changes, _objections = run.preview()
    except ReadIncomplete as incomplete:
        raise Refusal(explain(str(incomplete)), reason=incomplete.reason) from None
    _keep(propose_rows(reader(), changes), name, decision, effective, Origin.DIFFERENCE, as_json)


@reorganisation.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_described
@json_option
def load(file: Path, name: str, decision: str, effective: datetime.datetime, as_json: bool) -> None:
    """Propose the scheme of FILE, CSV or XLSX with the columns kind, old_code, old_name, new_code, new_name, roles, effective_on."""
    try:
        rows = read_scheme(file.read_bytes())
    except FileMistaken as mistake:
        raise Refusal(f"The file cannot be read as a scheme: {mistake}.", reason=str(mistake)) from None
    _keep(rows, name, decision, effective, Origin.FILE, as_json)


def _keep(rows: Sequence[SchemeRow], name: str, decision: str, effective: datetime.datetime, origin: Origin, as_json: bool) -> None:
    number = in_transaction(
        lambda connection: propose(
            connection, rows, name=name, decision=decision, effective_on=effective.date(), origin=origin, actor=operator()
        )
    )
    _show(number, as_json)


@reorganisation.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the schemes, newest first."""
    names = ("number", "name", "decision", "effective_on", "state", "rows", "done", "flawed", "proposed_by", "approved_by")
    found = [{name: row._mapping[name] for name in names} for row in list_reorganisations(reader())]
    if as_json:
        show_json(found)
    else:
        show_table([name.replace("_", " ") for name in names], [list(row.values()) for row in found], "No scheme yet.")


@reorganisation.command()
@click.argument("number", type=int)
@json_option
def show(number: int, as_json: bool) -> None:
    """Show scheme NUMBER: each row with the people, roles and other records that hang on its old unit, and what is wrong with a row."""
    _show(number, as_json)


def _show(number: int, as_json: bool) -> None:
    scheme = require_reorganisation(reader(), number)
    rows = [_plain(one) for one in preview_rows(reader(), rows_of(reader(), scheme.id))]
    told = {name: value for name, value in scheme._mapping.items() if name != "id"}
    if as_json:
        show_json({**told, "rows": rows})
        return
    click.echo(f"Scheme {number}: {scheme.name} ({scheme.decision}), in force from {scheme.effective_on}, {scheme.state}.")
    kinds = Counter(row["kind"] for row in rows if not row["flaw"])
    click.echo(", ".join(f"{kind}: {count}" for kind, count in kinds.items()) or "No row says anything.")
    headings = ("line", "kind", "old_name", "new_name", "people", "went", "roles", "flaw")
    show_table(headings, [[row[name] for name in headings] for row in rows[:SHOWN_LINES]], "No rows.")
    if len(rows) > SHOWN_LINES:
        click.echo(f"… and {len(rows) - SHOWN_LINES} more; --json shows all.")


def _plain(one: RowPreview) -> Mapping[str, Any]:
    row = one.row
    names = ("line", "kind", "old_code", "old_name", "new_code", "new_name", "effective_on", "run_number", "flaw")
    roles = [
        {"person": name, "role": role, "unit": unit, "becomes": "follows" if follows else "ends"} for name, role, unit, follows in one.roles
    ]
    return {name: row._mapping[name] for name in names} | {
        "people": one.people, "went": one.went, "roles": roles, "widens": one.widens, "others": dict(one.others),
    }  # fmt: skip


@reorganisation.command("approve")
@click.argument("number", type=int)
def approve_command(number: int) -> None:
    """Approve scheme NUMBER, which somebody else proposed: the sync that brings it explains itself by it."""
    in_transaction(lambda connection: approve(connection, number, actor=operator()))
    click.echo(f"Scheme {number} is approved; the next sync run that finds it in the directory carries it out.")


@reorganisation.command("withdraw")
@click.argument("number", type=int)
def withdraw_command(number: int) -> None:
    """Withdraw scheme NUMBER: it explains nothing any more. What it has done stays; to undo that, propose another one."""
    in_transaction(lambda connection: withdraw(connection, number, actor=operator()))
    click.echo(f"Scheme {number} is withdrawn.")
