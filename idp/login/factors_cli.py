"""`hopnhat people factors`: what somebody signs in with, for whoever is asked for help."""

import click

from idp.command_line import json_option, show_json, show_table
from idp.credentials import factors, officer_codes, recovery_codes
from idp.database import reader
from idp.people.roster import require_person_named

COLUMNS = ("kind", "name", "created_at", "last_used_at")


@click.command("factors")
@click.argument("person")
@json_option
def list_factors(person: str, as_json: bool) -> None:
    """What PERSON (username, official mail address, staff code or id) has beside the password. No secret is shown."""
    found = require_person_named(reader(), person)
    held = [{name: getattr(factor, name) for name in COLUMNS} for factor in factors.list_of(reader(), found.id)]
    left = recovery_codes.left(reader(), found.id)
    waiting = [{"kind": code.kind, "expires_at": code.expires_at} for code in officer_codes.find_open(reader(), found.id)]
    if as_json:
        show_json({"factors": held, "recovery_codes_left": left, "officer_codes": waiting})
        return
    show_table(COLUMNS, [tuple(line.values()) for line in held], f"{found.name} has no second factor.")
    click.echo(f"Recovery codes left: {left}")
