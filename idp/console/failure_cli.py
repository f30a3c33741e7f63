"""`hopnhat client failure CODE`: a refused request by the code that somebody read out."""

import click

from clients import failed_requests
from idp.command_line import json_option, show_json
from idp.console import failure_words
from idp.console.failures import Explained, explain
from idp.database import reader


@click.command("failure")
@click.argument("code")
@json_option
def failure(code: str, as_json: bool) -> None:
    """Show a refused request by its CODE (Mã tra cứu): what was asked, what was registered, what differs, what to change."""
    row = failed_requests.find(reader(), code)
    if row is None:
        raise click.ClickException(
            f"Nothing is kept under {code}: codes are kept for 30 days, and not all of them in a flood. The log may know it."
        )
    told = explain(reader(), row)
    if as_json:
        show_json(_facts(told))
    else:
        click.echo(_text(told))


def _facts(told: Explained) -> dict[str, object]:
    row, comparison = told.row, told.comparison
    return {
        "code": row.code, "happened_at": row.happened_at, "place": row.place, "kind": row.kind, "error": row.error, "detail": row.detail,
        "client_id": told.client.client_id if told.client else None, "named": row.named, "asked": row.asked, "withheld": row.withheld,
        "registered": row.registered, "address": row.address, "differences": comparison.words if comparison else [],
        "mended": comparison.is_mended if comparison else None, "missing": told.missing, "alike": [client_id for client_id, _name in told.alike],
        "happened": failure_words.happened(row.kind), "advice": failure_words.advice(row.kind),
    }  # fmt: skip


def _text(told: Explained) -> str:
    row = told.row
    lines = [
        f"{row.code}  {row.happened_at:%Y-%m-%d %H:%M:%S}Z  {row.place}: {row.error}",
        f"Client: {told.client.client_id if told.client else row.named or 'unknown'}",
        failure_words.happened(row.kind),
    ]
    if told.comparison:
        lines += ["Received:   " + "".join(text for text, _is_other in told.comparison.received)]
        lines += ["Registered: " + "".join(text for text, _is_other in told.comparison.registered)]
        lines += [f"  - {one}" for one in told.comparison.words]
    lines += [f"Asked and not registered: {' '.join(told.missing)}"] if told.missing else []
    lines += [f"Perhaps meant: {', '.join(client_id for client_id, _name in told.alike)}"] if told.alike else []
    lines += [f"What to do: {failure_words.advice(row.kind)}", f"For the developer: {row.detail}"]
    lines += [f"  {name} = {value}" for name, value in sorted(row.asked.items())]
    return "\n".join(lines + [f"  {name} (value not kept)" for name in row.withheld])
