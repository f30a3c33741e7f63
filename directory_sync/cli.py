"""`hopnhat sync`: run, preview, approve, list and show sync runs."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console

from directory_sync import ledger, plan_cli, run
from directory_sync.changes import Changes, Update, told_people
from directory_sync.models import RunState
from directory_sync.reasons import explain
from directory_sync.run import RunReport
from directory_sync.source.reading import Progress, ReadIncomplete
from idp.command_line import json_option, operator, show_json, show_table, told
from idp.database import reader
from idp.errors import Refusal

STEPS = {"read": "Reading people", "suspend": "Suspending", "return": "Restoring", "update": "Updating", "join": "Adding"}
COUNTS = ("people_read", "units_read", "joined", "changed", "moved", "suspended", "returned", "units_changed")
SHOWN_LINES = 40


@click.group()
def sync() -> None:
    """The directory: bring people and units to where it has them."""


@contextmanager
def _progress() -> Iterator[Progress]:
    """A line that moves on a terminal; nothing in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with console.status("Connecting…") as status:
        yield lambda step, done: status.update(f"{STEPS[step]}: {done}")


def _report(report: RunReport, as_json: bool) -> None:
    if as_json:
        show_json({"number": report.number, "state": report.state, "reason": report.reason, **report.found})
    else:
        counts = ", ".join(f"{name.replace('_', ' ')} {report.found[name]}" for name in COUNTS if report.found.get(name))
        click.echo(f"Run {report.number}: {report.state}{f' ({counts})' if counts else ''}.")
        if report.reason:
            click.echo(explain(report.reason), err=True)
        for kind, count in report.found.get("flaws", {}).items():
            click.echo(f"  {kind}: {count}")
    if report.state in (RunState.STOPPED, RunState.FAILED):
        sys.exit(1)


@sync.command("run")
@json_option
def run_command(as_json: bool) -> None:
    """Run now. Exit 1 when it failed or was stopped: then nothing was changed."""
    with _progress() as progress:
        report = run.run_sync(started_by=operator(), progress=progress)
    _report(report, as_json)


@sync.command()
@json_option
def preview(as_json: bool) -> None:
    """Show what a run would do now, changing nothing. Exit 1 when it would be stopped or the directory cannot be read."""
    try:
        changes, objections = run.preview()
    except ReadIncomplete as incomplete:
        raise Refusal(explain(str(incomplete)), reason=incomplete.reason) from None
    lines = list(_preview_lines(changes))
    if as_json:
        counts = {"people_read": changes.people_read, "units_read": changes.units_read}
        show_json(
            {**counts, "objections": objections, "changes": [dict(zip(("kind", "name", "detail"), line, strict=True)) for line in lines]}
        )
    else:
        show_table(["Change", "Name", "Detail"], lines[:SHOWN_LINES], "Nothing would change.")
        if len(lines) > SHOWN_LINES:
            click.echo(f"… and {len(lines) - SHOWN_LINES} more; --json shows all.")
        for objection in objections:
            click.echo(explain(objection), err=True)
    if objections:
        sys.exit(1)


def _preview_lines(changes: Changes) -> Iterator[tuple[str, str, str]]:
    for kind, units in (("unit_added", changes.units.added), ("unit_changed", [unit for _, unit in changes.units.changed])):
        yield from ((kind, unit.name, unit.code or "") for unit in units)
    yield from (("unit_closed", unit.record.name, unit.record.code or "") for unit in changes.units.closed)
    reasons = {person_id: reason for person_id, reason, _changed_at in changes.suspensions}
    names = told_people(reader(), [*reasons, *changes.returns])
    yield from (("suspended", names[person_id], reason) for person_id, reason in reasons.items())
    yield from (("returned", names[person_id], "") for person_id in changes.returns)
    yield from (("moved" if update.has_moved else "changed", update.record.name, _fields(update)) for update in changes.told_updates)
    yield from (("joined", record.name, record.username or "") for record in changes.joins)


def _fields(update: Update) -> str:
    return ", ".join(f"{name}: {update.before[name] or '–'} → {value or '–'}" for name, value in update.after.items() if name != "unit_key")


@sync.command()
@click.option("--most", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@json_option
def runs(most: int, as_json: bool) -> None:
    """List the newest runs."""
    found = [_plain(row) for row in ledger.list_runs(reader(), most)]
    if as_json:
        show_json(found)
        return
    headings = ("number", "started_at", "state", "people_read", "joined", "changed", "moved", "suspended", "returned", "reason")
    show_table(
        [heading.replace("_", " ") for heading in headings], [[row[heading] for heading in headings] for row in found], "No run yet."
    )


@sync.command()
@click.argument("number", type=int)
@json_option
def show(number: int, as_json: bool) -> None:
    """Show run NUMBER: what it found, changed and noticed."""
    found = ledger.require_run(reader(), number)
    changes = ledger.list_changes(reader(), found.id, most=1_000_000 if as_json else SHOWN_LINES)
    if as_json:
        every = [
            {"kind": c.kind, "name": c.name, "unit": c.unit_name, "person_id": c.person_id, "before": c.before, "after": c.after}
            for c in changes
        ]
        show_json({**_plain(found), "changes": every})
        return
    for name, value in _plain(found).items():
        if value is not None and name != "flaws":
            click.echo(f"{name.replace('_', ' ')}: {told(value)}")
    if found.reason:
        click.echo(explain(found.reason))
    show_table(
        ["Change", "Name", "Unit", "Before", "After"],
        [[c.kind, c.name, c.unit_name, c.before, c.after] for c in changes],
        "No changes.",
    )
    show_table(["Flaw", "Name", "Entry"], [[f["kind"], f["name"], f["entry"]] for f in found.flaws[:SHOWN_LINES]], "No flaws noticed.")


@sync.command("plan")
@click.argument("number", type=int)
@json_option
def plan_command(number: int, as_json: bool) -> None:
    """Show the plan of run NUMBER: every line, what it costs, how it stands."""
    plan_cli.show_plan(number, as_json)


sync.add_command(plan_cli.group)
sync.add_command(plan_cli.approve)


def _plain(row: Any) -> Mapping[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("id", "leased_until", "holder", "step", "done")}
