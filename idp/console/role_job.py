"""What the worker does for roles: those whose day has come begin, those whose day is past are written down as ended, and whoever's role
ends within two weeks is told."""

from sqlalchemy import Connection

from idp import access, audit
from idp.database import in_transaction
from idp.jobs import Job
from idp.people import letters
from idp.people.letters import Letter
from idp.roles import grants


def look() -> None:
    """Look at the days of all grants."""
    in_transaction(grants.end_over)
    in_transaction(_begin)
    in_transaction(_warn)


def jobs() -> list[Job]:
    """For the worker."""
    return [Job("roles", 60, look, lease_seconds=120)]


def _begin(connection: Connection) -> None:
    for person_id in grants.begin_due(connection):
        access.role_granted(connection, person_id, actor=grants.ACTOR)


def _warn(connection: Connection) -> None:
    for row in grants.take_unwarned(connection):
        audit.record(
            connection, audit.Event.ROLE_ENDING, actor=grants.ACTOR, person_id=row.person_id, role=row.role,
            valid_until=row.valid_until.isoformat(),
        )  # fmt: skip
        letters.write(connection, row.person_id, Letter.ROLE_ENDING)
