"""Carries out what was judged: units, then withdrawals, so that whoever must be out is out first, then all others; a transaction a
batch, each showing that the run is alive and how far it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from directory_sync import apply, ledger
from directory_sync.changes import Changes, Update
from directory_sync.known import known_units, placing_units
from directory_sync.ledger import Run
from directory_sync.personal_marks import keep_marks
from directory_sync.reorganisation_carrying import carry_out_units
from directory_sync.source.reading import Progress
from directory_sync.staff_record import StaffRecord
from idp.database import in_transaction, reader
from idp.web.formats import today

BATCH_PEOPLE, BATCH_WITHDRAWALS = 4000, 100
RENEW_SECONDS = 3
T = TypeVar("T")


class Beat:
    """Shows now and then that a run is alive and what it is doing, and tells whoever looks on."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._last, self._step, self._done = time.monotonic(), "read", 0

    def alive(self) -> None:
        """Renew the lease when it is time. Raises LeaseLost."""
        if time.monotonic() - self._last > RENEW_SECONDS:
            in_transaction(self.renew)
            self._last = time.monotonic()

    def renew(self, connection: Connection) -> None:
        """Renew the lease in a transaction of somebody else. Raises LeaseLost."""
        ledger.renew(connection, self._run, self._step, self._done)

    def tell(self, step: str, done: int) -> None:
        """Remember what is being done, and with how many it is done."""
        self._step, self._done = step, done
        self._progress(step, done)


def carry_out_changes(run: Run, changes: Changes, beat: Beat) -> None:
    """All changes, in the order that hurts least when it breaks off. Raises LeaseLost."""
    if len(changes.units):
        known = known_units(reader(), run.source)
        _in_batch(beat, lambda connection: carry_out_units(connection, run, known, changes, today()))
    units: apply.Units = {key: (unit.unit_id, unit.record.name) for key, unit in placing_units(reader(), run.source).items()}

    def change(connection: Connection, run: Run, part: list[Update]) -> None:
        apply.apply_updates(connection, run, part, units)
        keep_marks(connection, run.source, [one.record for one in part])

    def join(connection: Connection, run: Run, part: list[StaffRecord]) -> None:
        apply.apply_joins(connection, run, part, units)
        keep_marks(connection, run.source, part)

    for step, deed, items, size in (
        ("suspend", apply.apply_suspensions, changes.suspensions, BATCH_WITHDRAWALS),
        ("return", apply.apply_returns, changes.returns, BATCH_WITHDRAWALS),
        ("update", change, changes.updates, BATCH_PEOPLE),
        ("join", join, changes.joins, BATCH_PEOPLE),
    ):
        done = 0
        for batch in _batches(items, size):
            _in_batch(beat, lambda connection, deed=deed, batch=batch: deed(connection, run, batch))  # type: ignore[misc]
            done += len(batch)
            beat.tell(step, done)


def _in_batch(beat: Beat, work: Callable[[Connection], object]) -> None:
    def renewed(connection: Connection) -> None:
        beat.renew(connection)
        work(connection)

    in_transaction(renewed)


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
