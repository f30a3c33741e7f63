"""Enrolment days: when and where an officer helps the people of a unit, and of all units below it."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.enrollment.campaigns.models import EnrolmentDay
from idp.enrollment.parameters import local_now
from idp.errors import NotFound, Refusal
from idp.people import units
from idp.people.models import Unit

LONGEST = 200
_d, _u = table_of(EnrolmentDay), table_of(Unit)


def plan_day(connection: Connection, unit_id: uuid.UUID, day: date, place: str, officer: str, *, actor: str) -> uuid.UUID:
    """Put a day into the calendar. Raises Refusal."""
    if day < local_now().date():
        raise Refusal(_("Ngày đăng ký tập trung không ở trong quá khứ."), "day_is_past")
    if not place.strip() or not officer.strip() or max(len(place), len(officer)) > LONGEST:
        raise Refusal(_("Cần ghi địa điểm và cán bộ hỗ trợ, mỗi ô nhiều nhất %(most)s ký tự.", most=LONGEST), "place_missing")
    day_id = new_id()
    row = {
        "id": day_id,
        "unit_id": unit_id,
        "day": day,
        "place": place.strip(),
        "officer": officer.strip(),
        "made_by": actor,
        "made_at": clock.now(),
    }
    connection.execute(insert(_d), row)
    audit.record(connection, audit.Event.ENROLMENT_DAY_PLANNED, actor=actor, unit=str(unit_id), day=day.isoformat())
    return day_id


def cancel_day(connection: Connection, day_id: uuid.UUID, *, actor: str, within: Collection[uuid.UUID] | None = None) -> None:
    """Take a day out of the calendar. Raises NotFound."""
    conditions = [_d.c.id == day_id, _d.c.cancelled_at.is_(None)]
    if within is not None:
        conditions.append(_d.c.unit_id.in_(select(units.below(within).c.id)))
    ended = connection.execute(update(_d).where(*conditions).values(cancelled_at=clock.now()).returning(_d.c.unit_id, _d.c.day)).first()
    if ended is None:
        raise NotFound(_("Không có ngày đăng ký này."))
    audit.record(connection, audit.Event.ENROLMENT_DAY_CANCELLED, actor=actor, unit=str(ended.unit_id), day=ended.day.isoformat())


def list_days(connection: Connection, within: Collection[uuid.UUID] | None = None, most: int = 50) -> Sequence[Any]:
    """The days to come, soonest first, with the unit's name."""
    conditions = [_d.c.cancelled_at.is_(None), _d.c.day >= local_now().date()]
    if within is not None:
        conditions.append(_d.c.unit_id.in_(select(units.below(within).c.id)))
    joined = _d.join(_u, _u.c.id == _d.c.unit_id)
    return connection.execute(
        select(_d, _u.c.name.label("unit_name")).select_from(joined).where(*conditions).order_by(_d.c.day).limit(most)
    ).all()


def next_day_for(connection: Connection, unit_id: uuid.UUID) -> Any | None:
    """The next day of a unit or one above it."""
    above = [row.id for row in units.path_to(connection, unit_id)]
    ahead = select(_d).where(_d.c.unit_id.in_(above), _d.c.cancelled_at.is_(None), _d.c.day >= local_now().date())
    return connection.execute(ahead.order_by(_d.c.day).limit(1)).first()
