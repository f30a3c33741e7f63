"""Who is who, between comparing and judging: what a run may not take at its word. Nothing yet."""

from sqlalchemy import Connection

from directory_sync.changes import Changes
from directory_sync.ledger import Run
from directory_sync.source.reading import Reading


def resolve(connection: Connection, changes: Changes, reading: Reading) -> Changes:  # noqa: ARG001
    """The changes as they are to be judged, planned and applied. Reads only."""
    return changes


def settle(connection: Connection, run: Run, changes: Changes) -> None:
    """What is written down after all changes were applied, in one transaction; may be done again by the run after one that died."""
