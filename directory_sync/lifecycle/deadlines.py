"""The clock over changes of staff that are not carried out: open cases, runs that were stopped, planned changes past their day; each is
due three working days after it came up, which the settings may change."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from directory_sync.desk_models import CaseState, DeskCase
from directory_sync.lifecycle.working_days import add_working_days
from directory_sync.models import RunState, SyncRun
from idp import audit
from idp.database import reader, table_of
from idp.people import units
from idp.people.career_models import PlannedChange, PlannedKind
from idp.people.models import Person
from idp.settings import current_settings
from idp.web.formats import local, today

ACTOR = "system:lifecycle"
CASE, STOPPED_RUN, PLANNED = "case", "stopped_run", "planned"
MOST = 1000
_d, _r, _c, _p, _e = table_of(DeskCase), table_of(SyncRun), table_of(PlannedChange), table_of(Person), table_of(audit.AuditEvent)
Within = Collection[uuid.UUID] | None


@dataclass(frozen=True)
class Waiting:
    """One change not carried out yet. `key`: of the case, the run (its number) or the person; `due_on`: the last day in time."""

    kind: str
    key: str
    name: str
    since: datetime
    due_on: date

    @property
    def is_overdue(self) -> bool:
        """Whether its last day is past."""
        return self.due_on < today()


def waiting(connection: Connection, within: Within) -> list[Waiting]:
    """All that waits in these units (None: everywhere, runs included), the most urgent first."""
    found = [*_cases(connection, within), *_planned(connection, within)]
    if within is None:
        found += _stopped(connection)
    return sorted(found, key=lambda one: (one.due_on, one.since))


def _due(since: datetime) -> date:
    return add_working_days(local(since).date(), current_settings().hr_change_working_days)


def _cases(connection: Connection, within: Within) -> Sequence[Waiting]:
    query = select(_d.c.id, _d.c.name, _d.c.opened_at).where(_d.c.state == CaseState.OPEN).order_by(_d.c.opened_at).limit(MOST)
    if within is not None:
        query = query.where(_d.c.unit_id.in_(select(units.below(within).c.id)))
    return [Waiting(CASE, str(row.id), row.name, row.opened_at, _due(row.opened_at)) for row in connection.execute(query)]


def _planned(connection: Connection, within: Within) -> Sequence[Waiting]:
    """Planned changes whose day is past: then no worker has run."""
    day = today()
    query = (
        select(_c.c.person_id, _c.c.kind, _c.c.from_day, _p.c.name)
        .join(_p, _p.c.id == _c.c.person_id)
        .where(_c.c.carried_out_at.is_(None), _c.c.called_off_at.is_(None), _c.c.from_day < day)
        .limit(MOST)
    )
    if within is not None:
        query = query.where(_p.c.unit_id.in_(select(units.below(within).c.id)))
    rows = [(row, row.from_day + timedelta(days=row.kind == PlannedKind.LEAVING)) for row in connection.execute(query)]
    return [Waiting(PLANNED, str(row.person_id), row.name, _start_of(first), _due(_start_of(first))) for row, first in rows if first < day]


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current_settings().timezone))


def _stopped(connection: Connection) -> Sequence[Waiting]:
    """Of each source the first run stopped since the last one that was carried out."""
    done = (RunState.APPLIED, RunState.UNCHANGED)
    last = select(_r.c.source, func.max(_r.c.number).label("number")).where(_r.c.state.in_(done)).group_by(_r.c.source).subquery()
    first = (
        select(_r.c.source, func.min(_r.c.number).label("number"))
        .select_from(_r.outerjoin(last, last.c.source == _r.c.source))
        .where(_r.c.state == RunState.STOPPED, _r.c.number > func.coalesce(last.c.number, 0))
        .group_by(_r.c.source)
        .subquery()
    )
    rows = connection.execute(select(_r.c.number, _r.c.source, _r.c.started_at).join(first, first.c.number == _r.c.number))
    return [Waiting(STOPPED_RUN, str(row.number), row.source, row.started_at, _due(row.started_at)) for row in rows]


def overdue(connection: Connection, within: Within = None) -> list[Waiting]:
    """What waits too long."""
    return [one for one in waiting(connection, within) if one.is_overdue]


def raise_alarm(connection: Connection) -> int:
    """Write into the audit trail, once a day of the province, that changes wait too long; return how many, 0 when that was done."""
    late = overdue(connection)
    told = select(_e.c.id).where(_e.c.event == audit.Event.CHANGES_OVERDUE.value, _e.c.at >= _start_of(today())).limit(1)
    if not late or connection.execute(told).first():
        return 0
    audit.record(connection, audit.Event.CHANGES_OVERDUE, actor=ACTOR, changes=len(late), oldest=late[0].since.isoformat())
    return len(late)


def remedy() -> str:
    """For `hopnhat doctor`: what to do about what waits too long."""
    late: list[Any] = overdue(reader())
    if not late:
        return ""
    days = current_settings().hr_change_working_days
    return f"{len(late)} changes of staff have waited for more than {days} working days: see `hopnhat desk waiting`."
