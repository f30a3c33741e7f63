"""`python -m bench.personnel`: a month, a reorganisation both ways and every disaster on a directory of any size, in a real OpenLDAP.

The sync's report is held against what a referee counts in the server's own LDIF, and the summary that came with a change is shown
beside it. Nobody may be suspended who is not gone or locked.
"""

import datetime
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from bench.referee import expected, read_state
from directory_sync import reorganisations
from directory_sync.demo import province
from directory_sync.models import RunState
from directory_sync.reorganisation_models import Origin
from directory_sync.reorganisation_proposal import propose_rows
from directory_sync.run import RunReport, preview, run_sync
from idp import schema
from idp.app import create_app
from idp.database import db, forget_connections, in_transaction, reader, table_of
from idp.people.models import Person
from idp.sealing import new_key
from idp.settings import read_settings
from tests.support.loaded_slapd import LoadedSlapd, loaded_slapd
from tests.support.personnel_changes import DISASTERS, Change, Province, disaster, month, reorganisation

_p = table_of(Person)
COUNTED = ("joined", "moved", "changed", "suspended", "returned")


@contextmanager
def _installation(folder: Path, server: LoadedSlapd, reader_dn: str, password: str) -> Iterator[None]:
    settings = read_settings(
        issuer="http://127.0.0.1:8000", sealing_keys=new_key(), database_url=f"sqlite:///{folder / 'bench.sqlite'}", ldap_url=server.url,
        ldap_bind_dn=reader_dn, ldap_bind_password=password, ldap_base_dn=server.suffix,
    )  # fmt: skip
    app = create_app(settings)
    with app.app_context():
        schema.upgrade()
        yield
        forget_connections()
        db.engine.dispose()


def _approve_difference() -> int:
    changes, _objections = preview()
    rows = propose_rows(reader(), changes)
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)

    def approved(connection: Any) -> int:
        number = reorganisations.propose(
            connection, rows, name="Reorganisation", decision="1", effective_on=day, origin=Origin.DIFFERENCE, actor="cli:one"
        )
        reorganisations.approve(connection, number, actor="cli:two")
        return len(rows)

    return in_transaction(approved)


def _people() -> dict[Any, tuple[str, str]]:
    return {row.id: (row.subject, row.state) for row in reader().execute(select(_p.c.id, _p.c.subject, _p.c.state))}


def _line(name: str, report: RunReport, want: dict[str, int], seconds: float, wrong: str) -> str:
    told = ", ".join(f"{key} {report.found.get(key, 0)}" for key in COUNTED if report.found.get(key) or want.get(key))
    return f"| {name} | {report.state} | {told or report.reason} | {wrong or 'as counted'} | {seconds:.1f} |"


def _one(name: str, change: Change | tuple[Path, bool], source: Any, account: tuple[str, str], suffix: str) -> Iterator[str]:
    ldif, in_configuration = (change.ldif, change.to_configuration) if isinstance(change, Change) else change
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as place:
        folder = Path(place)
        given = source if isinstance(source, Path) else source.ldif()
        with loaded_slapd(folder / "slapd", given, suffix, account[0]) as server, _installation(folder, server, *account):
            assert run_sync(started_by="cli:bench").state == RunState.APPLIED
            before, people = read_state(server.entries()), _people()
            server.change(ldif, configuration=in_configuration)
            want = expected(before, read_state(server.entries()))
            report = run_sync(started_by="cli:bench")
            if "reorg" in name and report.state == RunState.STOPPED:
                yield f"| {name} | {report.state} | without a scheme: {(report.reason or '').replace(chr(10), '; ')} | | |"
                rows = _approve_difference()
                started = time.process_time()
                report = run_sync(started_by="cli:bench")
                yield _line(f"{name}, scheme of {rows} rows", report, want, time.process_time() - started, _wrong(report, want, people))
            else:
                yield _line(name, report, want, 0, _wrong(report, want, people))


def _wrong(report: RunReport, want: dict[str, int], before: dict[Any, tuple[str, str]]) -> str:
    after = _people()
    if any(after[key][0] != subject for key, (subject, _) in before.items()):
        return "SUBJECTS CHANGED"
    lost = sum(state == "active" and after[key][1] != "active" for key, (_, state) in before.items())
    if report.state in (RunState.STOPPED, RunState.FAILED):
        return f"{lost} SUSPENDED" if lost else ""
    differing = [f"{key} {report.found.get(key, 0)} not {want[key]}" for key in COUNTED if report.found.get(key, 0) != want[key]]
    if want["desk"]:
        differing.append(f"{want['desk']} for the desk")
    return ", ".join(differing)


@click.command()
@click.option(
    "--ldif", type=click.Path(exists=True, path_type=Path), help="A directory as LDIF; without it, an invented one of --staff people."
)
@click.option("--staff", default=2000, show_default=True, help="How many people the invented directory holds.")
@click.option(
    "--change",
    "changes",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="LDIF change records for --ldif; a .json beside it is its summary.",
)
@click.option(
    "--configuration-change", "hidden", multiple=True, type=click.Path(exists=True, path_type=Path), help="The same for cn=config."
)
@click.option("--suffix", default=province.BASE_DN, show_default=True, help="The directory's suffix.")
@click.option("--bind-dn", default=province.SYNC_DN, show_default=True, help="The reading account in it.")
@click.option("--bind-password", default=province.SYNC_PASSWORD, help="The password of that account.")
def main(
    ldif: Path | None, staff: int, changes: tuple[Path, ...], hidden: tuple[Path, ...], suffix: str, bind_dn: str, bind_password: str
) -> None:
    """Play each change on a fresh directory and a fresh database, and say whether the report is what happened."""
    source: Path | Province = ldif or Province(staff)
    whats: list[tuple[str, Any]] = [(path.stem, (path, False)) for path in changes] + [(path.stem, (path, True)) for path in hidden]
    if isinstance(source, Province):
        whats = [("month", month(source)), ("reorganisation", reorganisation(source)),
                 ("reorganisation by adding again", reorganisation(source, by_adding_again=True)),
                 *((kind, disaster(source, kind)) for kind in DISASTERS)]  # fmt: skip
    click.echo("| what | run | it reports | beside the referee | CPU s |\n|---|---|---|---|---|")
    for name, what in whats:
        for line in _one(name, what, source, (bind_dn, bind_password), suffix):
            click.echo(line)
        told = what.told if isinstance(what, Change) else _summary(what[0])
        click.echo(f"| | | its own summary: {dict(told)} | | |")


def _summary(path: Path) -> dict[str, int]:
    beside = path.with_suffix(".json")
    return dict(json.loads(beside.read_text())) if beside.exists() else {}


if __name__ == "__main__":
    main()
