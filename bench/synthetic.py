"""`python -m bench.synthetic`: a first and an unchanged run over synthetic people, without a directory's own time, at two sizes.

Says processor seconds, peak memory, and by how many bytes a further person makes it grow. `--people` twice: the growth is between them.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from bench.sync import STORES, _database
from directory_sync.known import KnownPeople
from directory_sync.run import run_sync
from directory_sync.source.open_ldap import take_in
from directory_sync.source.reading import Alive, Progress, Reading, Source, reading_of_all
from directory_sync.unit_tree import understand_units
from idp import schema
from idp.app import create_app
from idp.sealing import new_key
from idp.settings import read_settings
from idp.wire import ber

BASE = "dc=tinh,dc=gov,dc=vn"
UNITS = 2000
FAMILY, GIVEN = ("Nguyễn", "Vàng", "Giàng", "Hoàng", "Lù", "Sùng", "Trần"), ("An", "Mai", "Páo", "Sính", "Hà", "Dung", "Út", "Ơn")


def _entries(people: int) -> Iterator[bytes]:
    for number in range(people):
        name = f"{FAMILY[number % 7]} Thị {GIVEN[number % 8]} {number % 997}"
        facts = {
            "entryUUID": f"{number:08x}-0000-4000-8000-000000000000", "uid": f"nguoi{number}", "displayName": name, "cn": name,
            "title": "Chuyên viên", "mail": f"nguoi{number}@tinh.gov.vn", "mobile": f"09{number:08d}", "employeeNumber": f"HG{number:08d}",
            "employeeType": "công chức", "departmentNumber": f"D{number % UNITS}", "modifyTimestamp": "20260105010000Z",
        }  # fmt: skip
        attributes = (
            ber.element(ber.SEQUENCE, ber.octets(key), ber.element(ber.SET, ber.octets(value.encode()))) for key, value in facts.items()
        )
        yield ber.octets(f"uid=nguoi{number},ou=D{number % UNITS},{BASE}") + ber.element(ber.SEQUENCE, *attributes)


def _source(people: int) -> Source:
    def read(known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
        units = (
            (f"ou=D{number},{BASE}", {"entryuuid": [f"unit-{number}".encode()], "ou": [f"Đơn vị {number}".encode()], "description": [f"D{number}".encode()]})
            for number in range(UNITS)
        )  # fmt: skip
        reading = reading_of_all(understand_units(units), known)
        for number, entry in enumerate(_entries(people)):
            take_in(entry, known, reading)
            if number % 1000 == 0:
                alive()
                progress("read", number)
        return reading

    return Source("ldap", read)


def _one_run(url: str, people: int) -> None:
    app = create_app(read_settings(issuer="http://127.0.0.1:8000", sealing_keys=new_key(), database_url=url))
    with app.app_context():
        schema.upgrade()
        started = time.process_time()
        report = run_sync(started_by="cli:bench", source=_source(people))
        used = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    click.echo(json.dumps({"state": report.state, "cpu": used, "peak": peak}))


@click.command()
@click.option(
    "--people", "sizes", multiple=True, type=int, default=(50_000, 500_000), show_default=True, help="How many; twice for the growth."
)
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
@click.option("--url", hidden=True, help="For a run of its own: the database.")
def main(sizes: tuple[int, ...], stores: tuple[str, ...], url: str | None) -> None:
    """Each run is a process of its own, so that its peak is its own."""
    if url:
        _one_run(url, sizes[0])
        return
    click.echo("| database | people | run | CPU s | peak MiB | bytes a further person |\n|---|---|---|---|---|---|")
    for store in stores:
        before: dict[str, tuple[int, float]] = {}
        for people in sizes:
            with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as name:
                Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
                with _database(store, Path(name)) as (found, _):
                    for _ in range(2):
                        command = [sys.executable, "-m", "bench.synthetic", "--people", str(people), "--url", found]
                        done = json.loads(subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True).stdout)
                        was = before.get(done["state"])
                        growth = f"{(done['peak'] - was[1]) * 2**20 / (people - was[0]):.0f}" if was else ""
                        before[done["state"]] = (people, done["peak"])
                        click.echo(f"| {store} | {people} | {done['state']} | {done['cpu']:.1f} | {done['peak']:.0f} | {growth} |")


if __name__ == "__main__":
    main()
