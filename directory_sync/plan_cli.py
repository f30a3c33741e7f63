"""`hopnhat sync plan …`: look at plans, approve them, send them back, hold single changes back."""

import sys
import uuid
from typing import Any

import click

from directory_sync import approvals, held, plans
from directory_sync.approvals import Officer
from directory_sync.asked import carry_out_plan, make_plan
from directory_sync.known import count_people
from directory_sync.limits import limits_of
from directory_sync.models import PlanPart, RunState
from directory_sync.plan_reading import LineFilters, consequences_of, count_kinds
from directory_sync.reasons import explain
from directory_sync.run import RunReport
from directory_sync.source.ldap_full import SOURCE
from idp.command_line import json_option, operator, show_json, show_table, told
from idp.database import in_transaction, reader
from idp.settings import current_settings

SHOWN_LINES = 40
REASON = click.option("--reason", required=True, help="Why, in at least twenty characters; kept in the trail.")


def show_plan(number: int, as_json: bool) -> None:
    """A plan: how it stands, its lines, what it costs."""
    plan = plans.require_plan(reader(), number)
    facts = _plain(plan)
    kinds, costs = count_kinds(reader(), plan.run_id, LineFilters()), consequences_of(reader(), plan.run_id, LineFilters())
    if as_json:
        lines = [
            {
                "id": line.id, "kind": line.kind, "name": line.name, "unit": line.unit_name, "person_id": line.person_id, "before": line.before,
                "after": line.after, "over_limit": line.is_over, "explained": line.is_explained,
            }
            for line in plans.lines_in_batches(reader(), plan.run_id)
        ]  # fmt: skip
        words = [{"actor": word.actor, "part": word.part, "reason": word.reason, "given_at": word.given_at} for word in _words(plan)]
        lost = [{"application": name, "people": people} for name, people in costs.applications]
        show_json(
            {**facts, "counts": kinds, "sessions_that_end": costs.sessions, "applications_lost": lost, "words": words, "lines": lines}
        )
        return
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name.replace('_', ' ')}: {told(value)}")
    if plan.reason:
        click.echo(explain(plan.reason))
    click.echo(
        f"{costs.sessions} sessions will end; " + (", ".join(f"{name}: {n}" for name, n in costs.applications) or "no application is lost")
    )
    shown = [line for line, _ in zip(plans.lines_in_batches(reader(), plan.run_id), range(SHOWN_LINES), strict=False)]
    rows = [[line.kind, line.name, line.unit_name, line.before, line.after, "over" if line.is_over else ""] for line in shown]
    show_table(["Change", "Name", "Unit", "Before", "After", "Limit"], rows, "No changes.")
    if (rest := sum(kinds.values()) - len(shown)) > 0:
        click.echo(f"… and {rest} more; --json shows all.")


def _words(plan: Any) -> Any:
    return plans.words_for(reader(), plan.run_id)


def _plain(plan: Any) -> dict[str, Any]:
    names = ("number", "source", "state", "reason", "words_wanted", "typed_number", "created_at", "expires_at", "ended_at", "ended_reason")
    return {name: getattr(plan, name) for name in names}


@click.group("plans")
def group() -> None:
    """What runs would do, waiting for somebody's word."""


@group.command("list")
@json_option
def list_plans(as_json: bool) -> None:
    """The plans that wait for approval or for being carried out."""
    rows = [_plain(row) for row in plans.list_waiting(reader())]
    if as_json:
        show_json(rows)
    else:
        names = ("number", "source", "state", "words_wanted", "typed_number", "expires_at", "reason")
        show_table([name.replace("_", " ") for name in names], [[row[name] for name in names] for row in rows], "No plan waits.")


@group.command("make")
@click.option("--source", default=SOURCE, show_default=True, help="Which source.")
@json_option
def make(source: str, as_json: bool) -> None:
    """Read the source and keep what a run would do as a plan, changing nothing."""
    report = make_plan(source, operator())
    number = report.found.get("plan_number")
    if number is None:
        _tell(report, as_json)
    else:
        show_plan(number, as_json)


@group.command("limits")
@click.argument("number", type=int)
@json_option
def limits(number: int, as_json: bool) -> None:
    """The guard's limits beside what plan NUMBER would do."""
    plan = plans.require_plan(reader(), number)
    kinds = count_kinds(reader(), plan.run_id, LineFilters())
    rows = limits_of(plan.reason, kinds, count_people(reader(), plan.source), 0, current_settings())
    if as_json:
        show_json([vars(row) for row in rows])
    else:
        table = [[row.words, row.value, f"{row.percent} % or {row.people}", "over" if row.is_over else ""] for row in rows]
        show_table(["What", "Value", "Limit", ""], table, "")


@group.command("reject")
@click.argument("number", type=int)
@REASON
def reject(number: int, reason: str) -> None:
    """Send plan NUMBER back: nothing of it is applied."""
    in_transaction(lambda connection: approvals.reject(connection, number, Officer(operator()), reason=reason))
    click.echo(f"Plan {number} was sent back.")


@group.command("hold")
@click.argument("number", type=int)
@click.argument("line", type=click.UUID)
@REASON
def hold(number: int, line: uuid.UUID, reason: str) -> None:
    """Leave LINE of plan NUMBER (its id, from `sync plan --json`) out of this and every later run, as long as it says the same."""
    found = held.require_line(reader(), number, line, None)
    in_transaction(lambda connection: held.hold(connection, found, Officer(operator()), reason))
    click.echo(f"{found.name} is left as is.")


@group.command("held")
@json_option
def list_held(as_json: bool) -> None:
    """What is held back now."""
    names = ("id", "kind", "name", "reason", "held_by", "held_at")
    rows = [{name: getattr(row, name) for name in names} for row in held.list_held(reader(), None)]
    if as_json:
        show_json(rows)
    else:
        show_table([name.replace("_", " ") for name in names], [list(row.values()) for row in rows], "Nothing is held back.")


@group.command("release")
@click.argument("held_id", type=click.UUID)
def release(held_id: uuid.UUID) -> None:
    """Let a change that is held back take its course at the next run."""
    in_transaction(lambda connection: held.release(connection, held_id, Officer(operator())))
    click.echo("Released.")


@click.command("approve")
@click.argument("number", type=int)
@click.option("--number-of-people", "typed", help="The number that the guard objects about, to show that it was seen (`sync plan`).")
@click.option("--below-limits", is_flag=True, help="Apply only what the guard does not object to.")
@REASON
@json_option
def approve(number: int, typed: str | None, below_limits: bool, reason: str, as_json: bool) -> None:
    """Approve plan NUMBER and carry it out: exactly its lines, or nothing when the directory has moved on. Exit 1: nothing was
    changed; 3: it waits for a second person, of another unit."""
    part = PlanPart.BELOW_LIMITS if below_limits else PlanPart.WHOLE
    word = {"typed": typed or "", "reason": reason, "part": part}
    if not in_transaction(lambda connection: approvals.give_word(connection, number, Officer(operator()), **word)):  # type: ignore[arg-type]
        if as_json:
            show_json({"number": number, "state": "waiting"})
        else:
            click.echo(f"Your word for plan {number} is kept; a second person, of a unit, must approve it at the console.")
        sys.exit(3)
    _tell(carry_out_plan(plans.require_plan(reader(), number), operator()), as_json)


def _tell(report: RunReport, as_json: bool) -> None:
    if as_json:
        show_json({"number": report.number, "state": report.state, "reason": report.reason, **report.found})
    else:
        click.echo(f"Run {report.number}: {report.state}.")
        if report.reason:
            click.echo(explain(report.reason), err=True)
    if report.state in (RunState.STOPPED, RunState.FAILED):
        sys.exit(1)
