"""`hopnhat token import|list|assign|release|revoke`: the stock of hardware tokens, and who has which."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, select

from idp import audit
from idp.command_line import json_option, operator, show_json, show_table
from idp.credentials import hardware_tokens
from idp.credentials.seed_files import SeedFileMistaken, plain_serial, read_seeds
from idp.database import in_transaction, reader, table_of
from idp.people import letters
from idp.people.letters import Letter
from idp.people.models import Person
from idp.people.roster import require_person_named

LARGEST_FILE = 64 * 1024 * 1024  # bytes
COLUMNS = ("serial", "digits", "period_seconds", "algorithm", "person", "assigned_at", "last_used_at", "state")
_p = table_of(Person)


@click.group()
def token() -> None:
    """Hardware tokens that show codes (OATH TOTP)."""


@token.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(file: Path) -> None:
    """Put the tokens of a vendor's seed FILE into stock: CSV with serial, secret (hex or base 32), digits, period and algorithm, or PSKC
    (RFC 6030) that is not encrypted. Keep the file offline afterwards, or destroy it: whoever has it can make every code."""
    if file.stat().st_size > LARGEST_FILE:
        raise click.ClickException("The file is larger than 64 MB.")
    try:
        seeds = read_seeds(file.read_bytes())
    except SeedFileMistaken as mistake:
        raise click.ClickException(f"Nothing was imported: {mistake}.") from None

    def take_in(connection: Connection) -> int:
        added = hardware_tokens.import_seeds(connection, seeds)
        audit.record(connection, audit.Event.TOKENS_IMPORTED, actor=operator(), added=added, known=len(seeds) - added)
        return added

    added = in_transaction(take_in)
    click.echo(f"{added} tokens imported, {len(seeds) - added} known already.")


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """Every token: whose it is, or that it is in stock. Secrets are never shown."""
    rows = hardware_tokens.find_all(reader())
    people = {row.person_id for row in rows if row.person_id}
    names = dict(reader().execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(people))).tuples().all()) if people else {}
    found = [_line(row, names) for row in rows]
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, [tuple(line.values()) for line in found], "No token was imported yet.")


def _line(row: Any, names: dict[Any, str]) -> dict[str, Any]:
    state = "revoked" if row.revoked_at else "in use" if row.person_id else "in stock"
    return {name: getattr(row, name, None) for name in COLUMNS} | {"person": names.get(row.person_id), "state": state}


@token.command("assign")
@click.argument("serial")
@click.argument("person")
def assign(serial: str, person: str) -> None:
    """Give the token SERIAL, which is in stock, to PERSON (username, official mail address, staff code or id). Its first code counts."""
    found = require_person_named(reader(), person)

    def give(connection: Connection) -> bool:
        given = hardware_tokens.assign(connection, serial, found.id)
        if given:
            _record(connection, audit.Event.TOKEN_ASSIGNED, serial, found.id)
        return given

    if not in_transaction(give):
        raise click.ClickException("There is no such token in stock.")
    click.echo(f"{plain_serial(serial)}: {found.name}")


@token.command("release")
@click.argument("serial")
def release(serial: str) -> None:
    """Take the token SERIAL back into stock, for somebody else."""
    row = next((row for row in hardware_tokens.find_all(reader()) if row.serial == plain_serial(serial)), None)
    if row is None or row.person_id is None:
        raise click.ClickException("Nobody has such a token.")

    def take_back(connection: Connection) -> None:
        if hardware_tokens.release(connection, row.person_id, row.id):
            _record(connection, audit.Event.TOKEN_RELEASED, serial, row.person_id)

    in_transaction(take_back)
    click.echo(f"{row.serial}: in stock")


@token.command("revoke")
@click.argument("serial")
def revoke(serial: str) -> None:
    """The token SERIAL is lost or broken: it is never accepted again."""

    def end(connection: Connection) -> bool:
        ended, person_id = hardware_tokens.revoke(connection, serial)
        if ended:
            _record(connection, audit.Event.TOKEN_REVOKED, serial, person_id)
        return ended

    if not in_transaction(end):
        raise click.ClickException("There is no such token, or it is revoked already.")
    click.echo(f"{plain_serial(serial)}: revoked")


def _record(connection: Connection, event: audit.Event, serial: str, person_id: Any) -> None:
    audit.record(connection, event, actor=operator(), person_id=person_id, serial=plain_serial(serial))
    if person_id is not None:
        added = event is audit.Event.TOKEN_ASSIGNED
        letters.write(connection, person_id, Letter.FACTOR_ADDED if added else Letter.FACTOR_REMOVED)
