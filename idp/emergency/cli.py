"""`hopnhat emergency create|seal|test|list|retire`: envelopes for the day on which the directory or the factors fail."""

from typing import Any

import click

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.emergency import accounts, sessions
from idp.emergency.accounts import Holders, Two
from idp.emergency.sealed_password import draw, is_in, plain
from idp.people.roster import require_person_named

SLIP = "Mistyped: a sealed password has 8 groups of 4 signs, and two of them check the others."
HOLDERS = click.option(
    "--holder", "holders", multiple=True, help="Who keeps an envelope: username, official mail address, staff code or id. Twice."
)


@click.group("emergency")
def group() -> None:
    """Emergency access to the console, sealed in an envelope."""


@group.command("create")
@click.argument("name")
@HOLDERS
@json_option
def create(name: str, holders: tuple[str, ...], as_json: bool) -> None:
    """Make the account NAME and print the passwords of its two envelopes, this once. Each goes to another officer, sealed, into another safe."""
    two, keepers = (draw(), draw()), _two(holders)
    in_transaction(lambda connection: accounts.create(connection, name, two, keepers, actor=operator()))
    _show(name, two, as_json)


@group.command("seal")
@click.argument("name")
@HOLDERS
@json_option
def seal(name: str, holders: tuple[str, ...], as_json: bool) -> None:
    """New passwords for NAME, printed this once: after the old ones were used or seen, or somebody who keeps one has left. Whoever is in
    by the old ones is out. Without --holder the same two keep them."""
    row, two = accounts.require(reader(), name), (draw(), draw())
    keepers = (row.first_holder, row.second_holder) if row.second_holder and not holders else _two(holders)
    in_transaction(lambda connection: accounts.seal(connection, row.id, row.name, two, keepers, actor=operator()))
    _show(row.name, two, as_json)


def _two(holders: tuple[str, ...]) -> Holders:
    if len(holders) != 2:
        raise click.UsageError("Two different people keep the envelopes: --holder NAME --holder NAME.")
    first, second = (require_person_named(reader(), holder).id for holder in holders)
    return first, second


@group.command("test")
@click.argument("name")
@click.password_option("--password", prompt="Password of an envelope", confirmation_prompt=False)
@click.option("--second", prompt="Password of the other envelope (Enter: not at hand)", hide_input=True, default="", show_default=False)
def try_it(name: str, password: str, second: str) -> None:
    """See whether the passwords of NAME work, without using them up; one alone can be tested where it is kept, both count as tested.
    Whoever has read one knows it: seal new ones afterwards."""
    row, typed = accounts.require(reader(), name), [plain(one) for one in (password, second) if one.strip()]
    if not typed or None in typed:
        raise click.ClickException(SLIP)
    hashes = [one for one in (row.hash, row.second_hash) if one is not None]
    found = {one for one in hashes for signs in typed if is_in(one, signs or "")}
    right = len(found) == len(typed)
    in_transaction(
        lambda connection: accounts.note_test(
            connection, row.id, row.hash, row.name, right=right, whole=found == set(hashes), actor=operator()
        )
    )
    if not right:
        raise click.ClickException("This is not the password of that account.")
    if row.spent_at is not None:
        raise click.ClickException("These passwords were used already and are worth nothing: run `hopnhat emergency seal`.")
    whole = "both sealed passwords work" if len(found) > 1 else "this sealed password works"
    click.echo(f"{row.name}: {whole}. Seal new ones if they were read by anybody who should not keep them.")


@group.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """The accounts, and how it stands with their envelopes."""
    found = [_told(row) for row in accounts.kept(reader())]
    if as_json:
        show_json(found)
        return
    lines = [
        (one["name"], one["state"], ", ".join(one["kept_by"]), one["sealed_at"], one["tested_at"] or "never", one["spent_at"] or "–")
        for one in found
    ]
    show_table(["Name", "State", "Kept by", "Sealed", "Tested", "Used"], lines, "No emergency account: run `hopnhat emergency create`.")


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
        "kept_by": [name for name in (row.first_name, row.second_name) if name], "tested_at": row.tested_at, "spent_at": row.spent_at,
    }  # fmt: skip


def _show(name: str, two: Two, as_json: bool) -> None:
    row = accounts.require(reader(), name.strip())
    keepers = (row.first_name, row.second_name)
    if as_json:
        envelopes = [{"kept_by": keeper, "password": str(one.password)} for keeper, one in zip(keepers, two, strict=True)]
        show_json({"name": row.name, "envelopes": envelopes})
        return
    for number, (keeper, one) in enumerate(zip(keepers, two, strict=True), 1):
        click.echo(f"Emergency account: {row.name}. Envelope {number} of 2, kept by {keeper}\n\n    {one.password}\n")
    click.echo("Shown this once. Print each on a paper of its own, seal it, note the day across the seal; two safes, not one.")
    click.echo("To use them: open /emergency from an address of HOPNHAT_EMERGENCY_NETWORKS. They work once, for an hour, with an alarm.")
