"""`hopnhat emergency create|seal|test|list|retire`: envelopes for the day on which the directory or the factors fail."""

from typing import Any

import click

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.emergency import accounts, sessions
from idp.emergency.sealed_password import Sealed, draw, is_in, plain


@click.group("emergency")
def group() -> None:
    """Emergency access to the console, sealed in an envelope."""


@group.command("create")
@click.argument("name")
@json_option
def create(name: str, as_json: bool) -> None:
    """Make the account NAME and print its password, this once. Print it, seal it, put it into the safe."""
    sealed = draw()
    in_transaction(lambda connection: accounts.create(connection, name, sealed.hash, actor=operator()))
    _show(name, sealed, as_json)


@group.command("seal")
@click.argument("name")
@json_option
def seal(name: str, as_json: bool) -> None:
    """A new password for NAME, printed this once: after the old one was used or seen. Whoever is in by the old one is out."""
    row, sealed = accounts.require(reader(), name), draw()
    in_transaction(lambda connection: accounts.seal(connection, row.id, row.name, sealed.hash, actor=operator()))
    _show(row.name, sealed, as_json)


@group.command("test")
@click.argument("name")
@click.password_option("--password", prompt="Sealed password", confirmation_prompt=False)
def try_it(name: str, password: str) -> None:
    """See whether the password of NAME works, without using it up. Whoever has read it knows it: seal a new one afterwards."""
    row, signs = accounts.require(reader(), name), plain(password)
    if signs is None:
        raise click.ClickException("Mistyped: a sealed password has 8 groups of 4 signs, and two of them check the others.")
    right = is_in(row.hash, signs)
    in_transaction(lambda connection: accounts.note_test(connection, row.id, row.hash, row.name, right=right, actor=operator()))
    if not right:
        raise click.ClickException("This is not the password of that account.")
    if row.spent_at is not None:
        raise click.ClickException("This password was used already and is worth nothing: run `hopnhat emergency seal`.")
    click.echo(f"{row.name}: the sealed password works. Seal a new one if it was read by anybody who should not keep it.")


@group.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """The accounts, and how it stands with their envelopes."""
    found = [_told(row) for row in accounts.kept(reader())]
    if as_json:
        show_json(found)
        return
    lines = [(one["name"], one["state"], one["sealed_at"], one["tested_at"] or "never", one["spent_at"] or "–") for one in found]
    show_table(["Name", "State", "Sealed", "Tested", "Used"], lines, "No emergency account: run `hopnhat emergency create`.")


@group.command("retire")
@click.argument("name")
def retire(name: str) -> None:
    """Be done with the account NAME for good."""
    row = accounts.require(reader(), name)
    in_transaction(lambda connection: accounts.retire(connection, row.id, row.name, actor=operator()))
    click.echo(f"{row.name}: retired.")


def _told(row: Any) -> dict[str, Any]:
    in_use = any(one.account_id == row.id for one in sessions.running(reader()))
    return {
        "name": row.name, "state": "in_use" if in_use else accounts.state_of(row), "sealed_at": row.sealed_at, "sealed_by": row.sealed_by,
        "tested_at": row.tested_at, "spent_at": row.spent_at,
    }  # fmt: skip


def _show(name: str, sealed: Sealed, as_json: bool) -> None:
    if as_json:
        show_json({"name": name, "password": str(sealed.password)})
        return
    click.echo(f"Emergency account: {name}\n\n    {sealed.password}\n")
    click.echo("Shown this once. Print it, seal it in an envelope, note the day across the seal, keep it in the safe.")
    click.echo("To use it: open /emergency from an address of HOPNHAT_EMERGENCY_NETWORKS. It works once, for an hour, with an alarm.")
