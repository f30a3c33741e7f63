"""`hopnhat sync person`: one person, now."""

import click

from directory_sync.one_person import sync_person
from idp.command_line import json_option, operator, show_json
from idp.database import reader
from idp.people.roster import require_person_named


@click.command("person")
@click.argument("person")
@json_option
def sync_one_person(person: str, as_json: bool) -> None:
    """Bring one PERSON (username, official mail address, staff code or id) to where the directory has them, now."""
    found = require_person_named(reader(), person)
    report = sync_person(found, actor=operator())
    after = require_person_named(reader(), str(found.id))
    if as_json:
        show_json(
            {
                "number": report.number,
                "state": report.state,
                "id": found.id,
                "name": after.name,
                "person_state": after.state,
                **report.found,
            }
        )
    else:
        click.echo(f"Run {report.number}: {report.state}. {after.name}: {after.state}.")
