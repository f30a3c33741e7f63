"""One sync run, told in order: read, understand, compare, judge, apply, report."""

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
from directory_sync.apply_units import apply_units
from directory_sync.changes import Changes, KnownPerson, compare, known_people, known_units
from directory_sync.flaws import noticed
from directory_sync.ledger import LeaseLost, Run
from directory_sync.models import RunState
from directory_sync.safety import judge
from directory_sync.source import ldap
from directory_sync.source.ldap import Directory, ReadIncomplete
from directory_sync.staff_record import ATTRIBUTES, StaffRecord, digest_of, understand
from directory_sync.unit_tree import ATTRIBUTES as UNIT_ATTRIBUTES
from directory_sync.unit_tree import UnitTree, understand_units
from idp import audit
from idp.database import in_transaction, reader
from idp.settings import current_settings
from idp.web.formats import today
from idp.wire import messages
from idp.wire.ber import Malformed

BATCH_PEOPLE, BATCH_WITHDRAWALS = 2000, 100
RENEW_SECONDS = 10
PEOPLE = messages.any_of(messages.equals("objectClass", "person"), messages.equals("objectClass", "inetOrgPerson"))
UNITS = messages.equals("objectClass", "organizationalUnit")
T = TypeVar("T")
Progress = Callable[[str, int], object]  # a step's name, and how many are done


@dataclass(frozen=True)
class RunReport:
    """What came of a run. `reason` says why nothing was changed, as kept in the ledger."""

    number: int
    state: RunState
    reason: str | None = None
    found: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What was read: the unit tree, the keys of all people, and of those whose entries are new or other, the facts."""

    tree: UnitTree
    seen: set[str]
    fresh: dict[str, StaffRecord]


def run_sync(*, started_by: str, approved: str = "", progress: Progress = lambda *_: None) -> RunReport:
    """Bring people and units to where the directory has them. `started_by`: an actor of the audit trail; `approved`: the reasons
    of a stopped run that this actor takes responsibility for.

    A read that is not whole, or that the safety check objects to, changes nothing. Raises AlreadyRunning.
    """
    run = _begin(started_by)
    try:
        with _no_collections():
            return _carry_out(run, approved, progress)
    except ReadIncomplete as incomplete:
        return _end(run, RunState.FAILED, str(incomplete))
    except LeaseLost:
        return RunReport(run.number, RunState.FAILED, "interrupted")
    except Exception:
        _end(run, RunState.FAILED, "internal")
        raise


def preview(*, approved: str = "") -> tuple[Changes, list[str]]:
    """What a run would do now, and what its safety check would object to. Changes nothing. Raises ReadIncomplete."""
    changes, _ = _compare(lambda: None, lambda *_: None)
    return changes, [objection.reason for objection in judge(reader(), changes, current_settings(), approved)]


def _carry_out(run: Run, approved: str, progress: Progress) -> RunReport:
    changes, tree = _compare(_renewing(run), progress)
    found = {
        "people_read": changes.people_read, "units_read": changes.units_read, "joined": len(changes.joins),
        "moved": sum(update.has_moved for update in changes.updates), "suspended": len(changes.suspensions),
        "returned": len(changes.returns), "units_changed": len(changes.units),
    }  # fmt: skip
    found["changed"] = len(changes.told_updates) - found["moved"]
    objections = judge(reader(), changes, current_settings(), approved)
    if objections:
        return _end(run, RunState.STOPPED, "\n".join(objection.reason for objection in objections), found)
    _apply(run, changes, progress)
    if changes.are_none:
        return _end(run, RunState.UNCHANGED, None, found)
    flaws = in_transaction(lambda connection: noticed(connection, changes, tree))  # on the connection whose pages are in memory
    return _end(run, RunState.APPLIED, None, found | {"flaws": flaws})


def _begin(started_by: str) -> Run:
    try:
        return in_transaction(lambda connection: ledger.begin(connection, started_by))
    except IntegrityError:
        raise ledger.already_running(None) from None


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


def _compare(alive: Callable[[], None], progress: Progress) -> tuple[Changes, UnitTree]:
    known = known_people(reader())
    with ldap.connected(ldap.access_from(current_settings())) as directory:
        reading = _read(directory, known, alive, progress)
    if not reading.seen:
        raise ReadIncomplete("no_people")
    changes = compare(reader(), known, known_units(reader()), reading.tree, reading.seen, reading.fresh)
    return changes, reading.tree


def _read(directory: Directory, known: dict[str, KnownPerson], alive: Callable[[], None], progress: Progress) -> Reading:
    """Read everything; understand only entries that are new or differ from what was understood before."""
    try:
        tree = understand_units(_decode(entry) for page in directory.pages(UNITS, UNIT_ATTRIBUTES) for entry in page)
        reading = Reading(tree, set(), {})
        for page in directory.pages(PEOPLE, ATTRIBUTES):
            alive()
            for entry in page:
                _take_in(entry, known, reading)
            progress("read", len(reading.seen))
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
    return reading


def _decode(entry: bytes) -> tuple[str, dict[str, list[bytes]]]:
    dn, position = messages.read_entry_name(entry, 0, len(entry))
    return dn, messages.read_attributes(entry, position, len(entry))


def _take_in(entry: bytes, known: dict[str, KnownPerson], reading: Reading) -> None:
    dn, position = messages.read_entry_name(entry, 0, len(entry))
    digest = digest_of(entry, reading.tree.unit_above(dn), reading.tree)
    attributes = None if known else messages.read_attributes(entry, position, len(entry))
    raw_key = (
        next(iter(attributes.get("entryuuid", ())), b"")
        if attributes
        else messages.read_first_value(entry, position, len(entry), "entryuuid")
    )
    key = raw_key.decode("ascii", "replace")
    if not key:
        raise ReadIncomplete("no_entry_uuid")
    reading.seen.add(key)
    person = known.get(key)
    if person is None or person.digest != digest:
        attributes = attributes or messages.read_attributes(entry, position, len(entry))
        reading.fresh[key] = understand(dn, attributes, key, digest, reading.tree)


def _apply(run: Run, changes: Changes, progress: Progress) -> None:
    """Units, then withdrawals, so that whoever must be out is out first, then all others; a transaction a batch."""
    if len(changes.units):
        known = known_units(reader())
        _in_batch(run, lambda connection: apply_units(connection, run, known, changes.units, today()))
    units: apply.Units = {key: (unit.unit_id, unit.record.name) for key, unit in known_units(reader()).items()}
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


def _end(run: Run, state: RunState, reason: str | None, found: dict[str, Any] | None = None) -> RunReport:
    """End the run in the ledger, and in the audit trail when it tells something that the run before did not."""
    found = found or {}
    event = {
        RunState.APPLIED: audit.Event.SYNC_RUN_APPLIED,
        RunState.STOPPED: audit.Event.SYNC_RUN_STOPPED,
        RunState.FAILED: audit.Event.SYNC_RUN_FAILED,
    }.get(state)

    def end(connection: Connection) -> None:
        is_news = ledger.finish(connection, run, state, reason, **found)
        if event and (is_news or state == RunState.APPLIED):
            detail = {name: value for name, value in found.items() if name != "flaws"}
            audit.record(connection, event, actor=run.started_by, run=run.number, reason=reason, **detail)

    in_transaction(end)
    flaws = Counter(flaw["kind"] for flaw in found.get("flaws", ()))
    return RunReport(run.number, state, reason, found | {"flaws": dict(flaws)})
