"""Posts beside the one in the directory: concurrent ones and secondments, each from a day to a day; never deleted."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, or_, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.people.career_models import Appointment, PostKind
from idp.people.models import Unit

_a, _u = table_of(Appointment), table_of(Unit)
_columns = select(
    _a.c.id, _a.c.person_id, _a.c.unit_id, _a.c.title, _a.c.kind, _a.c.from_day, _a.c.to_day, _a.c.decision, _a.c.entry_key, _a.c.created_by,
    _a.c.created_at, _u.c.code.label("unit_code"), _u.c.name.label("unit_name"), _u.c.level.label("unit_level"),
).select_from(_a.join(_u, _u.c.id == _a.c.unit_id))  # fmt: skip
_all_of = _columns.where(_a.c.person_id == bindparam("of_person")).order_by(_a.c.from_day, _a.c.id)
_on_day = _all_of.where(_a.c.from_day <= bindparam("on_day"), or_(_a.c.to_day.is_(None), _a.c.to_day >= bindparam("on_day")))
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Post:
    """A post as it is entered: days of the province, `to_day` the last one, None for no end; `decision`: the number of the decision."""

    unit_id: uuid.UUID
    title: str | None
    kind: PostKind
    from_day: date
    to_day: date | None = None
    decision: str | None = None
    entry_key: str | None = None


def add(connection: Connection, person_id: uuid.UUID, post: Post, *, actor: str) -> uuid.UUID:
    """Give a person a further post. Raises Refusal when it ends before it begins, its unit is no more, or its text is too long."""
    if post.to_day is not None and post.to_day < post.from_day:
        raise Refusal(_("Ngày kết thúc phải từ ngày bắt đầu trở đi."), "ends_before_it_begins")
    if max(len(post.title or ""), len(post.decision or "")) > LONGEST_TEXT:
        raise Refusal(_("Chức vụ và số quyết định dài tối đa %(most)s ký tự.", most=LONGEST_TEXT), "too_long")
    unit = connection.execute(
        select(_u.c.id).where(_u.c.id == post.unit_id, or_(_u.c.valid_to.is_(None), _u.c.valid_to >= post.from_day))
    ).first()
    if unit is None:
        raise Refusal(_("Đơn vị này không có hoặc đã kết thúc. Chọn đơn vị đang hoạt động."), "unit_closed")
    appointment_id = new_id()
    row = {
        "id": appointment_id, "person_id": person_id, "unit_id": post.unit_id, "title": post.title, "kind": post.kind.value,
        "from_day": post.from_day, "to_day": post.to_day, "decision": post.decision, "entry_key": post.entry_key, "created_by": actor,
        "created_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_a), row)
    audit.record(
        connection, audit.Event.APPOINTMENT_ADDED, actor=actor, person_id=person_id, kind=post.kind.value, unit_id=str(post.unit_id)
    )
    return appointment_id


def end(connection: Connection, appointment_id: uuid.UUID, last_day: date, *, actor: str) -> bool:
    """End a post with a day; return whether it lasted longer until now. One that had not begun yet then never does."""
    longer = _a.c.id == appointment_id, or_(_a.c.to_day.is_(None), _a.c.to_day > last_day)
    person_id = connection.execute(update(_a).where(*longer).values(to_day=last_day).returning(_a.c.person_id)).scalar()
    if person_id is None:
        return False
    audit.record(connection, audit.Event.APPOINTMENT_ENDED, actor=actor, person_id=person_id, appointment=str(appointment_id))
    return True


def posts_of(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """All further posts that somebody has, had or will have, oldest first, with the unit's code, name and level."""
    return connection.execute(_all_of, {"of_person": person_id}).all()


def posts_on(connection: Connection, person_id: uuid.UUID, day: date) -> Sequence[Any]:
    """The further posts in force on a day of the province."""
    return connection.execute(_on_day, {"of_person": person_id, "on_day": day}).all()


def require(connection: Connection, person_id: uuid.UUID, appointment_id: uuid.UUID) -> Any:
    """One further post of this person. Raises NotFound."""
    for post in posts_of(connection, person_id):
        if post.id == appointment_id:
            return post
    raise NotFound(_("Không có vị trí công tác này."))
