"""Operator commands: serve, worker, doctor, database, keys, audit."""

import json
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import structlog
from flask import Flask, current_app
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from clients import logos, secret_care
from idp import audit, doctor_advice, schema
from idp.api import messages
from idp.backup_cli import backup_command, restore_command
from idp.command_line import json_option, plain, show_json, show_table
from idp.console import role_job
from idp.console.cli import restore, role_group, suspend
from idp.console.help_cli import activation_code, proof, reset_factors, temporary_code, withdraw_proof
from idp.console.leaving_cli import list_leavings
from idp.credentials import failures
from idp.database import close_connections, in_transaction, reader
from idp.doctor import examine
from idp.emergency.cli import group as emergency_commands
from idp.enrollment.acting_cli import COMMANDS as ACTING_COMMANDS
from idp.enrollment.campaigns import setting_up as acting
from idp.enrollment.cli import enrollment
from idp.enrollment.following import look_job
from idp.enrollment.integrity import flaws
from idp.enrollment.snapshots import snapshot_job
from idp.jobs import Job, work
from idp.login import resting
from idp.login.cli import unlock
from idp.login.factors_cli import list_factors
from idp.login.token_cli import token
from idp.oidc import key_rotation, subjects, upkeep
from idp.oidc.cli import keys
from idp.people.cli import people
from idp.proof import checks
from idp.sessions import browser_sessions, trusted_browsers

_log = structlog.get_logger()
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOPPED_AFTER_SECONDS = 10  # a process told to stop while it was just starting may not have heard it
JOBS_KEY = "hopnhat.jobs"


def house_jobs() -> list[Job]:
    """What the worker does for the house itself."""
    return [
        *upkeep.jobs(),
        *logos.jobs(),
        *secret_care.jobs(),
        *resting.jobs(),
        *role_job.jobs(),
        Job("audit_chain", 1.0, lambda: in_transaction(audit.link_events), lease_seconds=60),
        Job("integration_checks", 60, checks.end_overdue, lease_seconds=60),
        Job("expired_sessions", 60, lambda: in_transaction(browser_sessions.end_expired), lease_seconds=60),
        Job("old_trusted_browsers", 3600, lambda: in_transaction(trusted_browsers.forget_expired), lease_seconds=60),
        Job("old_failure_counts", 3600, lambda: in_transaction(failures.forget_old), lease_seconds=60),
        Job("tracker", 5, look_job, lease_seconds=600),
        Job("snapshot", 600, snapshot_job, lease_seconds=600),
        *acting.jobs(),
        *messages.jobs(),
    ]


def add_jobs(app: Flask, jobs: Sequence[Job]) -> None:
    """Let the worker of this application do these as well."""
    app.extensions.setdefault(JOBS_KEY, []).extend(jobs)


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    help="Threads of each process. Default: 4 with PostgreSQL, 2 with SQLite; more hide a slow directory.",
)
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TLS certificate chain (PEM).")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its private key (PEM).")
def serve(bind: str, workers: int, threads: int | None, certificate: Path | None, key: Path | None) -> None:
    """Serve the provider."""
    threads = threads or _usual_threads()
    host, _, port = bind.rpartition(":")
    if not port.isdigit() or bool(certificate) != bool(key):
        raise click.UsageError("--bind is ADDRESS:PORT, and --certificate goes with --key")
    if not schema.is_current():
        raise click.ClickException("The database is not at this version's schema: run `hopnhat db upgrade` first.")
    _make_first_keys()
    close_connections()
    Granian(
        "wsgi:application", address=host.strip("[]"), port=int(port), interface=Interfaces.WSGI, workers=workers, blocking_threads=threads,
        websockets=False, http=HTTPModes.auto if certificate else HTTPModes.http1, ssl_cert=certificate, ssl_key=key, log_access=False,
        http1_settings=HTTP1Settings(header_read_timeout=10_000), respawn_failed_workers=True, backpressure=max(64, threads * 32),
        workers_kill_timeout=STOPPED_AFTER_SECONDS,
    ).serve()  # fmt: skip


def _usual_threads() -> int:
    # While one waits for PostgreSQL's disk, the others work, and what they commit meanwhile shares the next wait: one thread alone
    # takes half again as much of the processor. SQLite writes one at a time and waits for nothing.
    return 4 if reader().dialect.name == "postgresql" else 2


@click.command()
def worker() -> None:
    """Deliver the outbox, sync the directory, link the audit chain, take snapshots, until stopped."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    stop = threading.Event()
    # Waited for by a thread: a handler that sets an event waits for itself when two signals come at once.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=_stop_when_asked, args=(stop,), daemon=True).start()
    _log.info("worker.started")
    work(app, [*house_jobs(), *app.extensions.get(JOBS_KEY, [])], stop)


def _stop_when_asked(stop: threading.Event) -> None:
    signal.sigwait(STOP_SIGNALS)
    stop.set()


def _make_first_keys() -> None:
    """No request waits for the making of a key."""
    in_transaction(key_rotation.create_missing)
    subjects.ensure_key()


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version's schema."""
    schema.upgrade()
    _make_first_keys()
    click.echo("The database is at this version's schema.")


@click.group("audit")
def audit_group() -> None:
    """The audit trail."""


@audit_group.command("verify")
@json_option
def audit_verify(as_json: bool) -> None:
    """Recompute the hash chain of events, and those of the tracker's snapshots, intervals and closings; exit 1 when one is broken."""
    in_transaction(audit.link_events)
    report = audit.verify_chain(reader())
    found = {"links": report.links, "unlinked": report.unlinked, "broken_at": report.broken_at, "newest_hash": report.newest_hash.hex()}
    changed = list(flaws(reader()))
    if as_json:
        show_json({**found, "tracker": [asdict(one) for one in changed]})
    elif report.broken_at is None:
        click.echo(f"The chain holds: {report.links} events, newest hash {report.newest_hash.hex()}.")
    else:
        click.echo(
            f"The chain is broken at position {report.broken_at}: the event there, or just before it, was changed, removed or put in. "
            "Keep the database as it is and tell whoever is responsible for information security.",
            err=True,
        )
    for one in [] if as_json else changed:
        told = f" (stored {one.stored}, recounted {one.recounted})" if one.stored or one.recounted else ""
        click.echo(f"The tracker's figures were changed: {one.table}, {one.day or '-'}, {one.row}{told}.", err=True)
    if report.broken_at is not None or changed:
        sys.exit(1)


@audit_group.command("export")
def audit_export() -> None:
    """Write the whole trail to standard output, a JSON object a line, in the order of the chain."""
    for event in audit.read_trail(reader()):
        click.echo(json.dumps(event, ensure_ascii=False, sort_keys=True, default=plain))


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check configuration, database, directory, clock and keys, and say what to do."""
    findings = examine()
    if as_json:
        told = [{"check": name, "ok": not remedy, "remedy": remedy} for name, remedy in findings]
        show_json([*told, *({"check": name, "ok": True, "remedy": words} for name, words in doctor_advice.advice())])
    else:
        show_table(["Check", "State", "What to do"], [(name, "✗" if remedy else "✓", remedy) for name, remedy in findings], "")
        for name, words in doctor_advice.advice():
            click.echo(f"{name}: {words or 'ready'}")
    if any(remedy for _, remedy in findings):
        sys.exit(1)


def add_commands(group: click.Group) -> None:
    """Attach the house's own commands."""
    for command in (
        serve,
        worker,
        doctor,
        db,
        audit_group,
        backup_command,
        restore_command,
        people,
        enrollment,
        keys,
        role_group,
        token,
        emergency_commands,
    ):
        group.add_command(command)
    for command in ACTING_COMMANDS:
        enrollment.add_command(command)
    for deed in (
        suspend,
        restore,
        list_leavings,
        list_factors,
        unlock,
        temporary_code,
        activation_code,
        reset_factors,
        proof,
        withdraw_proof,
    ):
        people.add_command(deed)
