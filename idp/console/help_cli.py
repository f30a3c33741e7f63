"""`hopnhat people temporary-code|activation-code|reset-factors|proof|withdraw-proof`: what the help desk does at the console, for whoever runs the server.

Alone, also for those who hold a role: the way back in when nobody at the console can help any more.
"""

import click
from sqlalchemy import Connection

from idp import access, audit
from idp.command_line import operator
from idp.credentials import factors, officer_codes, proofings
from idp.credentials.officer_codes import ACTIVATION, TEMPORARY
from idp.credentials.printed_codes import new_code
from idp.database import in_transaction, reader
from idp.people import letters
from idp.people.letters import Letter
from idp.people.roster import require_person_named
from idp.people.sign_in_name import lock
from idp.settings import current_settings

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
@click.option("--proof", type=click.Choice(proofings.KINDS), help="Also record that it was made sure in this way who PERSON is.")
def activation_code(person: str, reason: str, proof: str | None) -> None:
    """Print the code with which PERSON enrols a first factor, within 14 days. Make sure first who is asking.

    Unlike a slip printed at the console it records no proofing unless --proof says how: whoever runs the server need not have seen PERSON.
    """
    if not current_settings().activation_slips:
        raise click.UsageError("Activation slips are switched off (HOPNHAT_ACTIVATION_SLIPS): the code would open nothing.")
    _hand_over(person, ACTIVATION, audit.Event.ACTIVATION_CODE_ISSUED, reason, proof)
    click.echo(f"Proofing recorded: {proof}." if proof else "No proofing recorded: with --proof, or hopnhat people proof.")


@click.command("proof")
@PERSON
@click.option("--kind", type=click.Choice(proofings.KINDS), default=proofings.IN_PERSON, show_default=True, help="How it was made sure.")
@REASON
def proof(person: str, kind: str, reason: str) -> None:
    """Record that it was made sure who PERSON is."""
    found = require_person_named(reader(), person)

    def record(connection: Connection) -> None:
        proofings.record(connection, found.id, kind, reason=reason, actor=operator())
        letters.write(connection, found.id, Letter.PROOFED)

    in_transaction(record)
    click.echo(f"{found.name}: proofing recorded ({kind})")


@click.command("withdraw-proof")
@PERSON
@REASON
def withdraw_proof(person: str, reason: str) -> None:
    """Take back whatever was recorded of PERSON's identity: it turned out to be wrong."""
    found = require_person_named(reader(), person)
    many = in_transaction(lambda connection: proofings.withdraw(connection, found.id, reason=reason, actor=operator()))
    click.echo(f"{found.name}: {many} proofings withdrawn")


def _hand_over(person: str, kind: str, event: audit.Event, reason: str, proof: str | None = None) -> None:
    found, new = require_person_named(reader(), person), new_code()

    def issue(connection: Connection) -> None:
        lock(connection, found.id)
        if kind == ACTIVATION and factors.held_by(connection, found.id).second_factor:
            raise click.ClickException(f"{found.name} has a factor: a slip would open nothing. If it is lost, reset-factors comes first.")
        officer_codes.issue(connection, found.id, kind, new, issued_by=operator())
        audit.record(connection, event, actor=operator(), person_id=found.id, reason=reason)
        letters.write(connection, found.id, Letter.OFFICER_CODE_ISSUED)
        if proof:
            proofings.record(connection, found.id, proof, reason=reason, actor=operator())

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
