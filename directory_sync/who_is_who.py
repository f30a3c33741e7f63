"""Who is who, between comparing and judging: people found again behind new entries, and what waits for the desk."""

from dataclasses import replace

from sqlalchemy import Connection

from directory_sync.absences import note_absences, wait_for_absent
from directory_sync.changes import Changes
from directory_sync.desk_opening import settle_cases
from directory_sync.leavings_to_come import plan_leavings
from directory_sync.ledger import Run
from directory_sync.newcomers import resolve_newcomers
from directory_sync.precedence_applied import keep_entries, weigh_sources
from directory_sync.second_posts import end_posts, gone_posts
from directory_sync.several_sources import give_to_whom_others_know
from directory_sync.source.reading import Reading


def resolve(connection: Connection, changes: Changes, reading: Reading) -> Changes:
    """The changes as they are to be judged, planned and applied. Reads only."""
    gone = gone_posts(connection, changes.source, reading.seen) if reading.is_whole else ()
    changes = give_to_whom_others_know(connection, changes, reading)
    resolved = wait_for_absent(connection, resolve_newcomers(connection, changes, reading), reading)
    return replace(weigh_sources(connection, resolved, reading), ended_posts=gone)


def settle(connection: Connection, run: Run, changes: Changes) -> None:
    """What is written down after all changes were applied, in one transaction; may be done again by the run after one that died."""
    note_absences(connection, changes.absences)
    keep_entries(connection, changes)
    plan_leavings(connection, changes, actor=run.started_by)
    settle_cases(connection, changes)
    end_posts(connection, changes.ended_posts, actor=run.started_by)
