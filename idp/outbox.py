"""The outbox: what must reach somebody outside, kept until it did. A lease decides who delivers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import JSON, Connection, Index, String, Text, Uuid, bindparam, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp import clock
from idp.database import Record, UtcDateTime, in_transaction, new_id, table_of

LEASE = timedelta(seconds=60)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, GIVE_UP_AFTER = 2, 3600, timedelta(hours=24)


class OutboxMessage(Record):
    """One message: delivered, waiting for `next_attempt_at`, or given up (`failed_at`)."""

    __tablename__ = "outbox_message"
    __table_args__ = (Index("ix_outbox_message_due", "delivered_at", "failed_at", "next_attempt_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True)
class Message:
    """A message leased to this worker."""

    id: uuid.UUID
    kind: str
    payload: dict[str, Any]
    person_id: uuid.UUID | None
    client_id: uuid.UUID | None
    created_at: datetime
    attempts: int


class DeliveryFailed(Exception):
    """The other side did not take the message; it is tried again later. The text is kept in the ledger: no secrets."""


class Undeliverable(Exception):
    """The message can never be delivered (the client is gone, the address is refused); it is given up."""


Deliver = Callable[[Message], None]
DELIVERERS_KEY = "hopnhat.deliverers"

_t = table_of(OutboxMessage)
_is_open = (_t.c.delivered_at.is_(None)) & (_t.c.failed_at.is_(None))
_is_free = or_(_t.c.leased_until.is_(None), _t.c.leased_until <= bindparam("now"))
_due = (
    select(_t.c.id, _t.c.kind, _t.c.payload, _t.c.person_id, _t.c.client_id, _t.c.created_at, _t.c.attempts)
    .where(_is_open, _is_free, _t.c.next_attempt_at <= bindparam("now"))
    .order_by(_t.c.next_attempt_at, _t.c.id)
    .limit(bindparam("most"))
)
_lease = (
    update(_t)
    .where(_t.c.id == bindparam("message_id"), _is_open, _is_free)
    .values(leased_until=bindparam("until"), attempts=_t.c.attempts + 1)
)
_settle = update(_t).where(_t.c.id == bindparam("message_id"), _t.c.delivered_at.is_(None))


def add_deliverers(app: Flask, deliverers: dict[str, Deliver]) -> None:
    """Let the worker of this application hand messages of these kinds on as well."""
    app.extensions.setdefault(DELIVERERS_KEY, {}).update(deliverers)


def enqueue(
    connection: Connection, kind: str, payload: dict[str, Any], *, person_id: uuid.UUID | None = None, client_id: uuid.UUID | None = None
) -> uuid.UUID:
    """Keep a message in the transaction of the deed that causes it; return its id. It is due at once."""
    message_id, now = new_id(), clock.now()
    connection.execute(
        insert(OutboxMessage),
        {
            "id": message_id,
            "kind": kind,
            "payload": payload,
            "person_id": person_id,
            "client_id": client_id,
            "created_at": now,
            "next_attempt_at": now,
        },
    )
    return message_id


def lease_due(connection: Connection, most: int = 50) -> list[Message]:
    """Lease up to `most` due messages for 60 s. Each lease is one conditional update whose row count decides, so that two
    workers never deliver the same message at once; a worker that died frees its messages when the lease runs out."""
    now = clock.now()
    rows = connection.execute(_due, {"now": now, "most": most}).all()
    leased = []
    for row in rows:
        if connection.execute(_lease, {"message_id": row.id, "now": now, "until": now + LEASE}).rowcount == 1:
            leased.append(Message(row.id, row.kind, row.payload, row.person_id, row.client_id, row.created_at, row.attempts + 1))
    return leased


def mark_delivered(connection: Connection, message: Message) -> None:
    """Remember that the other side confirmed the message."""
    connection.execute(_settle.values(delivered_at=clock.now(), leased_until=None, last_error=None), {"message_id": message.id})


def mark_failed(connection: Connection, message: Message, error: str, *, for_good: bool = False) -> bool:
    """Remember a failed attempt; return whether the message is given up (24 hours of trying, or `for_good`).

    Pauses double from 2 s to 1 h.
    """
    now = clock.now()
    given_up = for_good or now - message.created_at >= GIVE_UP_AFTER
    pause = timedelta(seconds=min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(message.attempts - 1, 12)))
    values = {"leased_until": None, "last_error": error[:500], "next_attempt_at": now + pause, "failed_at": now if given_up else None}
    connection.execute(_settle.values(**values), {"message_id": message.id})
    return given_up


def deliver_due(deliverers: dict[str, Deliver], most: int = 50) -> int:
    """Lease due messages and hand each to the deliverer of its kind; return how many were handed on.

    Every delivery and its outcome is a transaction of its own: one dead receiver neither delays nor undoes another.
    """
    messages = in_transaction(lambda connection: lease_due(connection, most))
    for message in messages:
        _deliver_one(message, deliverers)
    return len(messages)


def _deliver_one(message: Message, deliverers: dict[str, Deliver]) -> None:
    deliver = deliverers.get(message.kind)
    try:
        if deliver is None:
            raise Undeliverable(f"nobody delivers {message.kind}")
        deliver(message)
    except DeliveryFailed as failure:
        text, for_good = str(failure), False
    except Undeliverable as failure:
        text, for_good = str(failure), True
    else:
        in_transaction(lambda connection: mark_delivered(connection, message))
        return
    in_transaction(lambda connection: mark_failed(connection, message, text, for_good=for_good))
