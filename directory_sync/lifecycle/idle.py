"""Accounts that nobody has used for long: their people are warned, and suspended some days later unless they sign in."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, insert, select, update

from idp import access, audit, clock
from idp.database import new_id, table_of
from idp.people import letters, units
from idp.people.career_models import IdleWarning, PlannedChange, PlannedKind
from idp.people.letters import Letter
from idp.people.models import Person, PersonState, Unit
from idp.settings import current_settings
from idp.web.formats import today

ACTOR, REASON = "system:lifecycle", "idle"
_w, _p, _c, _u, _e = table_of(IdleWarning), table_of(Person), table_of(PlannedChange), table_of(Unit), table_of(audit.AuditEvent)
# Whoever was let in again meanwhile counts from then. Nobody who has never signed in is idle: they are still to come.
_last_seen = _p.c.last_signed_in_at
_is_absent = (
    select(_c.c.id)
    .where(
        _c.c.person_id == _p.c.id, _c.c.kind == PlannedKind.ABSENCE.value, _c.c.called_off_at.is_(None), _c.c.from_day <= bindparam("on_day"),
        _c.c.to_day >= bindparam("on_day"),
    )
    .correlate(_p)
    .exists()
)  # fmt: skip
_is_warned = select(_w.c.id).where(_w.c.person_id == _p.c.id, _w.c.cleared_at.is_(None)).correlate(_p).exists()
_is_idle = (
    (_p.c.state == PersonState.ACTIVE.value)
    & (_last_seen < bindparam("before"))
    & (_p.c.state_changed_at.is_(None) | (_p.c.state_changed_at < bindparam("before")))
    & ~_is_absent
)
_newly_idle = select(_p.c.id, _p.c.mail, _last_seen.label("last_seen_at")).where(_is_idle, ~_is_warned)
_open = select(_w.c.id, _w.c.person_id, _w.c.due_on).where(_w.c.cleared_at.is_(None))
_still_idle = select(_p.c.id).where(_is_idle)


def warn_idle(connection: Connection) -> int:
    """Warn whoever has not signed in for `idle_days`; return how many. Those with an address are written to, where mail is set up."""
    settings = current_settings()
    if not settings.idle_days:
        return 0
    rows = connection.execute(_newly_idle, _bounds()).all()
    due_on = today() + timedelta(days=settings.idle_grace_days)
    for row in rows:
        warning = {"id": new_id(), "person_id": row.id, "last_seen_at": row.last_seen_at, "warned_at": clock.now(), "due_on": due_on}
        connection.execute(insert(_w), warning)
        if row.mail:
            letters.write(connection, row.id, Letter.IDLE)
    audit.record_for_each(connection, audit.Event.IDLE_WARNED, [(row.id, {"due_on": due_on.isoformat()}) for row in rows], actor=ACTOR)
    return len(rows)


def _bounds() -> dict[str, Any]:
    return {"before": clock.now() - timedelta(days=current_settings().idle_days), "on_day": today()}


def clear_warnings(connection: Connection) -> int:
    """Take back the warnings of whoever signed in, is away by decision, or was suspended otherwise; return how many."""
    idle = set(connection.execute(_still_idle, _bounds()).scalars()) if current_settings().idle_days else set()
    back = [row.id for row in connection.execute(_open) if row.person_id not in idle]
    for warning_id in back:
        connection.execute(update(_w).where(_w.c.id == warning_id, _w.c.cleared_at.is_(None)).values(cleared_at=clock.now()))
    return len(back)


def due_warnings(connection: Connection) -> Sequence[Any]:
    """Open warnings whose day has come."""
    return connection.execute(_open.where(_w.c.due_on <= today())).all()


def too_many(connection: Connection, people: int) -> bool:
    """Whether so many at once look like a clock gone wrong or a system nobody could reach rather than like people who left: the limits
    of a sync hold here too."""
    settings = current_settings()
    active = connection.execute(select(func.count()).where(_p.c.state == PersonState.ACTIVE.value)).scalar_one()
    return people > max(settings.sync_suspend_limit_people, active * settings.sync_suspend_limit_percent / 100)


def tell_stopped(connection: Connection, people: int) -> bool:
    """Write into the audit trail, once a day, that nobody is suspended because there are too many; return whether this call did."""
    since = datetime.combine(today(), time(), ZoneInfo(current_settings().timezone))
    told = select(_e.c.id).where(_e.c.event == audit.Event.IDLE_STOPPED.value, _e.c.at >= since).limit(1)
    if connection.execute(told).first():
        return False
    audit.record(connection, audit.Event.IDLE_STOPPED, actor=ACTOR, people=people)
    return True


def suspend_idle(connection: Connection, warning: Any) -> bool:
    """Suspend somebody who was warned and did not come; return whether this call did."""
    now = clock.now()
    taken = update(_w).where(_w.c.id == warning.id, _w.c.cleared_at.is_(None)).values(cleared_at=now, suspended_at=now)
    if connection.execute(taken).rowcount != 1:
        return False
    return access.withdraw(connection, warning.person_id, reason=REASON, actor=ACTOR)


def warned(connection: Connection, within: Collection[uuid.UUID] | None) -> Sequence[Any]:
    """Who is warned at this moment, the first to be suspended first; of these units (None: all)."""
    query = (
        select(_w.c.person_id, _w.c.last_seen_at, _w.c.warned_at, _w.c.due_on, _p.c.name, _p.c.unit_id, _u.c.name.label("unit_name"))
        .select_from(_w.join(_p, _p.c.id == _w.c.person_id).outerjoin(_u, _u.c.id == _p.c.unit_id))
        .where(_w.c.cleared_at.is_(None))
    )
    if within is not None:
        query = query.where(_p.c.unit_id.in_(select(units.below(within).c.id)))
    return connection.execute(query.order_by(_w.c.due_on, _p.c.sort_key)).all()


def warning_of(connection: Connection, person_id: uuid.UUID) -> Any | None:
    """The open warning of one person, if there is one."""
    return connection.execute(_open.where(_w.c.person_id == person_id)).first()
