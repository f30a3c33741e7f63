"""What is remembered of sync runs."""

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class RunState(enum.StrEnum):
    """How a run stands or ended."""

    RUNNING = "running"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PLANNED = "planned"  # somebody asked only for the plan; nothing was changed
    STOPPED = "stopped"  # the guard asks for approval; nothing was changed
    FAILED = "failed"  # the directory could not be read whole; nothing was changed


_IS_RUNNING = text("state = 'running'")


class SyncRun(Record):
    """One run: when, of which source, what it found, what it did, or why it did nothing. `number` is its name for people.

    The index lets one run of a source be under way at a time; `leased_until`: a run silent for longer has died.
    """

    __tablename__ = "sync_run"
    __table_args__ = (Index("uq_sync_run_running", "source", unique=True, sqlite_where=_IS_RUNNING, postgresql_where=_IS_RUNNING),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(unique=True)
    source: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16), default="full", server_default="full")
    holder: Mapped[str | None] = mapped_column(Text)  # the process that carries it out, so that one that died is known at once
    started_by: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    plan_number: Mapped[int | None] = mapped_column()  # of the plan that it waits for, or that it carries out
    step: Mapped[str | None] = mapped_column(String(16))  # what it is doing, and with how many it is done
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    left_out: Mapped[int] = mapped_column(default=0, server_default="0")  # changes left out because an officer said so
    people_read: Mapped[int] = mapped_column(default=0)
    units_read: Mapped[int] = mapped_column(default=0)
    joined: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)
    suspended: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    units_changed: Mapped[int] = mapped_column(default=0)
    flaws: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class SourceCookie(Record):
    """Where the next delta of a source goes on from."""

    __tablename__ = "source_cookie"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    cookie: Mapped[bytes] = mapped_column(LargeBinary)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChangeKind(enum.StrEnum):
    """What a change is."""

    JOINED = "joined"
    CHANGED = "changed"
    MOVED = "moved"
    SUSPENDED = "suspended"
    RETURNED = "returned"
    UNIT_ADDED = "unit_added"
    UNIT_CHANGED = "unit_changed"
    UNIT_CLOSED = "unit_closed"


class SyncChange(Record):
    """One change of one run, in words that stay readable when the person changes again."""

    __tablename__ = "sync_change"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    run_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sync_run.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(Text)
    unit_name: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class PlanState(enum.StrEnum):
    """How a plan stands. Only one that waits can be approved, and only one that is approved is carried out."""

    WAITING = "waiting"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
    MOVED_ON = "moved_on"  # what was reviewed no longer holds; nothing of it was applied
    EXPIRED = "expired"


class PlanPart(enum.StrEnum):
    """How much of a plan was approved."""

    WHOLE = "whole"
    BELOW_LIMITS = "below_limits"


class SyncPlan(Record):
    """What a run would have done, kept for somebody to look at. `words_wanted`: how many people must approve it, 0 when nobody
    can; `typed_number`: what whoever approves types, the number of people that the guard objects about."""

    __tablename__ = "sync_plan"

    run_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sync_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    source: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    part: Mapped[str] = mapped_column(String(16), default=PlanPart.WHOLE)
    words_wanted: Mapped[int] = mapped_column()
    typed_number: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_reason: Mapped[str | None] = mapped_column(Text)


class PlanLine(Record):
    """One change of a plan. `mark`: a digest of what it changes, so that exactly this is applied and nothing else; `unit_id`: where
    the person is, `to_unit_id`: where they go; `is_over`: the guard objects to it."""

    __tablename__ = "plan_line"
    __table_args__ = (Index("ix_plan_line_run_id_mark", "run_id", "mark"), Index("ix_plan_line_run_id_unit_id", "run_id", "unit_id"))

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    run_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sync_run.id"))
    kind: Mapped[str] = mapped_column(String(16))
    mark: Mapped[bytes] = mapped_column(LargeBinary(16))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    to_unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)
    unit_name: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_over: Mapped[bool] = mapped_column(default=False)
    is_explained: Mapped[bool] = mapped_column(default=False)


class PlanWord(Record):
    """The word of one person for a plan, with their reason and the unit they spoke from."""

    __tablename__ = "plan_word"
    __table_args__ = (Index("uq_plan_word_run_id_actor", "run_id", "actor", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    run_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("sync_run.id"))
    actor: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    part: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HeldChange(Record):
    """A change that an officer does not want: left out of every run as long as it stays exactly this one, until released."""

    __tablename__ = "held_change"
    __table_args__ = (Index("ix_held_change_source_mark", "source", "mark"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(32))
    mark: Mapped[bytes] = mapped_column(LargeBinary(16))
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    held_by: Mapped[str] = mapped_column(String(64))
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(String(64))


class RequestKind(enum.StrEnum):
    """What the worker can be asked for."""

    RUN = "run"
    PLAN = "plan"
    PERSON = "person"


class SyncRequest(Record):
    """Somebody asks the worker for a run, a plan or one person; `about`: the person's key at the source."""

    __tablename__ = "sync_request"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    about: Mapped[str | None] = mapped_column(String(64))
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
