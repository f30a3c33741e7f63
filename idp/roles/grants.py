"""Roles are given and taken, each time with a name in the audit trail; a grant is ended, never deleted."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import Refusal
from idp.roles.models import Role, RoleGrant
from idp.web.formats import today

WARN_AHEAD = timedelta(days=14)
LONGEST = timedelta(days=5 * 366)
ACTOR = "system:roles"
_g = table_of(RoleGrant)
_columns = (
    _g.c.id, _g.c.person_id, _g.c.role, _g.c.unit_id, _g.c.granted_at, _g.c.granted_by, _g.c.approved_by, _g.c.reason, _g.c.valid_from,
    _g.c.valid_until, _g.c.begun_at,
)  # fmt: skip
_is_kept = _g.c.revoked_at.is_(None)
_over = select(*_columns).where(_is_kept, _g.c.valid_until < bindparam("day"))
_due = select(*_columns).where(
    _is_kept,
    _g.c.begun_at.is_(None),
    or_(_g.c.valid_from.is_(None), _g.c.valid_from <= bindparam("day")),
    or_(_g.c.valid_until.is_(None), _g.c.valid_until >= bindparam("day")),
)
_ending = (
    select(*_columns)
    .where(_is_kept, _g.c.valid_until >= bindparam("day"), _g.c.valid_until <= bindparam("until"))
    .order_by(_g.c.valid_until, _g.c.id)
)


@dataclass(frozen=True)
class Terms:
    """From which day to which a role holds (both included; None: no limit), why, and who was the second to say so."""

    valid_from: date | None = None
    valid_until: date | None = None
    reason: str | None = None
    approved_by: str | None = None


FOR_GOOD = Terms()


def _held(person_id: uuid.UUID, role: Role, unit_id: uuid.UUID | None) -> Any:
    return (_g.c.person_id == person_id, _g.c.role == role.value, _g.c.unit_id == unit_id, _is_kept)


def check_terms(terms: Terms) -> None:
    """Raise Refusal for days that make no sense."""
    day = today()
    if terms.valid_until is not None and terms.valid_until < max(day, terms.valid_from or day):
        raise Refusal(_("Ngày cuối phải từ hôm nay và từ ngày đầu trở đi."), "role_ends_before_it_begins")
    if max(terms.valid_from or day, terms.valid_until or day) > day + LONGEST:
        raise Refusal(_("Vai trò được giao trước hoặc kéo dài nhiều nhất năm năm."), "role_lasts_too_long")


def grant(
    connection: Connection, person_id: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None = None, actor: str, terms: Terms = FOR_GOOD
) -> bool:
    """Give a role, for one unit or the whole province; return whether the person did not hold it yet. One for a day to come begins
    when the worker sees that day. Raises Refusal for days that make no sense."""
    check_terms(terms)
    _end_over(connection, _g.c.person_id == person_id)
    if connection.execute(select(_g.c.id).where(*_held(person_id, role, unit_id)).limit(1)).first():
        return False
    begins_now = terms.valid_from is None or terms.valid_from <= today()
    row = {
        "id": new_id(), "person_id": person_id, "role": role.value, "unit_id": unit_id, "granted_at": clock.now(), "granted_by": actor,
        "approved_by": terms.approved_by, "reason": terms.reason, "valid_from": terms.valid_from, "valid_until": terms.valid_until,
        "begun_at": clock.now() if begins_now else None,
    }  # fmt: skip
    connection.execute(insert(_g), row)
    told = {"valid_from": terms.valid_from, "valid_until": terms.valid_until, "reason": terms.reason, "approved_by": terms.approved_by}
    _record(connection, audit.Event.ROLE_GRANTED, person_id, role, unit_id, actor, **told)
    return True


def revoke(
    connection: Connection, person_id: uuid.UUID, role: Role, *, unit_id: uuid.UUID | None = None, actor: str, reason: str | None = None
) -> bool:
    """Take a role given for exactly this unit, or for the whole province; return whether the person held it."""
    ended = connection.execute(update(_g).where(*_held(person_id, role, unit_id)).values(revoked_at=clock.now()))
    if ended.rowcount == 0:
        return False
    _record(connection, audit.Event.ROLE_REVOKED, person_id, role, unit_id, actor, reason=reason)
    return True


def find_grants(connection: Connection, person_id: uuid.UUID | None = None) -> Sequence[Any]:
    """Grants that are not ended, those to come among them, oldest first: of one person, or all."""
    query = select(*_columns).where(_is_kept)
    if person_id is not None:
        query = query.where(_g.c.person_id == person_id)
    return connection.execute(query.order_by(_g.c.granted_at, _g.c.id)).all()


def find_grant(connection: Connection, grant_id: uuid.UUID) -> Any | None:
    """One grant that is not ended."""
    return connection.execute(select(*_columns).where(_g.c.id == grant_id, _is_kept)).first()


def end_over(connection: Connection) -> int:
    """Write down the end of grants whose last day is past (what they allowed ended with the day); return how many."""
    return _end_over(connection)


def _end_over(connection: Connection, *whose: Any) -> int:
    ended = 0
    for row in connection.execute(_over.where(*whose), {"day": today()}).all():
        done = update(_g).where(_g.c.id == row.id, _is_kept).values(revoked_at=clock.now()).returning(_g.c.id)
        if connection.execute(done).first() is not None:
            ended += 1
            _record(connection, audit.Event.ROLE_REVOKED, row.person_id, Role(row.role), row.unit_id, ACTOR, reason="role_expired")
    return ended


def begin_due(connection: Connection) -> list[uuid.UUID]:
    """Let grants begin whose first day has come; return whose they are. Whoever calls it ends what these people had before."""
    begun = []
    for row in connection.execute(_due, {"day": today()}).all():
        mark = update(_g).where(and_(_g.c.id == row.id, _g.c.begun_at.is_(None), _is_kept)).values(begun_at=clock.now())
        if connection.execute(mark.returning(_g.c.id)).first() is not None:
            begun.append(row.person_id)
            _record(connection, audit.Event.ROLE_BEGUN, row.person_id, Role(row.role), row.unit_id, ACTOR)
    return begun


def ending_soon(connection: Connection) -> Sequence[Any]:
    """Grants whose last day is within 14 days, the soonest first."""
    day = today()
    return connection.execute(_ending, {"day": day, "until": day + WARN_AHEAD}).all()


def take_unwarned(connection: Connection) -> list[Any]:
    """Those of `ending_soon` of which nobody was told: each is given out once."""
    found = []
    for row in ending_soon(connection):
        mark = update(_g).where(_g.c.id == row.id, _g.c.warned_at.is_(None)).values(warned_at=clock.now()).returning(_g.c.id)
        if connection.execute(mark).first() is not None:
            found.append(row)
    return found


def _record(
    connection: Connection, event: audit.Event, person_id: uuid.UUID, role: Role, unit_id: uuid.UUID | None, actor: str, **told: Any
) -> None:
    facts: dict[str, Any] = {name: str(value) for name, value in told.items() if value is not None}
    audit.record(connection, event, actor=actor, person_id=person_id, role=role.value, unit_id=str(unit_id) if unit_id else None, **facts)
