"""What is remembered of a person's service beside the post in the directory: further posts, changes that wait for their day, warnings."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class PostKind(enum.StrEnum):
    """What a post beside the one in the directory is."""

    CONCURRENT = "concurrent"
    SECONDMENT = "secondment"


class Appointment(Record):
    """A post that somebody holds beside the one in the directory, from a day to a day, both included. Ended, never deleted.

    `entry_key`: the second entry of the directory that it was learnt from.
    """

    __tablename__ = "appointment"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    title: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date | None] = mapped_column(Date)
    decision: Mapped[str | None] = mapped_column(Text)
    entry_key: Mapped[str | None] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PlannedKind(enum.StrEnum):
    """What waits for its day."""

    LEAVING = "leaving"  # the last day of service: access ends with it
    ABSENCE = "absence"  # from a day to a day; access rests, unless it is kept
    SUSPENSION = "suspension"
    RETURN = "return"


class PlannedChange(Record):
    """A change of somebody's access that waits for its day (`from_day`, of the province). Carried out once, or called off.

    `ended_at`: when an absence was over and access came back.
    """

    __tablename__ = "planned_change"
    __table_args__ = (Index("ix_planned_change_waiting", "carried_out_at", "called_off_at", "from_day"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date | None] = mapped_column(Date)
    keeps_access: Mapped[bool] = mapped_column(default=False)
    decision: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    carried_out_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    called_off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    called_off_by: Mapped[str | None] = mapped_column(String(64))


_OPEN = text("cleared_at IS NULL")


class IdleWarning(Record):
    """Somebody who has not signed in for long was told; suspended on `due_on` unless they do. At most one open for a person."""

    __tablename__ = "idle_warning"
    __table_args__ = (Index("uq_idle_warning_open", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date] = mapped_column(Date)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PersonalMark(Record):
    """A keyed digest of somebody's personal identification number: tells that two are one, never what the number is."""

    __tablename__ = "personal_mark"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
