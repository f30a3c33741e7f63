"""`hopnhat desk`: the cases that a sync may not decide, listed, shown and decided; what is remembered, listed and revoked."""

import sys
import uuid
from datetime import date, datetime
from typing import Any

import click

from directory_sync import desk, desk_rules
from directory_sync.desk import Officer, Word
from directory_sync.desk_choices import CHOICES, NEEDS_A_PERSON
from directory_sync.desk_models import CaseKind, CaseState, Choice
from directory_sync.lifecycle import deadlines
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.people.roster import require_person, require_person_named

COLUMNS = ("id", "kind", "name", "value", "unit_name", "opened_at", "not_before", "state", "choice")


@click.group("desk")
def group() -> None:
    """What a sync may not decide: who a new entry is, what several people share."""


@group.command("list")
@click.option("--state", type=click.Choice([state.value for state in CaseState]), default=CaseState.OPEN.value, show_default=True)
@json_option
def list_cases(state: str, as_json: bool) -> None:
    """List cases, those put off until later included."""
    found = [
        {name: getattr(case, name) for name in COLUMNS} for case in desk.list_cases(reader(), None, state=state, put_off=True, most=10_000)
    ]
    if as_json:
        show_json(found)
    else:
        show_table(COLUMNS, [tuple(line.values()) for line in found], "No such case.")


@group.command()
@click.argument("case", type=click.UUID)
@json_option
def show(case: uuid.UUID, as_json: bool) -> None:
    """Show one CASE (its id): the entry, whom it could be, what can be decided."""
    found = desk.require_case(reader(), case, None)
    people = [_candidate(one) for one in found.candidates]
    choices = [choice.value for choice in CHOICES[CaseKind(found.kind)]]
    if as_json:
        facts = {name: value for name, value in found._mapping.items() if name not in ("candidates", "fingerprint")}
        show_json({**facts, "candidates": people, "choices": choices})
        return
    show_table(["What", "Value"], [(name, getattr(found, name)) for name in (*COLUMNS, "reason", "decided_by", "facts")], "")
    show_table(["id", "name", "username", "staff code", "state", "alike"], [tuple(one.values()) for one in people], "Nobody is like it.")
    click.echo("Choices: " + ", ".join(choices))


def _candidate(one: dict[str, Any]) -> dict[str, Any]:
    person = require_person(reader(), uuid.UUID(one["person_id"]))
    return {
        "id": person.id,
        "name": person.name,
        "username": person.username,
        "staff_code": person.staff_code,
        "state": person.state,
        "hints": one["hints"],
    }


@group.command()
@click.argument("case", type=click.UUID)
@click.argument("choice", type=click.Choice([choice.value for choice in Choice]))
@click.option("--person", help="Whom it is about, where the choice needs somebody: username, official mail address, staff code or id.")
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
@click.option(
    "--remember",
    type=click.Choice(["value", "all"]),
    help="Decide so for all of the same value, or for all of the kind in its unit and below.",
)
def decide(case: uuid.UUID, choice: str, person: str | None, reason: str, remember: str | None) -> None:
    """Decide CASE (its id); the worker carries it out at its next look."""
    chosen = Choice(choice)
    if chosen in NEEDS_A_PERSON and not person:
        raise click.UsageError(f"{choice} needs --person")
    person_id = require_person_named(reader(), person).id if person else None
    word = Word(chosen, reason, person_id, remember or "")
    in_transaction(lambda connection: desk.decide(connection, case, word, Officer(operator())))
    click.echo(f"{case}: {choice}")


@group.command()
@click.argument("case", type=click.UUID)
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def later(case: uuid.UUID, day: datetime) -> None:
    """Show CASE on the pages again on DAY (YYYY-MM-DD)."""
    until: date = day.date()
    in_transaction(lambda connection: desk.put_off(connection, case, until, Officer(operator())))
    click.echo(f"{case}: later, {until}")


@group.command()
@click.argument("case", type=click.UUID)
def reopen(case: uuid.UUID) -> None:
    """Take the decision of CASE back, where nothing has followed from it yet."""
    in_transaction(lambda connection: desk.reopen(connection, case, Officer(operator())))
    click.echo(f"{case}: open again")


@group.command("rules")
@json_option
def list_rules(as_json: bool) -> None:
    """List what is remembered for cases to come."""
    names = ("id", "kind", "choice", "value", "unit_name", "reason", "created_by", "created_at")
    found = [{name: getattr(rule, name) for name in names} for rule in desk_rules.rules(reader(), None)]
    if as_json:
        show_json(found)
    else:
        show_table(names, [tuple(line.values()) for line in found], "Nothing is remembered.")


@group.command()
@click.argument("rule", type=click.UUID)
def revoke(rule: uuid.UUID) -> None:
    """Apply RULE (its id) to no further case; entries that it kept out come back to the desk."""
    in_transaction(lambda connection: desk_rules.revoke(connection, rule, within=None, actor=operator()))
    click.echo(f"{rule}: revoked")


@group.command()
@json_option
def waiting(as_json: bool) -> None:
    """List changes of staff not carried out yet, with the day by which each must be. Exit 1 when one is overdue."""
    found = deadlines.waiting(reader(), None)
    lines = [
        {"kind": one.kind, "key": one.key, "name": one.name, "since": one.since, "due_on": one.due_on, "overdue": one.is_overdue}
        for one in found
    ]
    if as_json:
        show_json(lines)
    else:
        show_table(["kind", "key", "name", "since", "due on", "overdue"], [tuple(line.values()) for line in lines], "Nothing waits.")
    if any(one.is_overdue for one in found):
        sys.exit(1)
