"""`python -m bench.tracker [--people 50000]`: what a night and a page of the tracker cost, beside a plain GROUP BY over the people.

Processor time of our process and of the database beside it, and the most memory our process ever held. A night is the second snapshot:
the first fills in everybody. A page is the leaders' page over HTTP with a year of days behind it; its first view in a
process works out and draws what the next ones find kept.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Connection, insert, literal, select, text, true

from bench import processor_time
from bench.many_people import fill
from bench.sync import STORES, _database
from idp import clock, schema
from idp.app import create_app
from idp.clock import ManualClock
from idp.database import db, in_transaction, reader, table_of
from idp.enrollment import expectation
from idp.enrollment import figures_of_day as days
from idp.enrollment.drawn_days import KEPT_KEY
from idp.enrollment.following import look_job
from idp.enrollment.models import Snapshot, SnapshotTotal
from idp.enrollment.snapshots import take_snapshot
from idp.roles.models import Role
from idp.sealing import new_key
from idp.settings import Settings
from tests.support.signed_in import browser_of

MOST_LOOKS = 20
PLAIN = "SELECT unit_id, staff_category, count(*), sum(case when last_two_factor_at > :since then 1 else 0 end) FROM person GROUP BY 1, 2"


def _year_before(connection: Connection) -> None:
    """A year of days as the newest: figures of units and the whole, without people behind them."""
    newest = days.newest_day(connection)
    assert newest
    heads, totals = table_of(Snapshot), table_of(SnapshotTotal)
    for back in range(2, 366):
        day = newest - timedelta(days=back)
        for table, among in ((heads, true()), (totals, totals.c.kind.in_(("whole", "unit")))):
            columns = [column for column in table.c if column.name != "day"]
            copied = select(literal(day, table.c.day.type), *columns).where(table.c.day == newest, among)
            connection.execute(insert(table).from_select(["day", *(column.name for column in columns)], copied))


def _pages(app: Flask, browser: Any) -> dict[str, Callable[[], Any]]:
    day = days.newest_day(reader())
    assert day is not None
    unit = days.units_below(reader(), day, None)[0].unit_id

    def view(path: str) -> None:
        response = browser.get(path)
        assert response.status_code == 200, response.status_code

    def first_view() -> None:
        expectation._forecast.cache_clear()
        app.extensions.pop(KEPT_KEY, None)
        view("/console/enrollment")

    view("/console/enrollment")
    return {
        "page, first view": first_view, "page": lambda: view("/console/enrollment"),
        "page of a unit": lambda: view(f"/console/enrollment?unit={unit}"), "Biểu 01": lambda: view("/console/enrollment/reports/1"),
    }  # fmt: skip


def _cost(deed: Callable[[], Any], database: int | None, times: int = 1) -> str:
    beside, own, began = processor_time.used_seconds([database]) if database else 0.0, time.process_time(), time.perf_counter()
    for _turn in range(times):
        deed()
    own, wall = (time.process_time() - own) / times, (time.perf_counter() - began) / times
    also = (processor_time.used_seconds([database]) - beside) / times if database else 0.0
    return f"{own * 1000:9.1f} ms + {also * 1000:9.1f} ms of the database, {wall:7.2f} s by the wall"


def _settle() -> None:
    """What PostgreSQL does by itself in the hour after millions of rows came: or it would do it beside, and in, what is measured."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _measure(store: str, people: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _database(store, folder) as (url, database):
            settings = Settings(  # type: ignore[call-arg] # the rest has defaults
                issuer="http://localhost:8000", database_url=url, sealing_keys=SecretStr(new_key())
            )
            app = create_app(settings)
            with app.app_context(), clock.using(ManualClock(clock.now())):
                schema.upgrade()
                fill(people)
                _report(app, store, people, database)


def _report(app: Flask, store: str, people: int, database: int | None) -> None:
    since = clock.now() - timedelta(days=30)

    def night() -> None:
        in_transaction(lambda connection: take_snapshot(connection, actor="cli:bench"))

    click.echo(f"{store}, {people} people")
    _settle()
    click.echo(f"  first look        {_cost(look_job, database)}")
    _settle()
    click.echo(f"  first snapshot    {_cost(night, database)}")
    with clock.using(ManualClock(clock.now() + timedelta(days=1))):
        for _turn in range(min(people // 5000 + 1, MOST_LOOKS)):
            look_job()  # what the worker has done since, or a part of it: the snapshot does the rest
        click.echo(f"  look of a day     {_cost(look_job, database)}")
        click.echo(f"  snapshot          {_cost(night, database)}")
        click.echo(f"  plain GROUP BY    {_cost(lambda: reader().execute(text(PLAIN), {'since': str(since)}).all(), database)}")
        in_transaction(_year_before)
        for name, deed in _pages(app, browser_of(app, Role.LEADER)).items():
            click.echo(f"  {name:17} {_cost(deed, database, 10)}")
    click.echo(f"  most memory       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


@click.command()
@click.option("--people", default=50_000, show_default=True)
@click.option("--store", type=click.Choice(STORES), multiple=True, default=STORES)
def main(people: int, store: tuple[str, ...]) -> None:
    """Measure each store."""
    for one in store:
        _measure(one, people)


if __name__ == "__main__":
    main()
