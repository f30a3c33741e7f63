"""`hopnhat people service|appoint|end-post|plan|call-off|idle`: further posts, changes that wait for their day, idle accounts."""

import uuid
from datetime import datetime
from typing import Any

import click

from directory_sync.lifecycle import idle, planned
from directory_sync.lifecycle.planned import Plan
from directory_sync.lifecycle.typed import find_unit
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.people import appointments
from idp.people.appointments import Post
from idp.people.career_models import PlannedKind, PostKind
from idp.people.roster import require_person_named
from idp.web.formats import today

DAY = click.DateTime(["%Y-%m-%d"])
POST_COLUMNS = ("id", "unit_name", "title", "kind", "from_day", "to_day", "decision")
PLAN_COLUMNS = ("id", "kind", "from_day", "to_day", "keeps_access", "decision", "carried_out_at", "called_off_at")


@click.command("service")
@click.argument("person")
@json_option
def show_service(person: str, as_json: bool) -> None:
    """Show the further posts and planned changes of PERSON (username, official mail address, staff code or id)."""
    found = require_person_named(reader(), person)
    posts = [{name: getattr(post, name) for name in POST_COLUMNS} for post in appointments.posts_of(reader(), found.id)]
    plans = [{name: getattr(change, name) for name in PLAN_COLUMNS} for change in planned.changes_of(reader(), found.id)]
    warning = idle.warning_of(reader(), found.id)
    if as_json:
        show_json({"posts": posts, "planned": plans, "idle_due_on": warning.due_on if warning else None})
        return
    show_table(POST_COLUMNS, [tuple(post.values()) for post in posts], "No further posts.")
    show_table(PLAN_COLUMNS, [tuple(change.values()) for change in plans], "Nothing is planned.")
    if warning:
        click.echo(f"Idle: will be suspended on {warning.due_on} unless they sign in.")


@click.command()
@click.argument("person")
@click.argument("unit")
@click.option("--kind", type=click.Choice([kind.value for kind in PostKind]), default=PostKind.CONCURRENT.value, show_default=True)
@click.option("--title", help="The post's title.")
@click.option("--from", "first", type=DAY, help="First day (YYYY-MM-DD); today without.")
@click.option("--to", "last", type=DAY, help="Last day; without, no end is known.")
@click.option("--decision", help="Number of the decision.")
def appoint(
    person: str, unit: str, kind: str, title: str | None, first: datetime | None, last: datetime | None, decision: str | None
) -> None:
    """Give PERSON a further post in UNIT (code or full name)."""
    found, where = require_person_named(reader(), person), find_unit(reader(), unit, None)
    post = Post(where.id, title, PostKind(kind), first.date() if first else today(), last.date() if last else None, decision)
    click.echo(in_transaction(lambda connection: appointments.add(connection, found.id, post, actor=operator())))


@click.command("end-post")
@click.argument("person")
@click.argument("post", type=click.UUID)
@click.option("--day", type=DAY, help="Last day (YYYY-MM-DD); today without.")
def end_post(person: str, post: uuid.UUID, day: datetime | None) -> None:
    """End the further post POST (its id) of PERSON."""
    found = appointments.require(reader(), require_person_named(reader(), person).id, post)
    last = day.date() if day else today()
    ended = in_transaction(lambda connection: appointments.end(connection, found.id, last, actor=operator()))
    click.echo(f"{post}: ends {last}" if ended else f"{post}: had ended before")


@click.command("plan")
@click.argument("person")
@click.argument("kind", type=click.Choice([kind.value for kind in PlannedKind]))
@click.argument("day", type=DAY)
@click.option("--to", "last", type=DAY, help="Last day of an absence.")
@click.option("--keeps-access", is_flag=True, help="Nothing is withdrawn during the absence.")
@click.option("--decision", required=True, help="Number of the decision, or what it is based on.")
def plan_change(person: str, kind: str, day: datetime, last: datetime | None, keeps_access: bool, decision: str) -> None:
    """Let a change of PERSON wait for DAY (YYYY-MM-DD); of a leaving it is the last day of service."""
    found = require_person_named(reader(), person)
    wanted = Plan(PlannedKind(kind), day.date(), decision, last.date() if last else None, keeps_access)
    click.echo(in_transaction(lambda connection: planned.plan(connection, found.id, wanted, actor=operator())))


@click.command("call-off")
@click.argument("person")
@click.argument("change", type=click.UUID)
def call_off(person: str, change: uuid.UUID) -> None:
    """Call the planned change CHANGE (its id) of PERSON off."""
    found = require_person_named(reader(), person)
    in_transaction(lambda connection: planned.call_off(connection, found.id, change, actor=operator()))
    click.echo(f"{change}: called off")


@click.command("idle")
@json_option
def list_idle(as_json: bool) -> None:
    """List who is warned for not having signed in, and when they will be suspended."""
    columns = ("person_id", "name", "unit_name", "last_seen_at", "warned_at", "due_on")
    found: list[dict[str, Any]] = [{name: getattr(row, name) for name in columns} for row in idle.warned(reader(), None)]
    if as_json:
        show_json(found)
    else:
        show_table(columns, [tuple(line.values()) for line in found], "Nobody is idle.")


COMMANDS = (show_service, appoint, end_post, plan_change, call_off, list_idle)
