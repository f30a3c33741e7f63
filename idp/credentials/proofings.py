"""That somebody made sure who a person is: recorded with who did so and how, in force until it expires or is withdrawn."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from idp import audit, clock
from idp.credentials.models import Proofing
from idp.database import new_id, table_of
from idp.settings import current_settings

IN_PERSON, VNEID, CERTIFICATE = "in_person", "vneid_2", "certificate"
KINDS = (IN_PERSON, VNEID, CERTIFICATE)

_t = table_of(Proofing)
_of_person = _t.c.person_id == bindparam("of_person")
_all = select(_t).where(_of_person).order_by(_t.c.id.desc())


def is_in_force(at: Any) -> ColumnElement[bool]:
    """Whether a row of `proofing` holds at this instant, as a condition of a query."""
    return _t.c.withdrawn_at.is_(None) & or_(_t.c.expires_at.is_(None), _t.c.expires_at > at)


_in_force = _all.where(is_in_force(bindparam("now")))
_withdraw = update(_t).where(_of_person, _t.c.withdrawn_at.is_(None), is_in_force(bindparam("now")))


def record(connection: Connection, person_id: uuid.UUID, kind: str, *, reason: str, actor: str) -> None:
    """Write down that `actor`, who is never the person, has made sure who the person is; it holds for as long as the settings say."""
    if actor == f"person:{person_id}" or kind not in KINDS:
        raise ValueError(kind)
    now, days = clock.now(), current_settings().proofing_days
    row = {
        "id": new_id(),
        "person_id": person_id,
        "kind": kind,
        "recorded_by": actor,
        "reason": reason,
        "recorded_at": now,
        "expires_at": now + timedelta(days=days) if days else None,
    }
    connection.execute(insert(_t), row)
    audit.record(connection, audit.Event.PROOFING_RECORDED, actor=actor, person_id=person_id, kind=kind, reason=reason)


def withdraw(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str) -> int:
    """It turned out to be wrong: nothing recorded so far holds any more. Return how many records held until now."""
    values = {"withdrawn_at": clock.now(), "withdrawn_by": actor, "withdrawn_reason": reason}
    many = connection.execute(_withdraw.values(**values), {"of_person": person_id, "now": clock.now()}).rowcount
    if many:
        audit.record(connection, audit.Event.PROOFING_WITHDRAWN, actor=actor, person_id=person_id, reason=reason)
    return many


def find_all(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """Everything ever recorded of a person, newest first."""
    return connection.execute(_all, {"of_person": person_id}).all()


def find_in_force(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """What holds now, newest first."""
    return connection.execute(_in_force, {"of_person": person_id, "now": clock.now()}).all()
