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
