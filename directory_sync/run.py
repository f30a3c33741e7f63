"""One sync run, told in order: read, understand, compare, resolve, judge, plan, apply, report."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from directory_sync import ledger, plans
from directory_sync.carrying_out import Beat, carry_out_changes
from directory_sync.changes import Changes, compare
from directory_sync.explained import explain_changes
from directory_sync.flaws import noticed
from directory_sync.known import keys_of_entries, known_among, known_people, known_units
from directory_sync.ledger import LeaseLost, Run
from directory_sync.models import PlanState, RunState
from directory_sync.reasons import encode
from directory_sync.reorganisation_carrying import finish_schemes
from directory_sync.safety import FEW_PEOPLE, Objection, judge
from directory_sync.source.ldap_full import whole_directory
from directory_sync.source.reading import Kind, Progress, ReadIncomplete, Reading, Source
from directory_sync.who_is_who import resolve, settle
from idp import audit
from idp.database import in_transaction, reader
from idp.people import mirror
from idp.settings import current_settings

UNREADABLE_SHARE = 0.01  # of what was read: so many entries that cannot be taken in are no longer single ones


@dataclass(frozen=True)
class RunReport:
    """What came of a run. `reason` says why nothing was changed, as kept in the ledger."""

    number: int
    state: RunState
    reason: str | None = None
    found: dict[str, Any] = field(default_factory=dict)


def run_sync(
    *, started_by: str, source: Source | None = None, plan: Any = None, only_plan: bool = False, progress: Progress = lambda *_: None
) -> RunReport:  # fmt: skip
    """Bring people and units to where the source (without: the directory of the settings, whole) has them. `started_by`: an actor
    of the audit trail; `plan`: an approved plan, of which exactly the lines are applied; `only_plan`: change nothing, keep what
    would be done as a plan.

    A read that is not whole, or that the safety check objects to, changes nothing. Raises AlreadyRunning.
    """
    source = source or whole_directory()
    run = _begin(started_by, source, plan)
    try:
        with _no_collections():
            return _carry_out(run, source, plan, only_plan, Beat(run, progress))
    except ReadIncomplete as incomplete:
        return _end(run, RunState.FAILED, str(incomplete))
    except LeaseLost:
        return RunReport(run.number, RunState.FAILED, "interrupted")
    except Exception:
        _end(run, RunState.FAILED, "internal")
        raise


def preview(*, source: Source | None = None) -> tuple[Changes, list[str]]:
    """What a run would do now, and what its safety check would object to. Changes nothing, keeps nothing. Raises ReadIncomplete."""
    changes, _ = _compare(source or whole_directory(), None)
    changes, _held = plans.leave_out_held(reader(), changes)
    return changes, [objection.reason for objection in judge(reader(), changes, current_settings(), explain_changes(reader(), changes))]


def _carry_out(run: Run, source: Source, plan: Any, only_plan: bool, beat: Beat) -> RunReport:
    changes, reading = _compare(source, beat)
    if source.kind is not Kind.PERSON and not source.is_file:
        in_transaction(lambda connection: mirror.note_reading(connection, source.name))
    changes, left_out = plans.leave_out_held(reader(), changes)
    if plan is not None:
        changes, missing = plans.only_planned(reader(), changes, plan)
        if missing > ledger.count_changes_under(reader(), plan.number):
            return _refuse_moved_on(run, plan, missing)
    found = _counted(changes) | {"left_out": left_out}
    explained = explain_changes(reader(), changes)
    objections = judge(reader(), changes, current_settings(), explained, (plan.reason or "") if plan else "")
    if objections or only_plan:
        number = in_transaction(lambda c: plans.keep(c, run, changes, explained, objections, current_settings()))
        return _end(run, plans.run_state_of(objections), _reasons_of(objections), found | {"plan_number": number})
    carry_out_changes(run, changes, beat)
    in_transaction(lambda connection: _settle(connection, run, changes))
    if changes.are_none:
        return _end(run, RunState.UNCHANGED, None, found, reading.cookie, plan)
    flaws = in_transaction(lambda connection: noticed(connection, changes, reading.tree))  # on the connection whose pages are in memory
    return _end(run, RunState.APPLIED, None, found | {"flaws": flaws}, None if plan else reading.cookie, plan)


def _counted(changes: Changes) -> dict[str, Any]:
    moved = sum(update.has_moved for update in changes.updates)
    return {
        "people_read": changes.people_read, "units_read": changes.units_read, "joined": len(changes.joins), "moved": moved,
        "suspended": len(changes.suspensions), "returned": len(changes.returns), "units_changed": len(changes.units),
        "changed": len(changes.told_updates) - moved,
    }  # fmt: skip


def _reasons_of(objections: list[Objection]) -> str | None:
    return "\n".join(objection.reason for objection in objections) or None


def _refuse_moved_on(run: Run, plan: Any, missing: int) -> RunReport:
    """Nothing is applied when the world is no longer the one that was approved; the next run makes a new plan."""
    in_transaction(lambda connection: plans.end(connection, plan.run_id, PlanState.MOVED_ON, run.started_by))
    return _end(run, RunState.STOPPED, encode("plan_moved_on", plan=plan.number, lines=missing))


def _settle(connection: Connection, run: Run, changes: Changes) -> None:
    settle(connection, run, changes)
    finish_schemes(connection)


def _begin(started_by: str, source: Source, plan: Any) -> Run:
    number = plan.number if plan else None
    for _ in range(2):  # two of different sources may have drawn the same number
        try:
            return in_transaction(lambda connection: ledger.begin(connection, started_by, source.name, source.kind, number))
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


def _compare(source: Source, beat: Beat | None) -> tuple[Changes, Reading]:
    known = known_people(reader(), source.name) if source.kind == Kind.FULL else {}
    reading = source.read(known, beat.alive if beat else lambda: None, beat.tell if beat else lambda *_: None)
    if not reading.is_whole:
        known = known_among(reader(), source.name, {*reading.fresh, *reading.gone})
    elif not reading.seen:
        raise ReadIncomplete("no_people")
    elif source.kind != Kind.FULL:  # a delta that could only be had as a whole
        known = known_people(reader(), source.name)
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


def _end(
    run: Run, state: RunState, reason: str | None, found: dict[str, Any] | None = None, cookie: bytes | None = None, plan: Any = None
) -> RunReport:  # fmt: skip
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
        if plan is not None:
            plans.end(connection, plan.run_id, PlanState.APPLIED, run.started_by)
        elif state in (RunState.APPLIED, RunState.UNCHANGED) and run.kind == Kind.FULL:
            plans.end_waiting(connection, run.source, run.started_by)  # all that there is was applied, without anybody's approval
        if event and (is_news or state == RunState.APPLIED):
            detail = {name: value for name, value in found.items() if name != "flaws" and value is not None}
            audit.record(connection, event, actor=run.started_by, run=run.number, reason=reason, **detail)

    in_transaction(end)
    flaws = Counter(flaw["kind"] for flaw in found.get("flaws", ()))
    return RunReport(run.number, state, reason, found | {"flaws": dict(flaws)})
