"""`hopnhat people unlock`: the help desk has spoken with somebody whose sign-in rests after wrong tries."""

import click
from sqlalchemy import Connection

from idp import audit
from idp.command_line import operator
from idp.credentials import failures
from idp.database import in_transaction, reader
from idp.people.roster import require_person_named


@click.command("unlock")
@click.argument("person")
def unlock(person: str) -> None:
    """Let PERSON (username, official mail address, staff code or id) try again at once. Make sure first who is asking."""
    found = require_person_named(reader(), person)

    def forgive_all(connection: Connection) -> None:
        for kind in (failures.password_kind(), failures.SECOND_FACTOR):
            failures.forgive(connection, kind, failures.account_of_person(found.id))
        audit.record(connection, audit.Event.ACCOUNT_UNLOCKED, actor=operator(), person_id=found.id)

    in_transaction(forgive_all)
    click.echo(f"{found.name}: unlocked")
