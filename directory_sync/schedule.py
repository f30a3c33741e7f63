"""When the directory is read whole and when only what changed; and when it has been silent for too long."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from directory_sync.ledger import find_cookie
from directory_sync.models import RunState, SyncRun
from directory_sync.source.ldap_full import SOURCE
from directory_sync.source.reading import Kind
from idp import audit, clock
from idp.audit import AuditEvent
from idp.database import table_of
from idp.settings import Settings

SUCCESSES = (RunState.APPLIED.value, RunState.UNCHANGED.value)
ACTOR = "system:sync"
_r, _e = table_of(SyncRun), table_of(AuditEvent)
_of_directory = _r.c.source == SOURCE
_is_whole = _of_directory & (_r.c.kind == Kind.FULL.value)
_last_whole_try = select(func.max(_r.c.started_at)).where(_is_whole)
_last_whole = select(func.max(_r.c.started_at)).where(_is_whole, _r.c.state.in_(SUCCESSES))
_last_success = select(func.max(_r.c.finished_at)).where(_of_directory, _r.c.state.in_(SUCCESSES))
_first_try = select(func.min(_r.c.started_at)).where(_of_directory)
_told_since = select(_e.c.id).where(_e.c.event == audit.Event.SYNC_OVERDUE.value, _e.c.at > bindparam("since", type_=_e.c.at.type)).limit(1)


@dataclass(frozen=True)
class Whole:
    """Whether to read the directory whole. `now`: instead of a delta; `may_follow`: after a delta that wishes it, since the last
    try is long enough ago."""

    now: bool
    may_follow: bool


def next_read(connection: Connection, settings: Settings) -> Whole:
    """What the scheduled run reads. Whole when there is no cookie to go on from, and once a night; a whole read that came to nothing
    is tried again after the pause between whole reads, and deltas go on meanwhile."""
    now = clock.now()
    tried, done = connection.execute(_last_whole_try).scalar(), connection.execute(_last_whole).scalar()
    rested = tried is None or now - tried >= timedelta(seconds=settings.sync_full_interval_seconds)
    if find_cookie(connection, SOURCE) is None or done is None:
        return Whole(now=True, may_follow=False)
    due = newest_night(now, settings)
    return Whole(now=done < due and (rested or (tried or done) < due), may_follow=rested)


def newest_night(now: datetime, settings: Settings) -> datetime:
    """The newest instant not after `now` at which a whole read is due, by the clock on the wall."""
    hour, minute = settings.sync_full_at.split(":")
    local = now.astimezone(ZoneInfo(settings.timezone))
    at = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    if at > local:
        at = datetime.combine(local.date() - timedelta(days=1), time(int(hour), int(minute)), local.tzinfo)
    return at.astimezone(now.tzinfo)


def silent_since(connection: Connection, settings: Settings) -> datetime | None:
    """Since when no run has succeeded, once that is longer than HOPNHAT_SYNC_ALARM_HOURS; None while all is well or nothing was tried."""
    since = connection.execute(_last_success).scalar() or connection.execute(_first_try).scalar()
    return since if since and clock.now() - since >= timedelta(hours=settings.sync_alarm_hours) else None


def raise_alarm(connection: Connection, settings: Settings) -> bool:
    """Put it into the audit trail, once for each silence. Return whether it was put there now."""
    since = silent_since(connection, settings)
    if since is None or connection.execute(_told_since, {"since": since}).first():
        return False
    audit.record(connection, audit.Event.SYNC_OVERDUE, actor=ACTOR, since=since.isoformat())
    return True


def last_success(connection: Connection) -> datetime | None:
    """When a run of the directory last succeeded, whole or of what changed."""
    return connection.execute(_last_success).scalar()
