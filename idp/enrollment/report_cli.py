"""`hopnhat enrollment report|prose|evidence|mail|public`: the figures on paper for scripts, and the options that name a part of them."""

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
DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
day_option = click.option("--day", type=DAY, help="A frozen day; the newest without it.")
unit_option = click.option("--unit", "unit_code", help="Code or id of a unit, with all below it; the whole province without it.")
rung_option = click.option(
    "--segment", type=click.Choice([rung.value for rung in Rung][:-1]), help="People who stand on this rung; all below B6 without it."
)


def unit_id_of(typed: str | None) -> uuid.UUID | None:
    """The unit that somebody typed by its code or id. Raises NotFound."""
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


def frozen_day(day: datetime | None) -> date:
    """The day asked for, or the newest that is frozen. Raises NotFound."""
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
        unit_id = unit_id_of(unit_code)
        form = _names(segment or "", unit_id, reason) if number == "3" else form_of(reader(), int(number), frozen_day(day), unit_id)
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
    about: dict[str, Any] = {"segment": segment, "unit": str(unit_id) if unit_id else None, "people": len(people)}
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
        shown, parts = prose_of(reader(), frozen_day(day), unit_id_of(unit_code), None)
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
    until = frozen_day(day)
    with output.open("wb") as file:
        evidence_pack(reader(), file, until)
    in_transaction(lambda connection: audit.record(connection, audit.Event.EVIDENCE_TAKEN, actor=operator(), day=until.isoformat()))
    click.echo(f"{output}: until {until}; unpack it and run python check.py")


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
    day = days.day_of(reader(), frozen_day(None))
    whole, levels = published(day)
    told = {"day": day.day, "whole": asdict(whole), "levels": [asdict(one) for one in levels]}
    if as_json:
        show_json(told)
    else:
        show_table(["Level", "Reached", "People"], [(one.key or "all", one.reached, one.people) for one in (whole, *levels)], "Nothing.")


COMMANDS = (report, prose, evidence, mail_reports, show_public)
