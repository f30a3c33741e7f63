"""`hopnhat enrollment report|prose|evidence|remind|campaign|day|escalate`: reports and acting on the figures for scripts."""

import sys
import uuid
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from flask_babel import force_locale
from sqlalchemy import select

from idp import audit
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment.campaigns import campaigns, enrolment_days, escalation, reminders
from idp.enrollment.reports.evidence import evidence_pack
from idp.enrollment.reports.form_files import as_csv, as_workbook
from idp.enrollment.reports.forms import form_of
from idp.enrollment.reports.prose import prose_of
from idp.enrollment.rungs import Rung
from idp.errors import NotFound
from idp.people.models import Unit

_u = table_of(Unit)
DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
day_option = click.option("--day", type=DAY, help="A frozen day; the newest without it.")
unit_option = click.option("--unit", "unit_code", help="Code or id of a unit, with all below it; the whole province without it.")
rung_option = click.option(
    "--segment", type=click.Choice([rung.value for rung in Rung][:-1]), help="People who stand on this rung; all below B6 without it."
)


def _unit_id(typed: str | None) -> uuid.UUID | None:
    if typed is None:
        return None
    try:
        condition = _u.c.id == uuid.UUID(typed)
    except ValueError:
        condition = _u.c.code == typed
    found: uuid.UUID | None = reader().execute(select(_u.c.id).where(condition, _u.c.valid_to.is_(None))).scalar()
    if found is None:
        raise NotFound(f"There is no unit {typed}.")
    return found


def _frozen_day(day: datetime | None) -> date:
    found = day.date() if day else days.newest_day(reader())
    if found is None:
        raise NotFound("No day is frozen yet.")
    return found


@click.command("report")
@click.argument("number", type=click.Choice(["1", "2", "4"]))
@day_option
@unit_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A file that ends in .xlsx or .csv.")
def report(number: str, day: datetime | None, unit_code: str | None, output: Path) -> None:
    """Write Biểu 01 (by unit), 02 (by system) or 04 (data quality), in Vietnamese."""
    if output.suffix not in (".xlsx", ".csv"):
        raise click.UsageError("--output ends in .xlsx or .csv")
    with force_locale("vi"):
        form = form_of(reader(), int(number), _frozen_day(day), _unit_id(unit_code))
        output.write_bytes(as_workbook(form) if output.suffix == ".xlsx" else "".join(as_csv(form)).encode())
    click.echo(f"{output}: {form.day}")


@click.command("prose")
@day_option
@unit_option
def prose(day: datetime | None, unit_code: str | None) -> None:
    """Print the day's figures in sentences, in Vietnamese."""
    with force_locale("vi"):
        _shown, parts = prose_of(reader(), _frozen_day(day), _unit_id(unit_code), None)
    for heading, paragraphs in parts:
        click.echo("\n".join([heading, *paragraphs, ""]))


@click.command("evidence")
@day_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The ZIP file to write.")
def evidence(day: datetime | None, output: Path) -> None:
    """Write the evidence pack: all frozen days up to one, with a script that checks them without this product."""
    until = _frozen_day(day)
    with output.open("wb") as file:
        evidence_pack(reader(), file, until)
    in_transaction(lambda connection: audit.record(connection, audit.Event.EVIDENCE_TAKEN, actor=operator(), day=until.isoformat()))
    click.echo(f"{output}: until {until}; unpack it and run python check.py")


@click.command("remind")
@unit_option
@rung_option
@click.option("--reason", required=True, help="Why; it is kept.")
@json_option
def remind(unit_code: str | None, segment: str | None, reason: str, as_json: bool) -> None:
    """Write reminders to everybody who misses a step, once a week each at the most; the worker sends them."""
    unit_id, actor = _unit_id(unit_code), operator()
    order_id = in_transaction(lambda connection: reminders.order_reminders(connection, segment or "", unit_id, reason=reason, actor=actor))
    reminders.remind_job()
    order = next(row for row in reminders.list_orders(reader(), most=1000) if row.id == order_id)
    told = {"written": order.written, "reminded_lately": order.lately, "without_mail": order.without_mail}
    if as_json:
        show_json(told)
    else:
        click.echo(", ".join(f"{name.replace('_', ' ')}: {number}" for name, number in told.items()))


@click.group("campaign")
def campaign() -> None:
    """Campaigns in waves, and what came of them."""


@campaign.command("make")
@click.argument("name")
@unit_option
@rung_option
@click.option("--wave", "waves", multiple=True, required=True, help="2026-12-01 or 2026-12-01:200 (at most 200 people). May be repeated.")
def make_campaign(name: str, unit_code: str | None, segment: str | None, waves: tuple[str, ...]) -> None:
    """Plan a campaign."""
    try:
        told = [(date.fromisoformat(day), int(most) if most else None) for day, _colon, most in (wave.partition(":") for wave in waves)]
    except ValueError:
        raise click.UsageError("--wave is YYYY-MM-DD or YYYY-MM-DD:PEOPLE") from None
    unit_id, actor = _unit_id(unit_code), operator()
    made = in_transaction(lambda connection: campaigns.make_campaign(connection, name, segment or "", unit_id, told, actor=actor))
    click.echo(str(made))


@campaign.command("list")
@json_option
def list_campaigns(as_json: bool) -> None:
    """Show campaigns with their effect."""
    rows: list[dict[str, Any]] = []
    for one in campaigns.list_campaigns(reader()):
        effect = campaigns.effect_of(reader(), one.id)[0]
        rows.append({
            "id": one.id, "name": one.name, "segment": one.rung or None, "unit_id": one.unit_id, "made_at": one.made_at,
            "ended_at": one.ended_at, "people": effect.people, "rose": effect.rose, "reached": effect.reached, "fell": effect.fell,
            "left": effect.left,
        })  # fmt: skip
    if as_json:
        show_json(rows)
    else:
        show_table(
            ["Id", "Name", "People", "Rose", "On B6"], [(r["id"], r["name"], r["people"], r["rose"], r["reached"]) for r in rows], "None."
        )


@campaign.command("end")
@click.argument("campaign_id", type=click.UUID)
def end_campaign(campaign_id: uuid.UUID) -> None:
    """End a campaign: no further wave begins."""
    in_transaction(lambda connection: campaigns.end_campaign(connection, campaign_id, actor=operator()))


@click.command("enrolment-day")
@click.argument("day", type=DAY)
@click.option("--unit", "unit_code", required=True, help="Code or id of the unit.")
@click.option("--place", required=True)
@click.option("--officer", required=True, help="Name and telephone of who is there.")
def enrolment_day(day: datetime, unit_code: str, place: str, officer: str) -> None:
    """Plan an enrolment day; reminders to the unit's people tell of it."""
    unit_id = _unit_id(unit_code)
    assert unit_id
    planned = in_transaction(lambda connection: enrolment_days.plan_day(connection, unit_id, day.date(), place, officer, actor=operator()))
    click.echo(str(planned))


@click.command("escalate")
@click.option("--reason", help="Why; with it the leaders are written to, without it they are only listed.")
@json_option
def escalate(reason: str | None, as_json: bool) -> None:
    """Show lagging units and who answers for them; with a reason, write to these leaders."""
    day, ladder = escalation.newest_ladder(reader(), None)
    if day is None:
        click.echo("No day is frozen yet.")
        sys.exit(1)
    lines = [
        {
            "unit": one.unit.line.name,
            "missing": one.unit.line.figures.missing,
            "state": one.unit.state.value,
            "leaders": [leader.name for leader in one.leaders],
        }
        for one in ladder
    ]
    letters = (
        in_transaction(lambda connection: escalation.tell_leaders(connection, day, None, actor=operator(), reason=reason)) if reason else 0
    )
    if as_json:
        show_json({"day": day, "units": lines, "letters": letters})
        return
    show_table(["Unit", "Missing", "State", "Leaders"], [tuple(one.values()) for one in lines], "No unit lags.")
    if reason:
        click.echo(f"{letters} letters")


COMMANDS = (report, prose, evidence, remind, campaign, enrolment_day, escalate)
