"""`hopnhat enrollment status|snapshot|verify|…`: the tracker for scripts; closings and lists are in `closing_cli.py`."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.enrollment.alarm import recent_differences
from idp.enrollment.closing_cli import COMMANDS
from idp.enrollment.figures import Tally, add, percent_text
from idp.enrollment.integrity import flaws
from idp.enrollment.parameters import local_now
from idp.enrollment.recount import count_differences, list_differences
from idp.enrollment.rungs import Rung
from idp.enrollment.snapshots import first_broken_day, has_snapshot, read_snapshot, recount_everybody, take_snapshot
from idp.enrollment.status import Status, count_now, status_of_day


@click.group()
def enrollment() -> None:
    """The tracker: who can be electronically authenticated."""


for _command in COMMANDS:
    enrollment.add_command(_command)


def told(tally: Tally) -> dict[str, Any]:
    """One tally in the stable keys of the JSON output."""
    return {
        "people": tally.people,
        "authenticated": tally.authenticated,
        "missing": tally.missing,
        "percent": percent_text(tally.authenticated, tally.people),
        "rungs": {rung.value: tally.on.get(rung, 0) for rung in Rung},
    }


def marked(rows: Iterable[Any], name: str) -> int:
    """How many of these people bear a mark; 0 for days before it was counted."""
    return sum(getattr(row, name, None) or 0 for row in rows)


def as_told(status: Status) -> dict[str, Any]:
    """The whole status in the stable keys of the JSON output; `docs/enrollment.md` explains each."""
    units = [
        {
            "unit_id": unit_id,
            "code": unit.code if unit else None,
            "name": unit.name if unit else None,
            "level": unit.level if unit else None,
        }
        | told(tally)
        for unit_id, tally in status.by_unit.items()
        for unit in (status.units.get(unit_id),)
    ]
    whole = status.whole
    breakdowns = (status.by_level, status.by_category, status.by_unit)
    return {
        "at": status.at,
        "day": status.day or local_now().date(),
        "frozen": status.day is not None,
        "hash": status.hash.hex() if status.hash else None,
        **told(whole),
        "contract_staff_left_out": status.left_out,
        "proofing_recorded": True,
        "systems": {"integrated": status.parameters["integrated_systems"], "in_scope": status.parameters.get("systems_in_scope")},
        "entitled": marked(status.rows, "entitled"),
        "accounts": whole.at_least(Rung.NOT_ACTIVATED),
        "seamless": whole.seamless,
        "seamless_entitled": marked([row for row in status.rows if row.rung == Rung.SEAMLESS], "entitled"),
        "absent": marked(status.rows, "absent"),
        "exempt": marked(status.rows, "exempt"),
        "milestones": [{"by": one.by, "percent": one.percent, "reached": one.reached, "missing": one.missing} for one in status.milestones],
        "levels": [{"level": level or None, **told(tally)} for level, tally in sorted(status.by_level.items())],
        "categories": [{"staff_category": category or None, **told(tally)} for category, tally in sorted(status.by_category.items())],
        "units": sorted(units, key=lambda line: (-line["missing"], line["name"] or "")),
        "reconciles": all(add(one.values()) == whole for one in breakdowns),
        "parameters": dict(status.parameters),
    }


@enrollment.command("status")
@click.option("--day", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help="The frozen figures of this day instead of the present ones.")
@json_option
def show_status(day: datetime | None, as_json: bool) -> None:
    """Show where the province stands: by rung, level, category and unit."""
    status = status_of_day(reader(), day.date()) if day else count_now(reader())
    found = as_told(status)
    if as_json:
        show_json(found)
        return
    click.echo(f"{found['authenticated']} / {found['people']} people authenticated, {found['percent'] or '-'} %")
    for one in found["milestones"]:
        click.echo(f"  {one['percent']} % by {one['by']}: {'reached' if one['reached'] else str(one['missing']) + ' people missing'}")
    headings = ["Level", "People", *(rung.value for rung in Rung), "Percent"]
    lines = [(one["level"], one["people"], *one["rungs"].values(), one["percent"]) for one in found["levels"]]
    show_table(headings, lines, "Nobody to count.")


@enrollment.command("snapshot")
@json_option
def take(as_json: bool) -> None:
    """Freeze today's figures, once a day; say so when today has its snapshot already."""
    taken = in_transaction(lambda connection: take_snapshot(connection, actor=operator()))
    day = local_now().date()
    found = read_snapshot(reader(), day)
    assert has_snapshot(reader(), day)
    assert found
    if as_json:
        show_json({"day": day, "taken": taken, "taken_at": found[0].taken_at, "hash": found[0].hash.hex()})
    else:
        click.echo(f"{day}: {'frozen' if taken else 'was frozen already'}, hash {found[0].hash.hex()}")


@enrollment.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Recompute the chains of snapshots, intervals and closings; name what does not hold, and exit 1."""
    broken, found = first_broken_day(reader()), list(flaws(reader()))
    if as_json:
        show_json({"broken_day": broken, "flaws": [asdict(one) for one in found]})
    elif not found:
        click.echo("All snapshots hold.")
    else:
        headings = ["Table", "Day", "Row", "Stored", "Recounted"]
        show_table(headings, [(one.table, one.day, one.row, one.stored, one.recounted) for one in found], "")
    if broken or found:
        sys.exit(1)


@enrollment.command("differences")
@json_option
def differences(as_json: bool) -> None:
    """Show whom recounts found elsewhere than the intervals said, newest first; exit 1 when there are any of the last seven days."""
    names = ("day", "found_at", "person_id", "by_intervals", "by_facts", "unit_by_intervals", "unit_by_facts")
    found = [{name: getattr(row, name) for name in names} for row in list_differences(reader())]
    if as_json:
        show_json({"differences": found})
    else:
        headings = ["Day", "Found at", "Person", "Followed", "Counted", "Unit followed", "Unit counted"]
        show_table(headings, [tuple(one.values()) for one in found], "Every recount agreed.")
    if recent_differences(reader()):
        sys.exit(1)


@enrollment.command("recount")
@json_option
def recount_now(as_json: bool) -> None:
    """Follow the audit trail to its end, hold everybody's interval against the facts, and record what nothing explains."""
    found = in_transaction(recount_everybody)
    if as_json:
        show_json({"differences": found, "recorded_ever": count_differences(reader())})
    else:
        click.echo("The intervals agree with the facts." if not found else f"{found} differences were recorded and put right.")
    if found:
        sys.exit(1)
