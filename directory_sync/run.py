"""One sync run, told in order: read, understand, compare, resolve, judge, apply, report."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from directory_sync import apply, ledger
from directory_sync.changes import Changes, compare
from directory_sync.explained import explain_changes
from directory_sync.flaws import noticed
from directory_sync.known import keys_of_entries, known_among, known_people, known_units
from directory_sync.ledger import LeaseLost, Run
from directory_sync.models import RunState
from directory_sync.reorganisation_carrying import carry_out_units, finish_schemes
from directory_sync.safety import FEW_PEOPLE, judge
from directory_sync.source.ldap_full import whole_directory
from directory_sync.source.reading import Kind, Progress, ReadIncomplete, Reading, Source
from directory_sync.who_is_who import resolve, settle
from idp import audit
from idp.database import in_transaction, reader
from idp.settings import current_settings
from idp.web.formats import today

BATCH_PEOPLE, BATCH_WITHDRAWALS = 2000, 100
RENEW_SECONDS = 10
UNREADABLE_SHARE = 0.01  # of what was read: so many entries that cannot be taken in are no longer single ones
T = TypeVar("T")


@dataclass(frozen=True)
class RunReport:
    """What came of a run. `reason` says why nothing was changed, as kept in the ledger."""

    number: int
    state: RunState
    reason: str | None = None
    found: dict[str, Any] = field(default_factory=dict)


def run_sync(
    *, started_by: str, source: Source | None = None, approved: str = "", progress: Progress = lambda *_: None
) -> RunReport:  # fmt: skip
    """Bring people and units to where the source (without: the directory of the settings, whole) has them. `started_by`: an actor
    of the audit trail; `approved`: the reasons of a stopped run that this actor takes responsibility for.

    A read that is not whole, or that the safety check objects to, changes nothing. Raises AlreadyRunning.
    """
    source = source or whole_directory()
    run = _begin(started_by, source)
    try:
        with _no_collections():
            return _carry_out(run, source, approved, progress)
    except ReadIncomplete as incomplete:
        return _end(run, RunState.FAILED, str(incomplete))
    except LeaseLost:
        return RunReport(run.number, RunState.FAILED, "interrupted")
    except Exception:
        _end(run, RunState.FAILED, "internal")
        raise


def preview(*, source: Source | None = None, approved: str = "") -> tuple[Changes, list[str]]:
    """What a run would do now, and what its safety check would object to. Changes nothing. Raises ReadIncomplete."""
    changes, _ = _compare(source or whole_directory(), lambda: None, lambda *_: None)
    objections = judge(reader(), changes, current_settings(), explain_changes(reader(), changes), approved)
    return changes, [objection.reason for objection in objections]


def _carry_out(run: Run, source: Source, approved: str, progress: Progress) -> RunReport:
    changes, reading = _compare(source, _renewing(run), progress)
    found = {
        "people_read": changes.people_read, "units_read": changes.units_read, "joined": len(changes.joins),
        "moved": sum(update.has_moved for update in changes.updates), "suspended": len(changes.suspensions),
        "returned": len(changes.returns), "units_changed": len(changes.units),
    }  # fmt: skip
    found["changed"] = len(changes.told_updates) - found["moved"]
    objections = judge(reader(), changes, current_settings(), explain_changes(reader(), changes), approved)
    if objections:
        return _end(run, RunState.STOPPED, "\n".join(objection.reason for objection in objections), found)
    _apply(run, changes, progress)
    in_transaction(lambda connection: _settle(connection, run, changes))
    if changes.are_none:
        return _end(run, RunState.UNCHANGED, None, found, reading.cookie)
    flaws = in_transaction(lambda connection: noticed(connection, changes, reading.tree))  # on the connection whose pages are in memory
    return _end(run, RunState.APPLIED, None, found | {"flaws": flaws}, reading.cookie)


def _settle(connection: Connection, run: Run, changes: Changes) -> None:
    settle(connection, run, changes)
    finish_schemes(connection)


def _begin(started_by: str, source: Source) -> Run:
    for _ in range(2):  # two of different sources may have drawn the same number
        try:
            return in_transaction(lambda connection: ledger.begin(connection, started_by, source.name, source.kind))
        except IntegrityError:
            continue
    raise ledger.already_running(None)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Without the collector of cycles, which would go through a hundred thousand records again and again, finding nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _renewing(run: Run) -> Callable[[], None]:
    last = time.monotonic()

    def renew() -> None:
        nonlocal last
        if time.monotonic() - last > RENEW_SECONDS:
            in_transaction(lambda connection: ledger.renew(connection, run))
            last = time.monotonic()

    return renew


def _compare(source: Source, alive: Callable[[], None], progress: Progress) -> tuple[Changes, Reading]:
    known = known_people(reader(), source.name) if source.kind == Kind.FULL else {}
    reading = source.read(known, alive, progress)
    if not reading.is_whole:
        known = known_among(reader(), source.name, {*reading.fresh, *reading.gone})
    elif not reading.seen:
        raise ReadIncomplete("no_people")
    _hold_unreadable(source, reading)
    changes = compare(reader(), source.name, known, known_units(reader(), source.name), reading)
    return resolve(reader(), changes, reading), reading


def _hold_unreadable(source: Source, reading: Reading) -> None:
    """Nobody is gone because their entry could not be taken in: they stay as they are. Raises ReadIncomplete when it is more than a
    few entries."""
    if not reading.unreadable:
        return
    if len(reading.unreadable) > max(FEW_PEOPLE, len(reading.seen) * UNREADABLE_SHARE) or not reading.seen:
        raise ReadIncomplete(reading.unreadable[0].reason, f"entries={len(reading.unreadable)}")
    reading.seen.update(keys_of_entries(reader(), source.name, [one.entry for one in reading.unreadable]))


def _apply(run: Run, changes: Changes, progress: Progress) -> None:
    """Units, then withdrawals, so that whoever must be out is out first, then all others; a transaction a batch."""
    if len(changes.units):
        known = known_units(reader(), run.source)
        _in_batch(run, lambda connection: carry_out_units(connection, run, known, changes, today()))
    units: apply.Units = {key: (unit.unit_id, unit.record.name) for key, unit in known_units(reader(), run.source).items()}
    for step, deed, items, size in (
        ("suspend", apply.apply_suspensions, changes.suspensions, BATCH_WITHDRAWALS),
        ("return", apply.apply_returns, changes.returns, BATCH_WITHDRAWALS),
        ("update", lambda c, r, part: apply.apply_updates(c, r, part, units), changes.updates, BATCH_PEOPLE),
        ("join", lambda c, r, part: apply.apply_joins(c, r, part, units), changes.joins, BATCH_PEOPLE),
    ):
        done = 0
        for batch in _batches(items, size):
            _in_batch(run, lambda connection, deed=deed, batch=batch: deed(connection, run, batch))  # type: ignore[misc]
            done += len(batch)
            progress(step, done)


def _in_batch(run: Run, work: Callable[[Connection], object]) -> None:
    def renewed(connection: Connection) -> None:
        ledger.renew(connection, run)
        work(connection)

    in_transaction(renewed)


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


def _end(run: Run, state: RunState, reason: str | None, found: dict[str, Any] | None = None, cookie: bytes | None = None) -> RunReport:
    """End the run in the ledger, and in the audit trail when it tells something that the run before did not."""
    found = found or {}
    event = {
        RunState.APPLIED: audit.Event.SYNC_RUN_APPLIED,
        RunState.STOPPED: audit.Event.SYNC_RUN_STOPPED,
        RunState.FAILED: audit.Event.SYNC_RUN_FAILED,
    }.get(state)

    def end(connection: Connection) -> None:
        is_news = ledger.finish(connection, run, state, reason, **found)
        if cookie is not None:
            ledger.keep_cookie(connection, run, cookie)
        if event and (is_news or state == RunState.APPLIED):
            detail = {name: value for name, value in found.items() if name != "flaws"}
            audit.record(connection, event, actor=run.started_by, run=run.number, reason=reason, **detail)

    in_transaction(end)
    flaws = Counter(flaw["kind"] for flaw in found.get("flaws", ()))
    return RunReport(run.number, state, reason, found | {"flaws": dict(flaws)})
