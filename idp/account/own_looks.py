"""Who opened a person's history at the console, and why: for that person."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from idp import clock
from idp.audit import AuditEvent, Event
from idp.database import id_floor, table_of
from idp.people.models import Person

LOOK_BACK, MOST = timedelta(days=90), 20
_e, _p = table_of(AuditEvent), table_of(Person)
_looks = (
    select(_e.c.at, _e.c.actor, _e.c.detail)
    .where(
        _e.c.person_id == bindparam("of_person"),
        _e.c.id >= bindparam("floor", type_=_e.c.id.type),
        _e.c.at >= bindparam("since", type_=_e.c.at.type),
        _e.c.event == Event.HISTORY_OPENED.value,
    )
    .order_by(_e.c.id.desc())
    .limit(MOST)
)


@dataclass(frozen=True)
class Look:
    """Somebody opened the history."""

    at: datetime
    by: str
    reason: str


def looks_at(connection: Connection, person_id: uuid.UUID) -> Sequence[Look]:
    """Those of the last 90 days, newest first, at most 20."""
    since = clock.now() - LOOK_BACK
    # Ids are made by the machine's clock: a day of slack keeps the bound on the safe side of any difference.
    rows = connection.execute(_looks, {"of_person": person_id, "since": since, "floor": id_floor(since - timedelta(days=1))}).all()
    officers = {uuid.UUID(row.actor.partition(":")[2]) for row in rows if row.actor.startswith("person:")}
    names = {row.id: row.name for row in connection.execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(officers)))} if officers else {}
    return [Look(row.at, _by(row.actor, names), str(row.detail.get("reason", ""))) for row in rows]


def _by(actor: str, names: dict[uuid.UUID, str]) -> str:
    kind, _colon, name = actor.partition(":")
    if kind == "person":
        return names.get(uuid.UUID(name), _("một cán bộ"))
    return _("Ứng dụng %(name)s", name=name) if kind == "client" else _("Hệ thống")
