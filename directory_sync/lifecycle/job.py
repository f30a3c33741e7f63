"""What the worker does each minute: what has come to its day, each in a transaction of its own."""

from datetime import timedelta

import structlog

from directory_sync.lifecycle import deadlines, idle, planned, reviews
from idp.database import in_transaction, reader
from idp.jobs import Job
from idp.settings import current_settings
from idp.web.formats import today

ACTOR = "system:lifecycle"
_log = structlog.get_logger()


def lifecycle_job() -> None:
    """Carry out planned changes, let back whoever's absence is over, look after idle accounts, open reviews, raise alarms."""
    for change in planned.due(reader()):
        in_transaction(lambda connection, change=change: planned.carry_out(connection, change))  # type: ignore[misc]
    for change in planned.over(reader()):
        in_transaction(lambda connection, change=change: planned.end_absence(connection, change))  # type: ignore[misc]
    _look_after_idle()
    open_review_of_the_month()
    in_transaction(reviews.alarm_overdue)
    if late := in_transaction(deadlines.raise_alarm):
        _log.error("changes.overdue", changes=late)


def _look_after_idle() -> None:
    in_transaction(idle.clear_warnings)
    in_transaction(idle.warn_idle)
    due = idle.due_warnings(reader())
    if due and idle.too_many(reader(), len(due)):
        if in_transaction(lambda connection: idle.tell_stopped(connection, len(due))):
            _log.error("idle.stopped", people=len(due))
        return
    for warning in due:
        in_transaction(lambda connection, warning=warning: idle.suspend_idle(connection, warning))  # type: ignore[misc]


def open_review_of_the_month() -> bool:
    """Open the review of this month, where the settings want one and there is none yet; return whether this call did."""
    day, settings = today(), current_settings()
    name = f"{day:%Y-%m}"
    if day.month not in settings.access_review_months or any(one.name == name for one in reviews.campaigns(reader(), None)):
        return False
    due_on = day + timedelta(days=settings.access_review_days)
    in_transaction(lambda connection: reviews.open_campaign(connection, name, due_on, actor=ACTOR))
    return True


def lifecycle_jobs() -> list[Job]:
    """Once a minute, by one worker; opening a review of a whole province is the longest of it."""
    return [Job("lifecycle", 60, lifecycle_job, lease_seconds=600)]
