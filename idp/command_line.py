"""What all commands share: output for people or machines, refusals as exit code 1."""

import getpass
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """`--json`: machine-readable output on standard output; the parameter is `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")(command)


def show_json(value: Any) -> None:
    """Print a value as JSON; dates in ISO 8601, identifiers as text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=plain))


def plain(value: Any) -> str:
    """What JSON has no word for: dates in ISO 8601, the rest as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows under headings, or one sentence when there are none."""
    if not rows:
        click.echo(empty)
        return
    table = Table(*headings)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console()
    console.print(table) if console.is_terminal else Console(width=200).print(table)


def operator() -> str:
    """Who types this command, as the actor of the audit trail."""
    return f"cli:{getpass.getuser()}"
