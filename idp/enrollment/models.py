"""What is remembered of the tracker's figures: one frozen snapshot a day, its parameters, and the closings that people sign."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Snapshot(Record):
    """The figures of one day, append-only, chained by hash; `parameters` holds the rules' version, N, W, targets, catalogue, unit
    tree and sync run. Format 1 has counts alone, format 2 the totals, systems and lines as well (`parameters["format"]`)."""

    __tablename__ = "snapshot"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class SnapshotCount(Record):
    """How many people of one unit and category stood on one rung that day; of them, how many were entitled to a system in scope, on
    long absence, or exempt (None: not counted yet in format 1)."""

    __tablename__ = "snapshot_count"

    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"), primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)  # the nil UUID: no unit known
    staff_category: Mapped[str] = mapped_column(String(16), primary_key=True)  # "": not known
    rung: Mapped[str] = mapped_column(String(4), primary_key=True)
    level: Mapped[str] = mapped_column(String(16))
    people: Mapped[int] = mapped_column()
    entitled: Mapped[int | None] = mapped_column()
    absent: Mapped[int | None] = mapped_column()
    exempt: Mapped[int | None] = mapped_column()


class SnapshotTotal(Record):
    """Counts of a day added up, so that a page reads a few rows however many people there are.

    `kind`: whole, level, category, unit (with all units below) or own (a unit's own people, without those below). People on contract
    are in `left_out` or counted, as the parameters of the day say. `b0` … `b6` are exclusive and add up to `people` (D0); `entitled`
    is D1, `accounts` D2, `authenticated_entitled` and `seamless_entitled` those of D1 on B5 and above, and on B6. `missing`: those
    of D1 who are not on B6.
    """

    __tablename__ = "snapshot_total"
    __table_args__ = (
        Index("ix_snapshot_total_day_parent", "day", "kind", "parent_key"),
        Index("ix_snapshot_total_day_missing", "day", "kind", "missing"),
        Index("ix_snapshot_total_key_day", "kind", "key", "day"),
    )

    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[str] = mapped_column(String(36), primary_key=True)
    parent_key: Mapped[str] = mapped_column(String(36))  # "": none
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    has_more: Mapped[bool] = mapped_column()
    people: Mapped[int] = mapped_column()
    entitled: Mapped[int] = mapped_column()
    accounts: Mapped[int] = mapped_column()
    b0: Mapped[int] = mapped_column()
    b1: Mapped[int] = mapped_column()
    b2: Mapped[int] = mapped_column()
    b3: Mapped[int] = mapped_column()
    b4: Mapped[int] = mapped_column()
    b5: Mapped[int] = mapped_column()
    b6: Mapped[int] = mapped_column()
    authenticated_entitled: Mapped[int] = mapped_column()
    seamless_entitled: Mapped[int] = mapped_column()
    absent: Mapped[int] = mapped_column()
    exempt: Mapped[int] = mapped_column()
    left_out: Mapped[int] = mapped_column()
    missing: Mapped[int] = mapped_column()


class SnapshotSystem(Record):
    """One system of the catalogue on a day. `entitled`: people in post who may enter it; `entered`: those of them who did within W
    days; for a system without an application everybody in post is taken to use it."""

    __tablename__ = "snapshot_system"

    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    standing: Mapped[str] = mapped_column(String(16))
    own_passwords_left: Mapped[str] = mapped_column(String(16))
    entitled: Mapped[int] = mapped_column()
    entered: Mapped[int] = mapped_column()
    accounts: Mapped[int | None] = mapped_column()
    planned_on: Mapped[date | None] = mapped_column(Date)


class SnapshotLine(Record):
    """One more figure of a day: people with a kind of factor (`factor`), changes of rung since the snapshot before by cause
    (`fall`, `rise`), and flaws of the data (`quality`)."""

    __tablename__ = "snapshot_line"

    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    people: Mapped[int] = mapped_column()


class TrackerParameters(Record):
    """Parameters of the tracker from a day on; before the first ones, those of the settings hold. In force only when a second person
    approved them."""

    __tablename__ = "tracker_parameters"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_from: Mapped[date] = mapped_column(Date)
    recent_days: Mapped[int] = mapped_column()
    entry_days: Mapped[int] = mapped_column()
    counts_contract_staff: Mapped[bool] = mapped_column()
    milestones: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Closing(Record):
    """The figures of a reporting period, fixed on a snapshot: append-only; a correction is a further version with its reason.

    `period`: 2026-11, 2026-Q4, 2026-H1, 2026-9M or 2026. `sequence` orders the chain.
    """

    __tablename__ = "closing"
    __table_args__ = (Index("ix_closing_kind_period_version", "kind", "period", "version", unique=True),)

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    period: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column()
    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"))
    snapshot_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ClosingSignature(Record):
    """That a named person signed a closing: once, append-only. `hash` covers the closing's and the words here."""

    __tablename__ = "closing_signature"

    sequence: Mapped[int] = mapped_column(ForeignKey("closing.sequence"), primary_key=True, autoincrement=False)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Exemption(Record):
    """That somebody need not be authenticated for a time, by a decision: they stay in the denominator and are printed apart."""

    __tablename__ = "exemption"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
