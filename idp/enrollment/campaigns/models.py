"""What is remembered of acting on the tracker: orders of reminders, who was reminded, campaigns, enrolment days, reports by mail."""

import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Campaign(Record):
    """A campaign: the people of a segment (`rung`; "": everybody who is not on B6) of a unit and all below it, in waves."""

    __tablename__ = "campaign"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    rung: Mapped[str] = mapped_column(String(4))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CampaignWave(Record):
    """A wave of a campaign: on which day it begins, and with how many people at the most (None: all that are left)."""

    __tablename__ = "campaign_wave"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("campaign.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_day: Mapped[date] = mapped_column(Date)
    most: Mapped[int | None] = mapped_column()
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    people: Mapped[int] = mapped_column(default=0)


class CampaignPerson(Record):
    """Somebody in a wave, and on which rung they stood when it began: the campaign's effect is told from this."""

    __tablename__ = "campaign_person"

    campaign_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("campaign.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True, index=True)
    wave: Mapped[int] = mapped_column()
    rung: Mapped[str] = mapped_column(String(4))


class ReminderOrder(Record):
    """That the people of a segment, or of a wave, are to be reminded; the worker goes on after `after` until it is done."""

    __tablename__ = "reminder_order"
    __table_args__ = (
        Index("ix_reminder_order_open", "ordered_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    rung: Mapped[str] = mapped_column(String(4))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("campaign.id"), index=True)
    wave: Mapped[int | None] = mapped_column()
    reason: Mapped[str] = mapped_column(Text)
    ordered_by: Mapped[str] = mapped_column(String(64))
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    after: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    written: Mapped[int] = mapped_column(default=0)
    lately: Mapped[int] = mapped_column(default=0)
    without_mail: Mapped[int] = mapped_column(default=0)


class Reminder(Record):
    """When somebody was last reminded, and how often: nobody more than once a week."""

    __tablename__ = "reminder"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    times: Mapped[int] = mapped_column(default=1)


class EnrolmentDay(Record):
    """A day on which an officer sits at a place and helps people of a unit to enrol."""

    __tablename__ = "enrolment_day"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    place: Mapped[str] = mapped_column(Text)
    officer: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReportSubscription(Record):
    """That somebody gets Biểu 01 by mail: every "week" (Mondays) or "month" (the 15th, after the closing)."""

    __tablename__ = "report_subscription"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    every: Mapped[str] = mapped_column(String(8))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_day: Mapped[date | None] = mapped_column(Date)


class Escalation(Record):
    """That a lagging unit was told of, step by step: its officers, its head, the province. `missing`: people of D1 not on B6 when it
    began; `ended_on`: the day on which it no longer lagged. At most one open for a unit."""

    __tablename__ = "escalation"
    __table_args__ = (
        Index(
            "uq_escalation_open", "unit_id", unique=True, sqlite_where=text("ended_on IS NULL"), postgresql_where=text("ended_on IS NULL")
        ),
        Index("ix_escalation_unit_id_begun_on", "unit_id", "begun_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("unit.id"))
    begun_on: Mapped[date] = mapped_column(Date)
    missing: Mapped[int] = mapped_column()
    officers_told_on: Mapped[date | None] = mapped_column(Date)
    head_told_on: Mapped[date | None] = mapped_column(Date)
    province_told_on: Mapped[date | None] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
