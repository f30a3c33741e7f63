"""`hopnhat review`: reviews of everybody's access, opened, looked at, decided and signed."""

import sys
import uuid
from datetime import datetime, timedelta

import click

from directory_sync.lifecycle import reviews
from directory_sync.lifecycle.reviews import KEEP, WITHDRAW, Reviewer
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.errors import NotFound
from idp.settings import current_settings
from idp.web.formats import today

CAMPAIGN_COLUMNS: tuple[str, ...] = ("id", "name", "opened_at", "due_on", "sheets", "signed")
SHEET_COLUMNS: tuple[str, ...] = ("id", "unit_name", "people", "undecided", "withdrawn", "signed_name", "signed_at")
LINE_COLUMNS: tuple[str, ...] = ("id", "person_id", "name", "title", "roles", "applications", "decision", "decided_by", "decided_at")


def _reviewer() -> Reviewer:
    return Reviewer(operator(), operator())


@click.group("review")
def group() -> None:
    """Reviews of everybody's access: by unit, kept or withdrawn person by person, signed."""


@group.command("open")
@click.argument("name")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="Last day (YYYY-MM-DD); without, as the settings say.")
def open_review(name: str, due: datetime | None) -> None:
    """Open a review called NAME (as 2026-2)."""
    due_on = due.date() if due else today() + timedelta(days=current_settings().access_review_days)
    click.echo(in_transaction(lambda connection: reviews.open_campaign(connection, name, due_on, actor=operator())))


@group.command("list")
@json_option
def list_reviews(as_json: bool) -> None:
    """List reviews, newest first. Exit 1 when one is overdue."""
    rows = reviews.campaigns(reader(), None)
    found = [{name: getattr(row, name) for name in CAMPAIGN_COLUMNS} for row in rows]
    if as_json:
        show_json(found)
    else:
        show_table(CAMPAIGN_COLUMNS, [tuple(line.values()) for line in found], "No review yet.")
    if any(row.signed < row.sheets and row.due_on < today() for row in rows):
        sys.exit(1)


@group.command()
@click.argument("name")
@click.option("--unit", help="Only the sheet of this unit, with its people: its name, or the sheet's id.")
@json_option
def show(name: str, unit: str | None, as_json: bool) -> None:
    """Show the sheets of the review NAME, or with --unit the people on one."""
    campaign = next((row for row in reviews.campaigns(reader(), None) if row.name == name), None)
    if campaign is None:
        raise NotFound(f"There is no review {name!r}.")
    sheets = reviews.sheets_of(reader(), campaign.id, None, most=1_000_000)
    if unit is None:
        found, columns = [{column: getattr(row, column) for column in SHEET_COLUMNS} for row in sheets], SHEET_COLUMNS
    else:
        chosen = [row for row in sheets if unit in (row.unit_name, str(row.id))]
        found = [
            {column: getattr(line, column) for column in LINE_COLUMNS} for row in chosen for line in reviews.lines_of(reader(), row.id)
        ]
        columns = LINE_COLUMNS
    if as_json:
        show_json(found)
    else:
        show_table(columns, [tuple(line.values()) for line in found], "No such sheet.")


@group.command()
@click.argument("sheet", type=click.UUID)
@click.argument("lines", type=click.UUID, nargs=-1, required=True)
@click.option("--withdraw", "withdrawn", is_flag=True, help="Withdraw access instead of keeping it.")
def decide(sheet: uuid.UUID, lines: tuple[uuid.UUID, ...], withdrawn: bool) -> None:
    """Keep the access of the people on these LINES (ids) of SHEET (its id)."""
    decisions = dict.fromkeys(lines, WITHDRAW if withdrawn else KEEP)
    changed = in_transaction(lambda connection: reviews.decide(connection, sheet, decisions, _reviewer()))
    click.echo(f"{changed} decided")


@group.command()
@click.argument("sheet", type=click.UUID)
@click.option("--note", default="", help="For the minutes.")
def sign(sheet: uuid.UUID, note: str) -> None:
    """Sign SHEET (its id), on which everybody is decided; access is withdrawn at once."""
    withdrawn = in_transaction(lambda connection: reviews.sign(connection, sheet, note, _reviewer()))
    click.echo(f"signed, access withdrawn from {withdrawn}")
