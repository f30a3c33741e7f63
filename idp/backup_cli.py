"""`hopnhat backup` and `hopnhat restore`: the whole installation in one file, and back."""

import sys
from pathlib import Path

import click

from idp import audit, backup
from idp.command_line import json_option, operator, show_json
from idp.database import in_transaction, reader


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup_command(file: Path, as_json: bool) -> None:
    """Write everything to FILE while people go on signing in. Keep it where secrets are kept, and the sealing keys somewhere else."""
    summary = backup.write_backup(file, _progress)
    in_transaction(lambda connection: audit.record(connection, audit.Event.BACKUP_MADE, actor=operator(), rows=sum(summary.rows.values())))
    _show(file, summary, as_json, "written")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only check that the file is whole, and say what is in it.")
@json_option
def restore_command(file: Path, check: bool, as_json: bool) -> None:
    """Put a backup into the database that HOPNHAT_DATABASE_URL names, which must be empty; it may be of the other kind."""
    if check:
        _show(file, backup.read_summary(file), as_json, "whole")
        return
    summary = backup.restore(file, _progress)
    in_transaction(
        lambda connection: audit.record(
            connection, audit.Event.BACKUP_RESTORED, actor=operator(), made_at=summary.made_at.isoformat(), rows=sum(summary.rows.values())
        )
    )
    if audit.verify_chain(reader()).broken_at is not None:
        raise click.ClickException("Everything is restored, but its audit chain does not hold: see `hopnhat audit verify`.")
    _show(file, summary, as_json, "restored")


def _progress(table: str, rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{table}: {rows} rows\033[K", nl=False, err=True)


def _show(file: Path, summary: backup.Summary, as_json: bool, done: str) -> None:
    if as_json:
        show_json({"file": file, "made_at": summary.made_at, "revision": summary.revision, "rows": summary.rows})
        return
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    click.echo(f"{file}: {done}; {sum(summary.rows.values())} rows of {summary.made_at:%Y-%m-%d %H:%M:%S %z}, revision {summary.revision}.")
