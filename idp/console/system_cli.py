"""`hopnhat system …`: the catalogue of systems."""

from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from clients import catalogue
from clients.catalogue import LEVELS, System
from clients.catalogue_models import OwnPasswords, Protocol
from idp.command_line import json_option, operator, show_json, show_table
from idp.console.system_file import read_systems, table_rows, take_in
from idp.console.system_words import HEADINGS
from idp.database import in_transaction, reader, table_of
from idp.people.models import Unit
from idp.web.spreadsheet import csv_lines, workbook
from idp.web.table_file import FileMistaken

_u = table_of(Unit)
COLUMNS = tuple(field.name for field in fields(System))
Day = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


def _facts(command: Any) -> Any:
    """The options that `add` and `change` share."""
    for option in (
        click.option("--notes"),
        click.option("--planned-on", type=Day, help="When it is to be connected."),
        click.option("--accounts", type=click.IntRange(0), help="How many accounts it has of its own."),
        click.option("--own-passwords-left", type=click.Choice([one.value for one in OwnPasswords])),
        click.option("--client", "client_id", help="client_id of the application it is connected as; '' for none."),
        click.option("--in-scope/--out-of-scope", default=None, help="Whether the target speaks of it."),
        click.option("--security-level", type=click.IntRange(1, 5)),
        click.option("--protocol", type=click.Choice([one.value for one in Protocol]), help="How people sign in to it today."),
        click.option("--level", type=click.Choice(LEVELS)),
        click.option("--contact"),
        click.option("--owner", "owner_unit", help="Code of the unit that owns it; '' for none."),
        click.option("--purpose"),
    ):
        command = option(command)
    return command


@click.group("system")
def group() -> None:
    """The catalogue of systems: the tracker's denominator of systems."""


@group.command()
@click.argument("code")
@click.option("--name", required=True)
@_facts
@json_option
def add(code: str, as_json: bool, **given: Any) -> None:
    """Write a system into the catalogue under this CODE."""
    wanted = System(code=code, **_given(given))
    in_transaction(lambda connection: catalogue.add_system(connection, wanted, actor=operator()))
    _show(code, as_json, f"{code}: added.")


@group.command()
@click.argument("code")
@click.option("--name")
@_facts
@json_option
def change(code: str, as_json: bool, **given: Any) -> None:
    """Change what is given, leave the rest."""
    changes = _given(given)
    if not changes:
        raise click.UsageError("nothing to change was given")
    in_transaction(lambda connection: catalogue.change_system(connection, code, actor=operator(), **changes))
    _show(code, as_json, f"{code}: changed.")


@group.command("list")
@click.option("--standing", type=click.Choice([one.value for one in catalogue.Standing]))
@json_option
def list_all(standing: str | None, as_json: bool) -> None:
    """List the systems, and how many of those in scope are integrated."""
    connection = reader()
    rows = catalogue.list_systems(connection, catalogue.Standing(standing) if standing else None)
    share = catalogue.coverage(connection)
    if as_json:
        show_json({"integrated": share.integrated, "in_scope": share.in_scope, "systems": [_described(row) for row in rows]})
        return
    told = [(row.code, row.name, row.level, row.protocol, row.standing, row.client_id, row.own_passwords_left) for row in rows]
    show_table(["Code", "Name", "Level", "Signs in by", "Standing", "Client", "Own passwords"], told, "The catalogue is empty.")
    click.echo(f"Integrated: {share.integrated} of {share.in_scope} in scope.")


@group.command()
@click.argument("code")
@json_option
def show(code: str, as_json: bool) -> None:
    """Show one system."""
    _show(code, as_json, None)


def _deed(name: str, deed: Any, words: str) -> None:
    @group.command(name, help=words)
    @click.argument("code")
    @click.option("--reason", required=True)
    @json_option
    def command(code: str, reason: str, as_json: bool) -> None:
        in_transaction(lambda connection: deed(connection, code, actor=operator(), reason=reason))
        _show(code, as_json, f"{code}: done.")


_deed("vouch", catalogue.state_integrated, "Vouch that people sign in to it through the provider, without a check that shows it.")
_deed("withdraw", catalogue.withdraw_statement, "Take that word back.")
_deed("retire", catalogue.retire_system, "Write down that it is out of use.")
_deed("reopen", catalogue.reopen_system, "Write down that it is in use again.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Take it in; without, only told what it would do.")
@json_option
def import_file(file: Path, yes: bool, as_json: bool) -> None:
    """Add and change systems as this CSV or XLSX file has them: all lines, or none."""
    try:
        imported = in_transaction(lambda connection: read_systems(connection, file.read_bytes()))
    except FileMistaken as mistaken:
        raise click.ClickException(f"{file.name}: {mistaken.word}") from None
    wrong = [(line.number, column, words) for line in imported.lines for column, words in line.errors.items()]
    told = {deed: imported.count(deed) for deed in ("add", "change", "keep")}
    if yes and not wrong:
        in_transaction(lambda connection: take_in(connection, imported, actor=operator()))
    if as_json:
        show_json({**told, "done": yes and not wrong, "errors": [{"line": n, "column": c, "error": w} for n, c, w in wrong]})
    else:
        show_table(["Line", "Column", "Error"], wrong, "No line is wrong.")
        click.echo(", ".join(f"{number} to {deed}" for deed, number in told.items()) + ("" if yes else " (not done: --yes does it)"))
    if wrong:
        raise click.exceptions.Exit(1)


@group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_file(file: Path) -> None:
    """Write the catalogue to FILE, as .csv or .xlsx: what `import` reads."""
    headings, rows = [str(words) for words in HEADINGS.values()], table_rows(reader())
    if file.suffix == ".xlsx":
        file.write_bytes(workbook("Danh mục hệ thống", headings, rows))
    else:
        file.write_text("".join(csv_lines(headings, rows)), encoding="utf-8", newline="")
    click.echo(f"{file}: {len(rows)} systems.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(given.get("planned_on"), datetime):
        given["planned_on"] = given["planned_on"].date()
    if "client_id" in given:
        given["client_id"] = given["client_id"] or None
    if "owner_unit" in given:
        given["owner_unit_id"] = _unit(given.pop("owner_unit"))
    return given


def _unit(code: str) -> Any:
    if not code:
        return None
    found = reader().execute(select(_u.c.id).where(_u.c.code == code, _u.c.valid_to.is_(None))).scalars().all()
    if len(found) != 1:
        raise click.ClickException("There is no such unit." if not found else "Several units have this code.")
    return found[0]


def _described(row: Any) -> dict[str, Any]:
    more = {name: getattr(row, name) for name in ("standing", "proven_at", "stated_at", "stated_by", "stated_reason", "retired_at")}
    return asdict(catalogue.told(row)) | more


def _show(code: str, as_json: bool, words: str | None) -> None:
    row = catalogue.require_system(reader(), code)
    if as_json:
        show_json(_described(row))
    elif words:
        click.echo(words)
    else:
        show_table(["What", "Value"], list(_described(row).items()), "")
