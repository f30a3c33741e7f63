"""What of a run's changes was decided beforehand, so that the guard judges only the rest. Nothing yet."""

from sqlalchemy import Connection

from directory_sync.changes import Changes, Explained


def explain_changes(connection: Connection, changes: Changes) -> Explained:  # noqa: ARG001
    """What an approved scheme says will happen. Reads only."""
    return Explained()
