"""What the worker does: what changed each minute, everything each night or when a delta was not enough, as `system:sync`."""

import structlog

from directory_sync.asked import carry_out_approved, make_plan, take_next
from directory_sync.ledger import AlreadyRunning
from directory_sync.models import RequestKind, RunState
from directory_sync.run import RunReport, run_sync
from directory_sync.schedule import ACTOR, next_read, raise_alarm, silent_since
from directory_sync.source.delta import directory_delta, directory_person
from idp.database import in_transaction, reader
from idp.jobs import Job
from idp.settings import current_settings

_log = structlog.get_logger()


def sync_job() -> None:
    """Do what was approved and asked for, else read what is due, when no other run is under way."""
    try:
        if not _do_what_was_asked() and current_settings().ldap_url:
            _read_what_is_due()
    except AlreadyRunning:
        return
    finally:
        if current_settings().ldap_url and in_transaction(lambda connection: raise_alarm(connection, current_settings())):
            _log.error("sync.overdue")


def _do_what_was_asked() -> bool:
    """Carry out the oldest approved plan, else what somebody asked for; return whether there was anything."""
    report = carry_out_approved(ACTOR)
    asked = take_next() if report is None else None
    if asked is not None and asked.kind == RequestKind.PERSON:
        report = run_sync(started_by=asked.asked_by, source=directory_person(asked.about))
    elif asked is not None and asked.about:
        report = make_plan(asked.about, asked.asked_by)
    elif asked is not None and current_settings().ldap_url:
        report = run_sync(started_by=asked.asked_by, only_plan=asked.kind == RequestKind.PLAN)
    if report is not None:
        _tell(report)
    return report is not None


def _read_what_is_due() -> None:
    whole, wishes = next_read(reader(), current_settings()), set[str]()
    if not whole.now:
        _tell(run_sync(started_by=ACTOR, source=directory_delta(wishes)))
    if whole.now or (wishes and whole.may_follow):
        _tell(run_sync(started_by=ACTOR), sorted(wishes))


def _tell(report: RunReport, because: list[str] | None = None) -> None:
    told = _log.warning if report.state in (RunState.STOPPED, RunState.FAILED) else _log.info
    told("sync.ended", run=report.number, state=str(report.state), reason=report.reason, because=because or None, **report.found)


def directory_jobs(seconds: int) -> list[Job]:
    """The sync, every so many seconds. The lease is short: the ledger decides who runs, so a dead worker delays nobody."""
    return [Job("sync", seconds, sync_job, lease_seconds=60)]


def remedy_of_silence() -> str:
    """For `hopnhat doctor`: what to do when no run has succeeded for too long."""
    settings = current_settings()
    since = silent_since(reader(), settings) if settings.ldap_url else None
    return "" if since is None else f"No sync has succeeded since {since:%Y-%m-%d %H:%M} UTC: see `hopnhat sync runs` for the reason."
