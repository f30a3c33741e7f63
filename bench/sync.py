"""`python -m bench.sync`: what a directory sync costs beside ldapsearch reading the same attributes of the same people."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from bench import processor_time
from directory_sync.demo import province
from directory_sync.demo.ldap_server import open_province
from directory_sync.staff_record import ATTRIBUTES
from directory_sync.unit_tree import ATTRIBUTES as UNIT_ATTRIBUTES
from idp.sealing import new_key
from tests.support.services import find_program, postgresql

HOPNHAT = Path(sys.executable).with_name("hopnhat")
STORES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Cost:
    """What one command cost: processor seconds, peak memory in MiB, seconds by the wall, and what it printed."""

    processor: float
    peak: float
    wall: float
    output: str


def _run(command: list[str], environment: dict[str, str]) -> Cost:
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        raise click.ClickException(f"{command[0]} ended with {process.returncode}: {text[-500:]}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, time.monotonic() - began, text)


def _ldapsearch(url: str, account: tuple[str, str], base: str, ca_file: str | None) -> Cost:
    wanted = "(|(objectClass=person)(objectClass=organizationalUnit))"
    attributes = sorted({*ATTRIBUTES, *UNIT_ATTRIBUTES})
    command = [
        find_program("ldapsearch"),
        "-x",
        "-LLL",
        "-H",
        url,
        "-D",
        account[0],
        "-w",
        account[1],
        "-b",
        base,
        "-E",
        "pr=1000/noprompt",
    ]
    return _run([*command, wanted, *attributes], {"LDAPTLS_CACERT": ca_file} if ca_file else {})


@contextmanager
def _database(store: str, folder: Path) -> Iterator[tuple[str, int | None]]:
    """A fresh database: its URL, and the process to count beside ours."""
    if store == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite'}", None
        return
    with postgresql(folder / "postgresql") as url:
        subprocess.run([find_program("createdb"), "--maintenance-db", url.replace("+psycopg", "") + "/postgres", "bench"], check=True)
        yield f"{url}/bench", int((folder / "postgresql/data/postmaster.pid").read_text().split()[0])


def _measure(store: str, environment: dict[str, str], runs: int, peer: Callable[[], Cost]) -> Iterator[tuple[str, Cost, float, float]]:
    """Each command's name, cost, processor seconds of the database beside it, and those of the peer, which is run before and after:
    on a machine that others use, a second of the processor is not always as long."""
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        with _database(store, folder) as (url, database):
            environment = environment | {"HOPNHAT_DATABASE_URL": url}
            _run([str(HOPNHAT), "db", "upgrade"], environment)
            yield "start only", _run([str(HOPNHAT), "sync", "runs", "--json"], environment), 0.0, 0.0
            for number in range(1, runs + 1):
                peers = [peer().processor]
                before = processor_time.used_seconds([database]) if database else 0.0
                cost = _run([str(HOPNHAT), "sync", "run", "--json"], environment)
                beside = processor_time.used_seconds([database]) - before if database else 0.0
                peers.append(peer().processor)
                yield f"run {number}: {json.loads(cost.output)['state']}", cost, beside, sum(peers) / len(peers)


@contextmanager
def _directory(given_url: str | None, staff: int) -> Iterator[str]:
    if given_url:
        yield given_url
        return
    with tempfile.TemporaryDirectory() as folder, open_province(Path(folder) / "directory.jsonl", staff) as server:
        server.start()
        yield server.url
        server.shutdown()


@click.command()
@click.option("--ldap-url", help="A directory that is running; without it, the demo's own with --staff people.")
@click.option("--bind-dn", default=province.SYNC_DN, help="Its reading account.")
@click.option("--bind-password", default=province.SYNC_PASSWORD, help="The password of that account.")
@click.option("--base-dn", default=province.BASE_DN, show_default=True, help="Where the search starts.")
@click.option("--ca-file", help="CA certificates for an ldaps:// URL.")
@click.option("--staff", default=2000, show_default=True, help="How many people the demo's own directory holds.")
@click.option("--runs", default=2, show_default=True, help="Runs on one database: the first imports, the others find nothing new.")
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
def main(
    ldap_url: str | None,
    bind_dn: str,
    bind_password: str,
    base_dn: str,
    ca_file: str | None,
    staff: int,
    runs: int,
    stores: tuple[str, ...],
) -> None:
    """Sync a directory into fresh databases with the real command, and read it with ldapsearch, in one run."""
    with _directory(ldap_url, staff) as url:
        environment = {
            "HOPNHAT_ISSUER": "http://127.0.0.1:8000", "HOPNHAT_SEALING_KEYS": new_key(), "HOPNHAT_LDAP_URL": url,
            "HOPNHAT_LDAP_BIND_DN": bind_dn, "HOPNHAT_LDAP_BIND_PASSWORD": bind_password, "HOPNHAT_LDAP_BASE_DN": base_dn,
        } | ({"HOPNHAT_LDAP_CA_FILE": ca_file} if ca_file else {})  # fmt: skip

        def search() -> Cost:
            return _ldapsearch(url, (bind_dn, bind_password), base_dn, ca_file)

        peer = search()
        entries = peer.output.count("\ndn:") + peer.output.startswith("dn:")
        click.echo(f"{entries} entries\n\n| database | what | CPU s | beside ldapsearch | database's CPU s | peak MiB | wall s |")
        click.echo("|---|---|---|---|---|---|---|")
        click.echo(f"| | ldapsearch | {peer.processor:.2f} | 1 | | | {peer.wall:.1f} |")
        for store in stores:
            start = 0.0
            for what, cost, beside, theirs in _measure(store, environment, runs, search):
                start = start or cost.processor
                own = cost.processor - (start if what.startswith("run") else 0)
                ratio = f"{own / theirs:.1f}" if theirs else ""
                click.echo(f"| {store} | {what} | {own:.2f} | {ratio} | {beside:.2f} | {cost.peak:.0f} | {cost.wall:.1f} |")
        click.echo("\nCPU of the runs without that of starting the command.")


if __name__ == "__main__":
    main()
