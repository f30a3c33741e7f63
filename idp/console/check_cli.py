"""`hopnhat client check`: an application is shown to work, from the command line."""

import uuid
from typing import Any

import click

from clients.check_models import Outcome, StepState
from clients.registry import RegisteredClient, find_even_disabled
from idp import clock
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.people.roster import require_person_named
from idp.proof import checks, trial_people
from idp.proof.leaving_trial import try_leaving
from idp.proof.steps import Finding, Step
from idp.proof.words import told
from idp.settings import current_settings


@click.command("check")
@click.argument("client_id")
@click.option("--person", help="Whose sign-ins are looked at (username, official mail address, staff code) beside the test person's.")
@click.option("--test-link", is_flag=True, help="Print a link that signs the test person in, once, within 15 minutes.")
@click.option("--sign-out", is_flag=True, help="End the test person's sessions.")
@click.option("--leave", is_flag=True, help="Let the test person leave, and see that they are refused.")
@click.option("--end", is_flag=True, help="End the check before everything has been seen.")
@json_option
def check_client(client_id: str, person: str | None, test_link: bool, sign_out: bool, leave: bool, end: bool, as_json: bool) -> None:
    """Check an application with the real thing: begin, or go on with the check that is open, and say what was seen and what to mend.

    Exit code 1 when a step has failed. What waits for somebody is looked at again by the next call."""
    client, actor, link = _require(client_id), operator(), None
    _open(client, person, actor)
    if test_link:
        link = _link(client, actor)
    if sign_out:
        _sign_out(client, actor)
    if leave and not try_leaving(checks.require_open(reader(), client.key), actor=actor):
        raise click.ClickException("The test person is not in the application: take a --test-link, sign in with it, and try again.")
    if end:
        in_transaction(lambda c: checks.give_up(c, checks.require_open(c, client.key), client, actor=actor, outcome=Outcome.ENDED))
        found = checks.kept(reader(), checks.latest(reader(), client.key, 1)[0].id)
    else:
        found = checks.look(_require(client_id))
    _show(client, found, link, as_json=as_json)
    if any(finding.state is StepState.FAILED for finding in found.values()):
        raise SystemExit(1)


def _open(client: RegisteredClient, person: str | None, actor: str) -> None:
    found = checks.find_open(reader(), client.key)
    if found is not None and found.expires_at > clock.now():
        return
    if found is not None:
        in_transaction(lambda c: checks.give_up(c, found, client, actor=checks.SYSTEM, outcome=Outcome.EXPIRED))
    if not client.is_enabled:
        raise click.ClickException(f"{client.client_id} is disabled; `hopnhat client enable {client.client_id}` first.")
    person_id: uuid.UUID | None = require_person_named(reader(), person).id if person else None
    in_transaction(lambda c: checks.begin(c, client, actor=actor, person_id=person_id))


def _link(client: RegisteredClient, actor: str) -> str:
    def take(connection: Any) -> str:
        check = checks.require_open(connection, client.key)
        person_id = checks.take_test_person(connection, check, client, actor=actor)
        acr = client.minimum_acr  # whoever has this command has the whole database: what the application asks for is enough
        return str(trial_people.give_link(connection, check.id, client.key, person_id, acr=acr, actor=actor))

    return f"{current_settings().issuer}/test-sign-in?link={in_transaction(take)}"


def _sign_out(client: RegisteredClient, actor: str) -> None:
    person_id = checks.require_open(reader(), client.key).test_person_id
    if person_id is not None:
        in_transaction(lambda c: trial_people.sign_out(c, person_id, actor=actor))


def _show(client: RegisteredClient, found: dict[Step, Finding], link: str | None, *, as_json: bool) -> None:
    check = checks.latest(reader(), client.key, 1)[0]
    steps = [told(step, finding, current_settings().issuer) for step, finding in found.items()]
    if as_json:
        rows = [
            {"step": step.value, "state": finding.state.value, "seen": one.seen, "fix": one.fix, "facts": finding.facts}
            for (step, finding), one in zip(found.items(), steps, strict=True)
        ]
        show_json({
            "client_id": client.client_id, "begun_at": check.made_at, "expires_at": check.expires_at, "ended_at": check.ended_at,
            "outcome": check.outcome, "test_link": link, "steps": rows,
        })  # fmt: skip
        return
    show_table(["Step", "State", "What was seen", "What to do"], [(one.title, one.state, one.seen, one.fix) for one in steps], "")
    if link:
        click.echo(f"Open this in a private window; it is good once, for 15 minutes:\n{link}")
    if check.outcome:
        click.echo(f"The check is over: {check.outcome}.")


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise click.ClickException(f"There is no client {client_id}; `hopnhat client list` shows them all.")
    return client
