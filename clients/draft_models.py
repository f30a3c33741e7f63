"""What is remembered of applications on their way to being connected, and of whose they are."""

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Environment(enum.StrEnum):
    """Whether real work is done with it."""

    TEST = "test"
    PRODUCTION = "production"


class ClientKind(enum.StrEnum):
    """What sort of program it is; all else about how it signs people in follows from that."""

    SERVER = "server"
    BROWSER = "browser"
    MACHINE = "machine"
    LEGACY = "legacy"


class DraftState(enum.StrEnum):
    """How far a draft is."""

    OPEN = "open"
    SUBMITTED = "submitted"
    CONNECTED = "connected"
    WITHDRAWN = "withdrawn"


class ClientCard(Record):
    """Whose an application is, and whom to call."""

    __tablename__ = "client_card"

    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    owner_unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    environment: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(Text)
    registered_by: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))


class ClientDraft(Record):
    """An application as somebody is describing it. `answers`: what was typed, by field; `word`: why it was sent back. `client_id`: what
    became of it; `secret_taken_at`: when its first secret was shown, once."""

    __tablename__ = "client_draft"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16), index=True)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(String(64))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    word: Mapped[str | None] = mapped_column(Text)
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("client.id"))
    secret_taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
