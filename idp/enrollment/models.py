"""What is remembered of the tracker: one frozen snapshot a day."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime


class Snapshot(Record):
    """The figures of one day, append-only, chained by hash; `parameters` holds the rules' version, N, targets and sync run."""

    __tablename__ = "snapshot"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class SnapshotCount(Record):
    """How many people of one unit and category stood on one rung that day."""

    __tablename__ = "snapshot_count"

    day: Mapped[date] = mapped_column(Date, ForeignKey("snapshot.day"), primary_key=True)
    unit_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)  # the nil UUID: no unit known
    staff_category: Mapped[str] = mapped_column(String(16), primary_key=True)  # "": not known
    rung: Mapped[str] = mapped_column(String(4), primary_key=True)
    level: Mapped[str] = mapped_column(String(16))
    people: Mapped[int] = mapped_column()
