"""Exemptions from electronic authentication, by a decision and for a time: printed beside the figures, never taken out of them."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.enrollment.models import Exemption
from idp.errors import NotFound, Refusal

_x = table_of(Exemption)


def exempt(connection: Connection, person_id: uuid.UUID, from_day: date, to_day: date | None, *, reason: str, actor: str) -> uuid.UUID:
    """Write down that somebody is exempt from a day to a day, both included. Nobody exempts themselves. Raises Refusal."""
    if actor == f"person:{person_id}":
        raise Refusal(_("Không ai tự miễn cho mình."), "same_person")
    if not reason.strip() or (to_day is not None and to_day < from_day):
        raise Refusal(_("Cần ghi lý do, và ngày kết thúc không trước ngày bắt đầu."), "exemption_mistaken")
    key = new_id()
    row = {
        "id": key, "person_id": person_id, "reason": reason, "from_day": from_day, "to_day": to_day, "decided_by": actor,
        "decided_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_x), row)
    days: dict[str, Any] = {"from_day": from_day.isoformat(), "to_day": to_day.isoformat() if to_day else None}
    audit.record(connection, audit.Event.EXEMPTION_DECIDED, actor=actor, person_id=person_id, reason=reason, **days)
    return key


def end(connection: Connection, exemption_id: uuid.UUID, *, reason: str, actor: str) -> None:
    """End an exemption now. Raises NotFound when there is none that lasts."""
    lasts = (_x.c.id == exemption_id, _x.c.ended_at.is_(None))
    ended = connection.execute(update(_x).where(*lasts).values(ended_at=clock.now(), ended_by=actor).returning(_x.c.person_id)).first()
    if ended is None:
        raise NotFound(_("Không có quyết định miễn nào đang còn hiệu lực."))
    audit.record(connection, audit.Event.EXEMPTION_ENDED, actor=actor, person_id=ended.person_id, reason=reason)


def list_exemptions(connection: Connection) -> Sequence[Any]:
    """All that have not been ended, newest first."""
    return connection.execute(select(_x).where(_x.c.ended_at.is_(None)).order_by(_x.c.from_day.desc(), _x.c.id)).all()
