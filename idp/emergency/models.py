"""What is remembered of emergency accounts."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class EmergencyAccount(Record):
    """Two envelopes, each with a password (`hash`, `second_hash`), kept by two officers. It is nobody of the roster: no application lets
    it in, no figure counts it. The selectors are the SHA-256 of each password's first signs, by which a try is told to be about this
    account. Without `second_hash`: sealed before there were two. `spent_at`: when the passwords were used; then they are good for
    nothing until new ones are sealed."""

    __tablename__ = "emergency_account"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(Text)
    second_hash: Mapped[str | None] = mapped_column(Text)
    selector: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    second_selector: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    first_holder: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    second_holder: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_by: Mapped[str] = mapped_column(String(64))
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EmergencySession(Record):
    """One use of an account, in one browser. The cookie is kept as a digest. `used_for`: why, as they say; the openers: who they say
    they are."""

    __tablename__ = "emergency_session"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("emergency_account.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_for: Mapped[str] = mapped_column(Text)
    first_opener: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    second_opener: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(32))
