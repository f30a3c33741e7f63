"""`hopnhat people leavings`: how fast access was withdrawn, and who has not confirmed it."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from idp import clock
from idp.command_line import json_option, show_json, show_table
from idp.database import reader
from idp.oidc import leavings
from idp.oidc.leavings import LeavingFacts
from idp.people.roster import require_person_named


@click.command("leavings")
@click.argument("person", required=False)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How far to look back.")
@json_option
def list_leavings(person: str | None, days: int, as_json: bool) -> None:
    """List the times access was withdrawn: of PERSON (username, official mail address, staff code or id), or of all; each with what
    every client was told. Times run from the directory's change, where it is known, to the last confirmation."""
    if person:
        found = leavings.leavings_of(reader(), require_person_named(reader(), person).id, most=100)
    else:
        found = leavings.leavings_since(reader(), clock.now() - timedelta(days=days))
    if as_json:
        show_json({"figures": asdict(leavings.figures(found)), "leavings": [in_full(one) for one in found]})
        return
    lines = [(one.name, one.reason, one.withdrawn_at, _seconds(one), _clients(one)) for one in found]
    show_table(["Name", "Reason", "Withdrawn", "Seconds", "Clients"], lines, "Nobody's access was withdrawn.")
    told = leavings.figures(found)
    click.echo(f"{told.leavings} leavings, {told.unconfirmed} unconfirmed; median {told.median} s, worst {told.worst} s")


def in_full(left: LeavingFacts) -> dict[str, Any]:
    """All of one leaving, as JSON tells it."""
    took = left.took.total_seconds() if left.took is not None else None
    return {**asdict(left), "counted_from": left.counted_from, "out_at": left.out_at, "seconds": took}


def _seconds(left: LeavingFacts) -> str:
    return "unconfirmed" if left.took is None else f"{left.took.total_seconds():.1f}"


def _clients(left: LeavingFacts) -> str:
    return "\n".join(f"{one.client_name}: {one.state}" for one in left.clients)
