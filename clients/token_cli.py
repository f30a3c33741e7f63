"""`hopnhat client registration-token …`: who may register clients at /register."""

import uuid
from typing import Any

import click

from clients import initial_access
from idp import clock
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader

LONGEST_NOTE = 200


@click.group("registration-token")
def registration_tokens() -> None:
    """Tokens that let their holder register clients at /register."""


@registration_tokens.command()
@click.option("--note", required=True, help="For whom or what it is.")
@click.option(
    "--days", type=click.FloatRange(0, 366, min_open=True), default=7.0, show_default=True, help="How long it is accepted, in days."
)
@click.option("--uses", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many clients it may register.")
@click.option("--unlimited", is_flag=True, help="Any number of clients.")
@json_option
def add(note: str, days: float, uses: int, unlimited: bool, as_json: bool) -> None:
    """Make a token; it is printed this once."""
    if not 0 < len(note.strip()) <= LONGEST_NOTE:
        raise click.UsageError(f"--note has 1 to {LONGEST_NOTE} characters")
    most = None if unlimited else uses
    token_id, token = in_transaction(
        lambda connection: initial_access.issue(connection, note=note.strip(), days=days, uses=most, actor=operator())
    )
    if as_json:
        show_json({"id": token_id, "token": str(token)})
    else:
        click.echo(f"id: {token_id}\ntoken: {token}")
        click.echo("The token is not shown again.", err=True)


@registration_tokens.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the tokens, living and dead."""
    rows = [_described(row) for row in initial_access.all_tokens(reader())]
    if as_json:
        show_json(rows)
    else:
        show_table(["ID", "For", "State", "Uses left", "Expires"], [tuple(row[name] for name in SHOWN) for row in rows], "There is none.")


@registration_tokens.command()
@click.argument("token_id", type=click.UUID)
def revoke(token_id: uuid.UUID) -> None:
    """Accept a token no more; what it has registered stays."""
    done = in_transaction(lambda connection: initial_access.revoke(connection, token_id, actor=operator()))
    click.echo(f"{token_id}: revoked." if done else f"{token_id} was revoked already.")


SHOWN = ("id", "note", "state", "uses_left", "expires_at")


def _described(row: Any) -> dict[str, Any]:
    is_over = row.expires_at <= clock.now()
    state = "revoked" if row.revoked_at else "expired" if is_over else "used up" if row.uses_left == 0 else "living"
    return {
        "id": row.id, "note": row.note, "state": state, "uses_left": "any" if row.uses_left is None else row.uses_left,
        "expires_at": row.expires_at, "created_at": row.created_at, "created_by": row.created_by,
    }  # fmt: skip
