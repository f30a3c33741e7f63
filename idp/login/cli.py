"""`hopnhat people unlock`: the help desk has spoken with somebody whose sign-in rests after wrong tries."""

import click
from sqlalchemy import Connection

from idp.command_line import operator
from idp.database import in_transaction, reader
from idp.login import unlocking
from idp.people import letters
from idp.people.letters import Letter
from idp.people.roster import require_person_named


@click.command("unlock")
@click.argument("person")
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
def unlock(person: str, reason: str) -> None:
    """Let PERSON (username, official mail address, staff code or id) try again at once. Make sure first who is asking."""
    found = require_person_named(reader(), person)

    def open_again(connection: Connection) -> None:
        unlocking.unlock(connection, found.id, reason=reason, actor=operator())
        letters.write(connection, found.id, Letter.UNLOCKED)

    in_transaction(open_again)
    click.echo(f"{found.name}: unlocked")
