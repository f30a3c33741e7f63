"""`hopnhat people temporary-code|activation-code|reset-factors`: what the help desk does at the console, for whoever runs the server.

Alone, also for those who hold a role: the way back in when nobody at the console can help any more.
"""

import click
from sqlalchemy import Connection

from idp import access, audit
from idp.command_line import operator
from idp.credentials import officer_codes
from idp.credentials.officer_codes import ACTIVATION, TEMPORARY
from idp.credentials.printed_codes import new_code
from idp.database import in_transaction, reader
from idp.people import letters
from idp.people.letters import Letter
from idp.people.roster import require_person_named
from idp.people.sign_in_name import lock

PERSON = click.argument("person")
REASON = click.option("--reason", required=True, help="Why; kept in the audit trail.")


@click.command("temporary-code")
@PERSON
@REASON
def temporary_code(person: str, reason: str) -> None:
    """Print a code for one sign-in of PERSON without their usual factor, within 15 minutes. Make sure first who is asking."""
    _hand_over(person, TEMPORARY, audit.Event.TEMPORARY_CODE_ISSUED, reason)


@click.command("activation-code")
@PERSON
@REASON
def activation_code(person: str, reason: str) -> None:
    """Print the code with which PERSON enrols a first factor, within 14 days. Make sure first who is asking."""
    _hand_over(person, ACTIVATION, audit.Event.ACTIVATION_CODE_ISSUED, reason)


def _hand_over(person: str, kind: str, event: audit.Event, reason: str) -> None:
    found, new = require_person_named(reader(), person), new_code()

    def issue(connection: Connection) -> None:
        lock(connection, found.id)
        officer_codes.issue(connection, found.id, kind, new, issued_by=operator())
        audit.record(connection, event, actor=operator(), person_id=found.id, reason=reason)
        letters.write(connection, found.id, Letter.OFFICER_CODE_ISSUED)

    in_transaction(issue)
    click.echo(f"{found.name}: {new.code}")


@click.command("reset-factors")
@PERSON
@REASON
def reset_factors(person: str, reason: str) -> None:
    """Take every factor from PERSON and end their sessions, when all are lost: they enrol anew."""
    found = require_person_named(reader(), person)
    in_transaction(lambda connection: access.reset_factors(connection, found.id, reason=reason, actor=operator()))
    click.echo(f"{found.name}: factors reset")
