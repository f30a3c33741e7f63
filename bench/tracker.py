"""`python -m bench.tracker [--people 50000]`: what a night and a page of the tracker cost, beside a plain GROUP BY over the people.

Processor seconds of our process and of the database beside it. A night is the second snapshot: the first fills in everybody.
"""

import random
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr
from sqlalchemy import Connection, insert, text

from bench import processor_time
from bench.sync import STORES, _database
from clients import catalogue, registration
from clients.catalogue import System
from clients.metadata import ClientMetadata
from idp import clock, schema
from idp.app import create_app
from idp.clock import ManualClock
from idp.credentials.models import Proofing, RecoveryCode, TotpCredential
from idp.database import in_transaction, insert_rows, new_id, new_ids, reader, table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment.following import look_job
from idp.enrollment.snapshots import take_snapshot
from idp.enrollment.standing_models import SystemEntry
from idp.people.models import Person, Unit
from idp.people.names import search_key, sort_key
from idp.sealing import new_key
from idp.settings import Settings

UNITS, SYSTEMS, BATCH = 1000, 5, 50_000
_p, _u, _f, _t, _r, _e = (table_of(one) for one in (Person, Unit, Proofing, TotpCredential, RecoveryCode, SystemEntry))
PLAIN = "SELECT unit_id, staff_category, count(*), sum(case when last_two_factor_at > :since then 1 else 0 end) FROM person GROUP BY 1, 2"


def _units(connection: Connection) -> list[Any]:
    ids, now = new_ids(UNITS), clock.now()
    rows = [
        {
            "id": key, "source": "bench", "source_key": str(number), "code": f"H{number}", "name": f"Đơn vị {number}", "search_key": "x",
            "level": "province" if number < 30 else "commune", "parent_id": ids[(number - 1) // 10] if number else None,
            "valid_from": now.date(),
        }
        for number, key in enumerate(ids)
    ]  # fmt: skip
    connection.execute(insert(_u), rows)
    return ids


def _clients(connection: Connection) -> list[Any]:
    found = []
    for number in range(SYSTEMS):
        code = f"he-thong-{number}"
        made = registration.register(connection, ClientMetadata(code, (f"https://{code}.test/cb",), client_id=code), actor="cli:bench")
        catalogue.add_system(connection, System(code, code, client_id=code), actor="cli:bench")
        catalogue.state_integrated(connection, code, actor="cli:bench", reason="bench")
        found.append(made.key)
    return found


def _people(connection: Connection, many: int, units: list[Any], clients: list[Any], draw: random.Random) -> None:
    now, ids = clock.now(), new_ids(many)
    ago = [now - timedelta(days=draw.randint(0, 60)) if draw.random() < 0.6 else None for _ in ids]
    sort, search = sort_key("Vàng Mí Sính"), search_key("Vàng Mí Sính")
    rows = [
        (
            key,
            key.hex,
            key.hex,
            f"p{key.hex}",
            draw.choice(units),
            draw.choice(("can_bo", "cong_chuc", "vien_chuc")),
            signed,
            signed,
            signed,
        )
        for key, signed in zip(ids, ago, strict=True)
    ]
    columns = ("id", "subject", "source_key", "username_key", "unit_id", "staff_category", "first_signed_in_at", "notice_acknowledged_at",
               "last_two_factor_at")  # fmt: skip
    insert_rows(connection, _p, columns, rows, source="bench", directory_dn="x", name="Vàng Mí Sính", sort_key=sort, search_key=search,
                state="active", directory_locked=False, created_at=now, updated_at=now)  # fmt: skip
    enrolled = [key for key, signed in zip(ids, ago, strict=True) if signed]
    given = [(new, key) for new, key in zip(new_ids(len(enrolled)), enrolled, strict=True)]
    insert_rows(connection, _f, ("id", "person_id"), given, kind="in_person", recorded_by="x", reason="x", recorded_at=now)
    insert_rows(connection, _t, ("id", "person_id"), given, name="x", sealed_secret=b"x", last_step=0, created_at=now, confirmed_at=now)
    insert_rows(connection, _r, ("id", "person_id"), given, hash="x", created_at=now, confirmed_at=now)
    entered = [(key, client) for key in enrolled for client in clients if draw.random() < 0.8]
    insert_rows(connection, _e, ("person_id", "client_id"), entered, first_at=now, last_at=now)


def _fill(people: int) -> None:
    draw = random.Random(1)
    units = in_transaction(_units)
    clients = in_transaction(_clients)
    for start in range(0, people, BATCH):
        many = min(BATCH, people - start)
        in_transaction(lambda connection, many=many: _people(connection, many, units, clients, draw))  # type: ignore[misc]


def _page() -> None:
    day = days.newest_day(reader())
    assert day is not None
    found = days.day_of(reader(), day)
    lines = days.units_below(reader(), day, None)
    days.units_below(reader(), day, lines[0].unit_id)
    days.lagging(reader(), day, 20)
    days.trend(reader(), day - timedelta(days=365), day)
    found.targets()


def _cost(deed: Callable[[], Any], database: int | None, times: int = 1) -> str:
    beside, own, began = processor_time.used_seconds([database]) if database else 0.0, time.process_time(), time.perf_counter()
    for _turn in range(times):
        deed()
    own, wall = (time.process_time() - own) / times, (time.perf_counter() - began) / times
    also = (processor_time.used_seconds([database]) - beside) / times if database else 0.0
    return f"{own * 1000:9.1f} ms + {also * 1000:9.1f} ms of the database, {wall:7.2f} s by the wall"


def _measure(store: str, people: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _database(store, folder) as (url, database):
            settings = Settings(  # type: ignore[call-arg] # the rest has defaults
                issuer="http://localhost:8000", database_url=url, sealing_keys=SecretStr(new_key())
            )
            with create_app(settings).app_context(), clock.using(ManualClock(clock.now())):
                schema.upgrade()
                _fill(people)
                since = clock.now() - timedelta(days=30)
                _report(store, people, database, since)


def _report(store: str, people: int, database: int | None, since: Any) -> None:
    def night() -> None:
        in_transaction(lambda connection: take_snapshot(connection, actor="cli:bench"))

    click.echo(f"{store}, {people} people")
    click.echo(f"  first look        {_cost(look_job, database)}")
    click.echo(f"  first snapshot    {_cost(night, database)}")
    with clock.using(ManualClock(clock.now() + timedelta(days=1))):
        for _turn in range(people // 5000 + 1):
            look_job()  # what the worker has done since
        click.echo(f"  look of a day     {_cost(look_job, database)}")
        click.echo(f"  snapshot          {_cost(night, database)}")
        click.echo(f"  plain GROUP BY    {_cost(lambda: reader().execute(text(PLAIN), {'since': str(since)}).all(), database)}")
        click.echo(f"  data of the page  {_cost(_page, database, 20)}")


@click.command()
@click.option("--people", default=50_000, show_default=True)
@click.option("--store", type=click.Choice(STORES), multiple=True, default=STORES)
def main(people: int, store: tuple[str, ...]) -> None:
    """Measure each store."""
    assert new_id()
    for one in store:
        _measure(one, people)


if __name__ == "__main__":
    main()
