"""`hopnhat enrollment remind|campaign|enrolment-day|escalate`: acting on the figures for scripts."""

import sys
import uuid
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click

from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.enrollment import figures_of_day as days
from idp.enrollment.campaigns import campaigns, enrolment_days, escalation, reminders
from idp.enrollment.report_cli import COMMANDS as REPORTS
from idp.enrollment.report_cli import DAY, rung_option, unit_id_of, unit_option

NOTHING = campaigns.Effect(0, 0, 0, 0, 0)


@click.command("remind")
@unit_option
@rung_option
@click.option("--reason", required=True, help="Why; it is kept.")
@json_option
def remind(unit_code: str | None, segment: str | None, reason: str, as_json: bool) -> None:
    """Write reminders to everybody who misses a step, once a week each at the most; the worker sends them."""
    unit_id, actor = unit_id_of(unit_code), operator()
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
    unit_id, actor = unit_id_of(unit_code), operator()
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


@campaign.command("show")
@click.argument("campaign_id", type=click.UUID)
@json_option
def show_campaign(campaign_id: uuid.UUID, as_json: bool) -> None:
    """Show the waves of a campaign, and what came of each."""
    found, waves = campaigns.require_campaign(reader(), campaign_id)
    effects = campaigns.effect_of(reader(), campaign_id)
    told = [
        {
            "number": one.number,
            "from_day": one.from_day,
            "most": one.most,
            "begun_at": one.begun_at,
            **asdict(effects.get(one.number, NOTHING)),
        }
        for one in waves
    ]
    if as_json:
        show_json({"id": found.id, "name": found.name, "ended_at": found.ended_at, "waves": told, "whole": asdict(effects[0])})
        return
    lines = [tuple(one[name] for name in ("number", "from_day", "people", "rose", "reached", "fell", "left")) for one in told]
    show_table(["Wave", "From", "People", "Rose", "On B6", "Fell", "Left"], lines, "No waves.")


@click.command("enrolment-days")
@json_option
def list_enrolment_days(as_json: bool) -> None:
    """Show the enrolment days to come."""
    rows = [
        {"id": one.id, "day": one.day, "unit": one.unit_name, "place": one.place, "officer": one.officer}
        for one in enrolment_days.list_days(reader(), most=1000)
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(
            ["Day", "Unit", "Place", "Officer", "Id"], [(r["day"], r["unit"], r["place"], r["officer"], r["id"]) for r in rows], "None."
        )


@click.command("cancel-enrolment-day")
@click.argument("day_id", type=click.UUID)
def cancel_enrolment_day(day_id: uuid.UUID) -> None:
    """Take an enrolment day out of the calendar."""
    in_transaction(lambda connection: enrolment_days.cancel_day(connection, day_id, actor=operator()))


@click.command("enrolment-day")
@click.argument("day", type=DAY)
@click.option("--unit", "unit_code", required=True, help="Code or id of the unit.")
@click.option("--place", required=True)
@click.option("--officer", required=True, help="Name and telephone of who is there.")
def enrolment_day(day: datetime, unit_code: str, place: str, officer: str) -> None:
    """Plan an enrolment day; reminders to the unit's people tell of it."""
    unit_id = unit_id_of(unit_code)
    assert unit_id
    planned = in_transaction(lambda connection: enrolment_days.plan_day(connection, unit_id, day.date(), place, officer, actor=operator()))
    click.echo(str(planned))


@click.command("escalate")
@click.option("--reason", help="Why; with it the steps that are due are taken, without it they are only shown.")
@json_option
def escalate(reason: str | None, as_json: bool) -> None:
    """Show lagging units and their steps on the ladder; with a reason, write to those whose turn it is."""
    day = days.newest_day(reader())
    if day is None:
        click.echo("No day is frozen yet.")
        sys.exit(1)
    letters = in_transaction(lambda connection: escalation.climb(connection, day, None, actor=operator(), reason=reason)) if reason else 0
    lines = [
        {
            "unit": one.unit.line.name, "missing": one.unit.line.figures.missing, "state": one.unit.state.value,
            "told": {step.name.lower(): on for step, on in one.told}, "next_step": one.next_step.name.lower() if one.next_step else None,
            "due_on": one.due_on, "leaders": [person.name for person in one.people],
        }
        for one in escalation.ladder(reader(), day, None)
    ]  # fmt: skip
    if as_json:
        show_json({"day": day, "units": lines, "letters": letters})
        return
    headings = ["Unit", "Missing", "State", "Told", "Next step", "From", "Who"]
    told = [tuple(", ".join(map(str, value)) if isinstance(value, dict | list) else value for value in one.values()) for one in lines]
    show_table(headings, told, "No unit lags.")
    if reason:
        click.echo(f"{letters} letters")


COMMANDS = (*REPORTS, remind, campaign, enrolment_day, list_enrolment_days, cancel_enrolment_day, escalate)
