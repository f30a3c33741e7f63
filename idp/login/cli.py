"""`hopnhat people unlock`: the help desk has spoken with somebody whose sign-in rests after wrong tries."""

import click

from idp.command_line import operator
from idp.credentials import unlocking
from idp.database import in_transaction, reader
from idp.people.roster import require_person_named


@click.command("unlock")
@click.argument("person")
@click.option("--reason", default="", help="Why; kept in the audit trail.")
def unlock(person: str, reason: str) -> None:
    """Let PERSON (username, official mail address, staff code or id) try again at once. Make sure first who is asking."""
    found = require_person_named(reader(), person)
    in_transaction(lambda connection: unlocking.unlock(connection, found.id, reason=reason, actor=operator()))
    click.echo(f"{found.name}: unlocked")
