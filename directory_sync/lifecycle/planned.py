"""Changes of somebody's access that wait for their day: entered ahead, carried out by the worker on that day, once, or called off."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from idp import access, audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.people.career_models import PlannedChange, PlannedKind
from idp.people.models import Person, PersonState
from idp.web.formats import today

ACTOR = "system:lifecycle"
SERVICE_ENDED, LONG_ABSENCE, ABSENCE_OVER, PLANNED = "service_ended", "long_absence", "absence_over", "planned"
LONGEST_DECISION, FARTHEST_DAYS = 200, 3660
_c, _p = table_of(PlannedChange), table_of(Person)
_is_waiting = _c.c.carried_out_at.is_(None) & _c.c.called_off_at.is_(None)
_due = select(_c).where(_is_waiting, _c.c.from_day <= bindparam("on_day")).order_by(_c.c.from_day, _c.c.id)
_take = update(_c).where(_c.c.id == bindparam("of_change"), _is_waiting).values(carried_out_at=bindparam("now"))
_over = select(_c).where(
    _c.c.kind == PlannedKind.ABSENCE.value, _c.c.carried_out_at.is_not(None), _c.c.ended_at.is_(None), _c.c.to_day < bindparam("on_day")
)
_state = select(_p.c.state, _p.c.state_reason).where(_p.c.id == bindparam("of_person"))
_of_person = select(_c).where(_c.c.person_id == bindparam("of_person")).order_by(_c.c.from_day.desc(), _c.c.id.desc())


@dataclass(frozen=True)
class Plan:
    """A change as it is entered; days of the province. Of a leaving `from_day` is the last day of service: access ends with that day.
    Of an absence `to_day` is its last day, and with `keeps_access` nothing is withdrawn."""

    kind: PlannedKind
    from_day: date
    decision: str
    to_day: date | None = None
    keeps_access: bool = False


def plan(connection: Connection, person_id: uuid.UUID, wanted: Plan, *, actor: str) -> uuid.UUID:
    """Let a change wait for its day; one for today, or for a last day that is over, is carried out at the worker's next look. Raises
    Refusal for days that make no sense and for text that is missing or too long."""
    if wanted.from_day > today() + timedelta(days=FARTHEST_DAYS) or wanted.from_day < today() - timedelta(days=FARTHEST_DAYS):
        raise Refusal(_("Ngày hiệu lực quá xa. Kiểm tra lại năm."), "too_far")
    if wanted.kind == PlannedKind.ABSENCE and (wanted.to_day is None or wanted.to_day < wanted.from_day):
        raise Refusal(_("Nhập ngày cuối của thời gian tạm vắng, từ ngày bắt đầu trở đi."), "ends_before_it_begins")
    if not 1 <= len(wanted.decision) <= LONGEST_DECISION:
        raise Refusal(_("Nhập số quyết định hoặc căn cứ, tối đa %(most)s ký tự.", most=LONGEST_DECISION), "no_decision")
    change_id = new_id()
    row = {
        "id": change_id, "person_id": person_id, "kind": wanted.kind.value, "from_day": wanted.from_day,
        "to_day": wanted.to_day if wanted.kind == PlannedKind.ABSENCE else None, "keeps_access": wanted.keeps_access, "decision": wanted.decision,
        "created_by": actor, "created_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_c), row)
    audit.record(
        connection, audit.Event.CHANGE_PLANNED, actor=actor, person_id=person_id, kind=wanted.kind.value, day=wanted.from_day.isoformat()
    )
    return change_id


def call_off(connection: Connection, person_id: uuid.UUID, change_id: uuid.UUID, *, actor: str) -> None:
    """Call a waiting change off. Raises NotFound when there is none, or it has been carried out."""
    taken = update(_c).where(_c.c.id == change_id, _c.c.person_id == person_id, _is_waiting)
    if connection.execute(taken.values(called_off_at=clock.now(), called_off_by=actor)).rowcount != 1:
        raise NotFound(_("Thay đổi này không còn chờ: đã thực hiện hoặc đã hủy."))
    audit.record(connection, audit.Event.CHANGE_CALLED_OFF, actor=actor, person_id=person_id, change=str(change_id))


def changes_of(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """All planned changes of somebody, the latest day first."""
    return connection.execute(_of_person, {"of_person": person_id}).all()


def due(connection: Connection) -> Sequence[Any]:
    """What is to be carried out today: of a leaving, the day after the last one."""
    day = today()
    rows = connection.execute(_due, {"on_day": day}).all()
    return [row for row in rows if row.kind != PlannedKind.LEAVING or row.from_day < day]


def carry_out(connection: Connection, change: Any) -> bool:
    """Carry out one change whose day has come; return whether this call did. One conditional update decides between two workers."""
    if connection.execute(_take, {"of_change": change.id, "now": clock.now()}).rowcount != 1:
        return False
    if change.kind == PlannedKind.LEAVING:
        access.withdraw(connection, change.person_id, reason=SERVICE_ENDED, actor=ACTOR)
    elif change.kind == PlannedKind.SUSPENSION:
        access.withdraw(connection, change.person_id, reason=PLANNED, actor=ACTOR)
    elif change.kind == PlannedKind.RETURN:
        access.restore(connection, change.person_id, reason=PLANNED, actor=ACTOR)
    elif not change.keeps_access and change.to_day >= today():  # an absence entered too late is over already
        access.withdraw(connection, change.person_id, reason=LONG_ABSENCE, actor=ACTOR)
    return True


def over(connection: Connection) -> Sequence[Any]:
    """Absences whose last day is past."""
    return connection.execute(_over, {"on_day": today()}).all()


def end_absence(connection: Connection, change: Any) -> bool:
    """Let somebody back whose absence is over, unless something else keeps them out; return whether this call ended it."""
    taken = update(_c).where(_c.c.id == change.id, _c.c.ended_at.is_(None)).values(ended_at=clock.now())
    if connection.execute(taken).rowcount != 1:
        return False
    person = connection.execute(_state, {"of_person": change.person_id}).one()
    if person.state == PersonState.SUSPENDED and person.state_reason == LONG_ABSENCE:
        access.restore(connection, change.person_id, reason=ABSENCE_OVER, actor=ACTOR)
    return True
