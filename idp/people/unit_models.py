"""What is remembered of a unit's past: how it was before, and what became of it."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class SuccessionKind(enum.StrEnum):
    """What becomes of units in a reorganisation."""

    MERGE = "merge"  # several become one, or one becomes part of another
    SPLIT = "split"  # one becomes several
    RENAME = "rename"  # one becomes one
    VANISH = "vanish"  # one ends without a successor
    NEW = "new"  # one begins without a predecessor


class UnitVersion(Record):
    """How a unit was until something about it changed; how it is now stands in `unit`.

    In force from `valid_from` until the day before `valid_to`. `recorded_on`: the day from which we counted otherwise, which is later
    when a decision was carried out after its day.
    """

    __tablename__ = "unit_version"
    __table_args__ = (Index("ix_unit_version_unit_id_recorded_on", "unit_id", "recorded_on"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"))
    code: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date)
    recorded_on: Mapped[date] = mapped_column(Date)


class UnitSuccessor(Record):
    """A unit that another became, or became part of; one may have several successors, and several one. `people`: how many went
    from the one to the other in the run that carried it out."""

    __tablename__ = "unit_successor"
    __table_args__ = (Index("ix_unit_successor_unit_id_successor_id", "unit_id", "successor_id", "effective_on", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"))
    successor_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    people: Mapped[int] = mapped_column(default=0)
    effective_on: Mapped[date] = mapped_column(Date)
    reorganisation: Mapped[int | None] = mapped_column()  # its number; none for what was seen without a scheme
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
