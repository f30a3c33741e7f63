"""What of a run's changes was decided beforehand, so that the guard judges only the rest."""

from sqlalchemy import Connection

from directory_sync import schemes
from directory_sync.changes import Changes, Explained


def explain_changes(connection: Connection, changes: Changes) -> Explained:
    """What an approved reorganisation says will happen. Reads only."""
    return schemes.explain_changes(connection, changes)
