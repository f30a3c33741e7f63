"""What all commands share: output for people or machines, refusals as exit code 1."""

import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from idp.settings import current_settings

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


def told(value: object) -> str:
    """A value as people read it: instants to the second in the province's zone, facts as `name: value, …`, lists a line each."""
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(current_settings().timezone)):%Y-%m-%d %H:%M:%S %z}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told(part) or '–'}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(told(part) for part in value)
    return "" if value is None else str(value)


def _visible(text: str) -> str:
    # What a directory holds is shown, never obeyed: neither Rich's markup nor what makes a terminal move, colour or rename.
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows under headings, or one sentence when there are none."""
    if not rows:
        click.echo(empty)
        return
    table = Table(*headings)
    for row in rows:
        table.add_row(*(Text(_visible(told(cell))) for cell in row))
    console = Console()
    console.print(table) if console.is_terminal else Console(width=200).print(table)


def operator() -> str:
    """Who types this command, as the actor of the audit trail."""
    return f"cli:{getpass.getuser()}"
