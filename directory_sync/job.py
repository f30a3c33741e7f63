"""What the worker does: one sync run after another, as `system:sync`."""

import structlog

from directory_sync.ledger import AlreadyRunning
from directory_sync.models import RunState
from directory_sync.run import run_sync
from idp.jobs import Job
from idp.settings import current_settings

ACTOR = "system:sync"
_log = structlog.get_logger()


def sync_job() -> None:
    """Run once, when a directory is set and no other run is under way."""
    if not current_settings().ldap_url:
        return
    try:
        report = run_sync(started_by=ACTOR)
    except AlreadyRunning:
        return
    told = _log.warning if report.state in (RunState.STOPPED, RunState.FAILED) else _log.info
    told("sync.ended", run=report.number, state=str(report.state), reason=report.reason, **report.found)


def directory_jobs(seconds: int) -> list[Job]:
    """The sync, every so many seconds. The lease is short: the ledger decides who runs, so a dead worker delays nobody."""
    return [Job("sync", seconds, sync_job, lease_seconds=60)]
