"""`hopnhat enrollment report|prose|evidence|remind|campaign|day|escalate`: reports and acting on the figures for scripts."""

import sys
import uuid
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from idp import audit
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment import missing_people
from idp.enrollment.campaigns import campaigns, enrolment_days, escalation, reminders
from idp.enrollment.reports import subscriptions
from idp.enrollment.reports.evidence import evidence_pack
from idp.enrollment.reports.form_files import as_csv, as_workbook
from idp.enrollment.reports.forms import Form, form_of
from idp.enrollment.reports.lists import form_of_missing
from idp.enrollment.reports.prose import prose_of
from idp.enrollment.reports.public_pages import published
from idp.enrollment.rungs import LABELS, Rung
from idp.errors import NotFound
from idp.people.models import Unit
from idp.people.roster import require_person_named
from idp.people.units import find_unit

_u = table_of(Unit)
NOTHING = campaigns.Effect(0, 0, 0, 0, 0)
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
@click.argument("number", type=click.Choice(["1", "2", "3", "4"]))
@day_option
@unit_option
@rung_option
@click.option("--reason", help="Why the names of Biểu 03 are needed; it is kept.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file that ends in .xlsx or .csv.")
@json_option
def report(
    number: str, day: datetime | None, unit_code: str | None, segment: str | None, reason: str | None, output: Path | None, as_json: bool
) -> None:
    """Write Biểu 01 (by unit), 02 (by system), 03 (people not done, by name) or 04 (data quality), in Vietnamese."""
    if output is None and not as_json:
        raise click.UsageError("--output FILE or --json")
    if output is not None and output.suffix not in (".xlsx", ".csv"):
        raise click.UsageError("--output ends in .xlsx or .csv")
    with force_locale("vi"):
        unit_id = _unit_id(unit_code)
        form = _names(segment or "", unit_id, reason) if number == "3" else form_of(reader(), int(number), _frozen_day(day), unit_id)
        if output is not None:
            output.write_bytes(as_workbook(form) if output.suffix == ".xlsx" else "".join(as_csv(form)).encode())
    if as_json:
        rows = [{"kind": row.kind, "cells": list(row.cells)} for row in form.rows]
        show_json(
            {"number": form.number, "title": form.title, "day": form.day, "columns": [name for name, _kind in form.columns], "rows": rows}
        )
    else:
        click.echo(f"{output}: {form.day}")


def _names(segment: str, unit_id: uuid.UUID | None, reason: str | None) -> Form:
    if not reason:
        raise click.UsageError("Biểu 03 names people: --reason")
    people = missing_people.list_missing(reader(), segment, [unit_id] if unit_id else None)
    about = {"segment": segment, "unit": str(unit_id) if unit_id else None, "people": len(people)}
    in_transaction(lambda connection: audit.record(connection, audit.Event.TRACKER_NAMES_SHOWN, actor=operator(), reason=reason, **about))
    group = f"{segment} {LABELS[Rung(segment)]}" if segment else _("Mọi người chưa thông suốt, hợp nhất")
    unit = find_unit(reader(), unit_id) if unit_id else None
    return form_of_missing(people, group, unit.name if unit else "toàn tỉnh")


@click.command("prose")
@day_option
@unit_option
@json_option
def prose(day: datetime | None, unit_code: str | None, as_json: bool) -> None:
    """Print the day's figures in sentences, in Vietnamese."""
    with force_locale("vi"):
        shown, parts = prose_of(reader(), _frozen_day(day), _unit_id(unit_code), None)
    if as_json:
        show_json({"day": shown.day.day, "parts": [{"heading": heading, "paragraphs": list(told)} for heading, told in parts]})
        return
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


@click.command("mail")
@click.argument("person")
@click.option("--every", type=click.Choice(["week", "month", "never"]), required=True, help="Mondays, the 15th, or no more.")
def mail_reports(person: str, every: str) -> None:
    """Let Biểu 01 come to somebody by mail, as far as they may see it."""

    def deed(connection: Any) -> str:
        found = require_person_named(connection, person)
        subscriptions.subscribe(connection, found.id, "" if every == "never" else every)
        return str(found.name)

    click.echo(f"{in_transaction(deed)}: {every}")


@click.command("public")
@json_option
def show_public(as_json: bool) -> None:
    """Show what the public page tells of the newest day, whether or not it is open."""
    day = days.day_of(reader(), _frozen_day(None))
    whole, levels = published(day)
    told = {"day": day.day, "whole": asdict(whole), "levels": [asdict(one) for one in levels]}
    if as_json:
        show_json(told)
    else:
        show_table(["Level", "Reached", "People"], [(one.key or "all", one.reached, one.people) for one in (whole, *levels)], "Nothing.")


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
    told = [(*list(one.values())[:3], ", ".join(map(str, one["told"].items())), *list(one.values())[4:]) for one in lines]  # type: ignore[attr-defined]
    show_table(headings, told, "No unit lags.")
    if reason:
        click.echo(f"{letters} letters")


COMMANDS = (
    report, prose, evidence, remind, campaign, enrolment_day, list_enrolment_days, cancel_enrolment_day, escalate, mail_reports, show_public,
)  # fmt: skip
