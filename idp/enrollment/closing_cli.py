"""`hopnhat enrollment close|correct|sign|closings|list-day|forecast|targets|exempt`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import click

from idp import audit
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader
from idp.enrollment import closings, parameters
from idp.enrollment.exemptions import exempt
from idp.enrollment.figures import percent_text
from idp.enrollment.figures_of_day import day_of, newest_day, trend
from idp.enrollment.forecast import WINDOW_DAYS, forecast
from idp.enrollment.listing import people_on
from idp.enrollment.periods import PeriodKind
from idp.enrollment.rungs import Rung
from idp.people.models import Level
from idp.people.roster import require_person_named

DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
_kind = click.option("--kind", type=click.Choice([kind.value for kind in PeriodKind]), required=True, help="Which sort of period.")
_period = click.option("--period", required=True, help="2026-11, 2026-Q4, 2026-H1, 2026-9M or 2026.")
_other_day = click.option("--day", type=DAY, help="Another day than the 14th; needs a reason.")


def _closed(deed: Callable[[Any], int], as_json: bool) -> None:
    sequence = in_transaction(deed)
    row = next(one for one in closings.list_closings(reader()) if one.sequence == sequence)
    if as_json:
        show_json(told_of_closing(row))
    else:
        click.echo(f"{row.sequence}: {row.kind} {row.period}, version {row.version}, figures of {row.day}, hash {row.hash.hex()}")


def told_of_closing(row: Any) -> dict[str, Any]:
    """A closing in the stable keys of the JSON output."""
    return {
        "sequence": row.sequence, "kind": row.kind, "period": row.period, "version": row.version, "day": row.day, "reason": row.reason,
        "made_by": row.made_by, "made_at": row.made_at, "hash": row.hash.hex(), "snapshot_hash": row.snapshot_hash.hex(),
        "figures": row.figures, "signed_by": row.name, "signed_at": row.signed_at,
    }  # fmt: skip


@click.command("close")
@_kind
@_period
@_other_day
@click.option("--reason", default="", help="Why another day than the 14th.")
@json_option
def close(kind: str, period: str, day: datetime | None, reason: str, as_json: bool) -> None:
    """Fix the figures of a period on the snapshot of its 14th."""
    chosen = day.date() if day else None
    _closed(
        lambda connection: closings.close_period(connection, PeriodKind(kind), period, actor=operator(), day=chosen, reason=reason), as_json
    )


@click.command("correct")
@_kind
@_period
@_other_day
@click.option("--reason", required=True, help="Why the version before does not hold.")
@json_option
def correct(kind: str, period: str, day: datetime | None, reason: str, as_json: bool) -> None:
    """Add a further version of a closed period; those before stay."""
    chosen = day.date() if day else None
    _closed(lambda connection: closings.correct(connection, PeriodKind(kind), period, reason=reason, actor=operator(), day=chosen), as_json)


@click.command("sign")
@click.argument("sequence", type=int)
@click.option("--person", required=True, help="Sign-in name of who signs.")
def sign(sequence: int, person: str) -> None:
    """Note that a named person signed a closing (on paper, or asked for it); pages do it in their own name."""

    def deed(connection: Any) -> str:
        found = require_person_named(connection, person)
        closings.sign(connection, sequence, found.id, actor=operator())
        return str(found.name)

    click.echo(f"{sequence}: signed by {in_transaction(deed)}.")


@click.command("closings")
@json_option
def list_all(as_json: bool) -> None:
    """List closings with their versions and signatures."""
    rows = closings.list_closings(reader())
    if as_json:
        show_json([told_of_closing(row) for row in rows])
        return
    headings = ["No.", "Period", "Version", "Day", "Signed by", "Reason"]
    show_table(headings, [(row.sequence, row.period, row.version, row.day, row.name, row.reason) for row in rows], "Nothing is closed yet.")


@click.command("list-day")
@click.argument("day", type=DAY)
@click.option("--rung", "rungs", multiple=True, type=click.Choice([rung.value for rung in Rung]), help="Only those on this rung.")
@click.option("--reason", required=True, help="Why the names are needed; it is kept.")
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
def list_day(day: datetime, rungs: tuple[str, ...], reason: str, limit: int, as_json: bool) -> None:
    """List by name who stood where on a frozen day; that it was asked is on record."""
    rows = people_on(reader(), day.date(), rungs=rungs or None, most=limit)
    about: dict[str, Any] = {"segment": ",".join(rungs), "unit": None, "people": len(rows), "of_day": day.date().isoformat()}
    in_transaction(lambda connection: audit.record(connection, audit.Event.TRACKER_NAMES_SHOWN, actor=operator(), reason=reason, **about))
    if as_json:
        show_json([vars(row) for row in rows])
        return
    show_table(["Rung", "Name", "Sign-in name", "Since"], [(row.rung, row.name, row.username, row.from_at) for row in rows], "Nobody.")


def forecast_of(day: date) -> Any:
    """The forecast from the newest snapshots up to a day."""
    points = trend(reader(), day - timedelta(days=WINDOW_DAYS), day)
    targets = [(one.by, one.percent) for one in day_of(reader(), day).targets()]
    return forecast([(one.day, one.figures.seamless_entitled, one.figures.entitled) for one in points], targets)


@click.command("forecast")
@json_option
def show_forecast(as_json: bool) -> None:
    """Show when each target is reached at the present pace, in a range, and what pace it would take."""
    day = newest_day(reader())
    if day is None:
        raise click.ClickException("There is no snapshot yet.")
    found = forecast_of(day)
    if as_json:
        show_json({"day": day, **asdict(found)})
        return
    click.echo(f"{day}: {found.outlook.value}, from {found.days} snapshots")
    headings = ["By", "Percent", "Outlook", "Missing", "Expected on", "Earliest", "Latest"]
    lines = [(one.by, one.percent, one.outlook, one.missing, one.expected_on, one.earliest, one.latest) for one in found.targets]
    show_table(headings, lines, "There are no targets.")


@click.command("targets")
@json_option
def show_targets(as_json: bool) -> None:
    """Show the parameters in force, their versions, and how far each target is in the newest snapshot."""
    day = newest_day(reader())
    versions = [dict(row._mapping) for row in parameters.list_versions(reader())]
    found = day_of(reader(), day) if day else None
    targets = [asdict(one) for one in found.targets()] if found else []
    told = {"day": day, "in_force": parameters.in_force(reader()).told(), "targets": targets, "versions": versions}
    if as_json:
        show_json(told)
        return
    if found:
        figures = found.whole.figures
        share = percent_text(figures.seamless_entitled, figures.entitled) or "-"
        coverage = f"{found.coverage.integrated}/{found.coverage.in_scope}"
        click.echo(f"{day}: {figures.seamless_entitled} / {figures.entitled} people on B6, {share} %, on {coverage} systems")
    lines = [(one["by"], one["percent"], one["level"], one["reached"], one["missing"]) for one in targets]
    show_table(["By", "Percent", "Level", "Reached", "Missing"], lines, "There is no snapshot yet.")


@click.command("exempt")
@click.argument("person")
@click.option("--from", "from_day", type=DAY, required=True, help="First day.")
@click.option("--to", "to_day", type=DAY, help="Last day.")
@click.option("--reason", required=True, help="The decision.")
def exempt_person(person: str, from_day: datetime, to_day: datetime | None, reason: str) -> None:
    """Write down that somebody is exempt for a time: they stay in every denominator and are printed apart."""

    def deed(connection: Any) -> str:
        found = require_person_named(connection, person)
        exempt(connection, found.id, from_day.date(), to_day.date() if to_day else None, reason=reason, actor=operator())
        return str(found.name)

    click.echo(f"{in_transaction(deed)} is exempt.")


@click.group("parameters")
def parameter_group() -> None:
    """N, W and targets: proposed by one, approved by another, in force from a day to come."""


@parameter_group.command("propose")
@click.option("--from", "effective_from", type=DAY, required=True, help="The first day; it must lie ahead.")
@click.option("--recent-days", type=int, help="N: days in which a sign-in with two factors counts.")
@click.option("--entry-days", type=int, help="W: days in which an entry into a system counts.")
@click.option("--target", "targets", multiple=True, help="2026-12-31:50 or, for one level, 2026-12-31:50:commune; all of them anew.")
@click.option("--contract-staff/--no-contract-staff", default=None, help="Whether staff on contract count.")
@click.option("--reason", required=True)
@json_option
def propose_parameters(
    effective_from: datetime, recent_days: int | None, entry_days: int | None, targets: tuple[str, ...], contract_staff: bool | None,
    reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Propose parameters; what is not given stays as it is now."""
    now = parameters.in_force(reader())
    wanted = parameters.Parameters(
        0, now.recent_days if recent_days is None else recent_days, now.entry_days if entry_days is None else entry_days,
        now.counts_contract_staff if contract_staff is None else contract_staff, _milestones(targets) or now.milestones,
    )  # fmt: skip
    day = effective_from.date()
    version = in_transaction(lambda connection: parameters.propose(connection, wanted, day, reason=reason, actor=operator()))
    if as_json:
        show_json({"version": version, "effective_from": day})
    else:
        click.echo(f"Version {version} from {day} waits for the approval of another person.")


def _milestones(typed: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    found = []
    for one in typed:
        by, _colon, rest = one.partition(":")
        percent, _colon, level = rest.partition(":")
        try:
            found.append(
                {"by": date.fromisoformat(by).isoformat(), "percent": int(percent)} | ({"level": Level(level).value} if level else {})
            )
        except ValueError:
            raise click.UsageError("--target is YYYY-MM-DD:PERCENT or YYYY-MM-DD:PERCENT:LEVEL") from None
    return tuple(found)


@parameter_group.command("approve")
@click.argument("version", type=int)
def approve_parameters(version: int) -> None:
    """Approve what another person proposed."""
    in_transaction(lambda connection: parameters.approve(connection, version, actor=operator()))


@parameter_group.command("withdraw")
@click.argument("version", type=int)
def withdraw_parameters(version: int) -> None:
    """Take back a proposal, or what is approved and not yet in force."""
    in_transaction(lambda connection: parameters.withdraw(connection, version, actor=operator()))


COMMANDS = (parameter_group, close, correct, sign, list_all, list_day, show_forecast, show_targets, exempt_person)
