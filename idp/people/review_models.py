"""What is remembered of access reviews: the campaign, a sheet for each unit, a line for each person on it."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class ReviewCampaign(Record):
    """One review of everybody's access; `name` is the period, as 2026-2 for the second of a year."""

    __tablename__ = "review_campaign"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    opened_by: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date] = mapped_column(Date)
    alarmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewSheet(Record):
    """The people of one unit in a campaign; signed by an officer of the unit when every line is decided."""

    __tablename__ = "review_sheet"
    __table_args__ = (Index("uq_review_sheet_campaign_unit", "campaign_id", "unit_id", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("review_campaign.id"))
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    unit_name: Mapped[str] = mapped_column(Text)
    signed_by: Mapped[str | None] = mapped_column(String(64))
    signed_name: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(Text)


class ReviewLine(Record):
    """One person on a sheet, as they were when the campaign was opened; `decision`: keep or withdraw."""

    __tablename__ = "review_line"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    sheet_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("review_sheet.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[list[Any]] = mapped_column(JSON, default=list)
    applications: Mapped[list[Any]] = mapped_column(JSON, default=list)
    decision: Mapped[str | None] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
