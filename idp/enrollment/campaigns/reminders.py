"""Reminders: everybody of a segment gets a letter about the one step that is missing, nobody more than once a week.

An order is carried out by the worker a batch at a time, each in a transaction of its own that also moves the order on: whoever breaks
off goes on where the last batch ended, and one conditional write for each person decides whether they get a letter.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp import audit, clock, outbox, smtp
from idp.database import in_transaction, new_id, table_of
from idp.enrollment.campaigns.models import CampaignPerson, Reminder, ReminderOrder
from idp.enrollment.campaigns.reminder_letter import KIND
from idp.enrollment.missing_people import page_of_ids
from idp.enrollment.rungs import Rung
from idp.enrollment.standing_models import RungInterval
from idp.errors import Refusal
from idp.people.models import Person

AT_MOST_EVERY = timedelta(days=7)
BATCH = 200
_o, _r, _cp = table_of(ReminderOrder), table_of(Reminder), table_of(CampaignPerson)
_i, _p = table_of(RungInterval), table_of(Person)


def order_reminders(
    connection: Connection, rung: str, unit_id: uuid.UUID | None, *, reason: str, actor: str, campaign_id: uuid.UUID | None = None,
    wave: int | None = None,
) -> uuid.UUID:  # fmt: skip
    """Ask for reminders to a segment (a rung, "" for all below B6; a unit with all below it) or to a wave. Raises Refusal when there
    is no mail server, or when the same is under way already."""
    if not smtp.is_configured():
        raise Refusal(_("Chưa thiết lập máy chủ thư, nên không gửi được thư nhắc."), "no_mail_server")
    same = (
        _o.c.done_at.is_(None),
        _o.c.rung == rung,
        _o.c.unit_id.is_not_distinct_from(unit_id),
        _o.c.campaign_id.is_not_distinct_from(campaign_id),
    )
    if connection.execute(select(_o.c.id).where(*same)).first():
        raise Refusal(_("Lượt nhắc như vậy đang được gửi."), "under_way")
    order_id = new_id()
    row = {
        "id": order_id, "rung": rung, "unit_id": unit_id, "campaign_id": campaign_id, "wave": wave, "reason": reason, "ordered_by": actor,
        "ordered_at": clock.now(), "written": 0, "lately": 0, "without_mail": 0,
    }  # fmt: skip
    connection.execute(insert(_o), row)
    audit.record(
        connection, audit.Event.REMINDERS_ORDERED, actor=actor, reason=reason, segment=rung, unit=str(unit_id) if unit_id else None,
        campaign=str(campaign_id) if campaign_id else None,
    )  # fmt: skip
    return order_id


def remind_job() -> None:
    """The worker's part: carry out what is ordered, oldest first."""
    while in_transaction(carry_on):
        pass


def carry_on(connection: Connection) -> bool:
    """Write one batch of the oldest open order; False when nothing is open."""
    order = connection.execute(
        select(_o).where(_o.c.done_at.is_(None)).order_by(_o.c.ordered_at, _o.c.id).limit(1).with_for_update()
    ).first()
    if order is None:
        return False
    people = _batch(connection, order)
    written, lately, without = _write(connection, people)
    counted = {"written": _o.c.written + written, "lately": _o.c.lately + lately, "without_mail": _o.c.without_mail + without}
    ended = len(people) < BATCH
    moved = {"after": people[-1].id} if people else {}
    of_order = update(_o).where(_o.c.id == order.id, _o.c.done_at.is_(None))
    connection.execute(of_order.values(**counted, **moved, done_at=clock.now() if ended else None))
    if ended:
        audit.record(
            connection, audit.Event.REMINDERS_WRITTEN, actor=order.ordered_by, written=order.written + written, lately=order.lately + lately,
            without_mail=order.without_mail + without,
        )  # fmt: skip
    return True


def _batch(connection: Connection, order: Any) -> Sequence[Any]:
    if order.campaign_id is None:
        return page_of_ids(connection, order.rung, [order.unit_id] if order.unit_id else None, order.after, BATCH)
    # Of a wave only those who still miss something: whoever has enrolled since is left in peace.
    conditions = [
        _cp.c.campaign_id == order.campaign_id, _cp.c.wave == order.wave, _i.c.to_at.is_(None), _i.c.rung != Rung.SEAMLESS.value,
    ]  # fmt: skip
    if order.after is not None:
        conditions.append(_p.c.id > order.after)
    joined = _cp.join(_p, _p.c.id == _cp.c.person_id).join(_i, _i.c.person_id == _p.c.id)
    columns = (_p.c.id, _p.c.mail.is_not(None).label("has_mail"), _i.c.rung)
    return connection.execute(select(*columns).select_from(joined).where(*conditions).order_by(_p.c.id).limit(BATCH)).all()


def _write(connection: Connection, people: Sequence[Any]) -> tuple[int, int, int]:
    reachable = [one for one in people if one.has_mail]
    due = _take_their_week(connection, [one.id for one in reachable])
    for one in reachable:
        if one.id in due:
            outbox.enqueue(connection, KIND, {"rung": one.rung}, person_id=one.id)
    return len(due), len(reachable) - len(due), len(people) - len(reachable)


def _take_their_week(connection: Connection, people: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of them whom nobody has reminded for a week; from now on they have been."""
    if not people:
        return set()
    now = clock.now()
    insert_one = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_r)
    statement = insert_one.values([{"person_id": one, "last_at": now, "times": 1} for one in people])
    due = statement.on_conflict_do_update(
        index_elements=[_r.c.person_id], set_={"last_at": now, "times": _r.c.times + 1}, where=_r.c.last_at <= now - AT_MOST_EVERY
    )
    return set(connection.execute(due.returning(_r.c.person_id)).scalars())


def list_orders(connection: Connection, most: int = 20) -> Sequence[Any]:
    """The newest orders."""
    return connection.execute(select(_o).order_by(_o.c.ordered_at.desc(), _o.c.id).limit(most)).all()


def count_reminded(connection: Connection) -> int:
    """How many people were reminded within the last week."""
    return int(connection.execute(select(func.count()).select_from(_r).where(_r.c.last_at > clock.now() - AT_MOST_EVERY)).scalar_one())
