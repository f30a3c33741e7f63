"""What several sources say of the same people, and which source owns which attribute."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime


class SourceEntry(Record):
    """What one source says of somebody whom several sources know; of whom only one source knows there is no row.

    `facts`: what it says, by attribute; `is_locked`: it says that they must not be let in; `missing_since`: it did not name them any
    more, and the grace runs; `gone_at`: they are gone from it.
    """

    __tablename__ = "source_entry"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    source_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_locked: Mapped[bool] = mapped_column(default=False)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    missing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AttributeOwner(Record):
    """The source whose word counts first for an attribute, as an administrator has decided; without a row: the usual order."""

    __tablename__ = "attribute_owner"

    attribute: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
