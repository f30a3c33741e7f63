"""What is remembered of reorganisations: a decision's scheme, who proposed and approved it, and what each row came to."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class ReorganisationState(enum.StrEnum):
    """How a scheme stands."""

    DRAFT = "draft"
    APPROVED = "approved"  # the sync that brings it explains itself by it
    UNDER_WAY = "under_way"  # a run has carried out some of its rows
    APPLIED = "applied"  # every row was carried out
    WITHDRAWN = "withdrawn"  # explains nothing (any more); what was carried out stays


class Origin(enum.StrEnum):
    """Where a scheme's rows come from."""

    FILE = "file"
    DIFFERENCE = "difference"


class RoleFate(enum.StrEnum):
    """What becomes of a role that is bound to the old unit."""

    FOLLOW = "follow"  # it is given for the new unit instead
    END = "end"


class Reorganisation(Record):
    """A dated scheme by which units merge, split, change their name, end and begin. `number` is its name for people."""

    __tablename__ = "reorganisation"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)
    effective_on: Mapped[date] = mapped_column(Date)
    origin: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), index=True)
    proposed_by: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReorganisationRow(Record):
    """One line of a scheme. `old_unit_id`: the unit it is about; `new_source_key`: the source's key of the new one, where the scheme
    comes from a difference; `new_unit_id` and `run_number`: known once it was carried out;
    `flaw`: why it says nothing, a stable word."""

    __tablename__ = "reorganisation_row"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    reorganisation_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("reorganisation.id"), index=True)
    line: Mapped[int] = mapped_column()
    kind: Mapped[str] = mapped_column(String(16))
    old_code: Mapped[str | None] = mapped_column(Text)
    old_name: Mapped[str | None] = mapped_column(Text)
    old_unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    new_code: Mapped[str | None] = mapped_column(Text)
    new_name: Mapped[str | None] = mapped_column(Text)
    new_unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    new_source_key: Mapped[str | None] = mapped_column(String(64))
    roles: Mapped[str] = mapped_column(String(16))
    effective_on: Mapped[date] = mapped_column(Date)
    run_number: Mapped[int | None] = mapped_column()
    flaw: Mapped[str | None] = mapped_column(String(32))
