"""`hopnhat people find|show`: who is in the roster."""

from typing import Any

import click

from idp.command_line import json_option, show_json, show_table
from idp.database import reader
from idp.people import roster, units

SHOWN = (
    "id", "subject", "name", "username", "mail", "phone", "staff_code", "staff_category", "title", "employment_status", "unit_name", "level",
    "state", "state_reason", "state_changed_at", "directory_locked", "directory_dn", "first_signed_in_at", "last_signed_in_at",
    "last_two_factor_at", "notice_acknowledged_at", "created_at", "updated_at",
)  # fmt: skip
MOST_LOOKED_AT = 5_000_000  # nobody waits for a page here


@click.group()
def people() -> None:
    """Persons of the roster."""


@people.command("find")
@click.argument("text")
@json_option
def find(text: str, as_json: bool) -> None:
    """Find people by any part of name, username or staff code, without accents; the first 50 in the order of a staff list."""
    rows = roster.search_people(reader(), roster.Filters(text=text), effort=MOST_LOOKED_AT).rows
    columns = ("id", "name", "username", "staff_code", "unit_name", "state")
    found = [{column: getattr(row, column) for column in columns} for row in rows]
    if as_json:
        show_json(found)
    else:
        show_table(columns, [tuple(line.values()) for line in found], "Nobody matches.")


@people.command("show")
@click.argument("person")
@json_option
def show(person: str, as_json: bool) -> None:
    """Show one PERSON: username, official mail address, staff code or id."""
    row = roster.require_person_named(reader(), person)
    facts: dict[str, Any] = {name: getattr(row, name) for name in SHOWN}
    facts["unit_path"] = [unit.name for unit in units.path_to(reader(), row.unit_id)]
    if as_json:
        show_json(facts)
    else:
        show_table(["What", "Value"], [(name, " › ".join(value) if name == "unit_path" else value) for name, value in facts.items()], "")
