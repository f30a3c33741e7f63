"""What is remembered of each person's standing: entries into applications, and on which rung from when to when."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Index, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime

_OPEN = text("to_at IS NULL")


class SystemEntry(Record):
    """When somebody first and last entered an application through the provider."""

    __tablename__ = "system_entry"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TrackerCursor(Record):
    """How far the tracker has followed the audit trail (`position` of the chain), and by which parameters it last looked at all."""

    __tablename__ = "tracker_cursor"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    parameters: Mapped[str] = mapped_column(String(64))
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RungInterval(Record):
    """Where somebody in post stood, from an instant until before another; open while `to_at` is None, nobody in two at once.

    `position` rises one by one in the order in which intervals were opened. `unit_id` and `staff_category`: where they were counted.
    `cause`: the event (`event_id`) that opened it, or `time.…` for what happens by time alone, or another word of `causes.py`.
    `falls_at`: the earliest instant at which time alone may end it. `digest`: of what is told above. Triggers of the database refuse
    to delete a row, or to change more of it than `to_at` once, with what ended it, and `falls_at`.
    """

    __tablename__ = "rung_interval"
    __table_args__ = (
        Index("uq_rung_interval_open", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_rung_interval_falls", "falls_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_rung_interval_person_id_from_at", "person_id", "from_at"),
        Index("ix_rung_interval_unit_id_from_at", "unit_id", "from_at"),
        Index("ix_rung_interval_to_at", "to_at"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    to_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rung: Mapped[str] = mapped_column(String(4))
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid)  # the nil UUID: no unit known
    staff_category: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(48))
    event_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    end_cause: Mapped[str | None] = mapped_column(String(48))
    falls_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class RungDifference(Record):
    """What a recount found other than the intervals said, with no event that explains it; recorded, then put right from that
    instant on. Append-only. A rung of "" stands for: not in post."""

    __tablename__ = "rung_difference"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    by_intervals: Mapped[str] = mapped_column(String(4))
    by_facts: Mapped[str] = mapped_column(String(4))
    unit_by_intervals: Mapped[uuid.UUID] = mapped_column(Uuid)
    unit_by_facts: Mapped[uuid.UUID] = mapped_column(Uuid)
