"""What is remembered of browser sessions."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, Uuid, false, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id

_IS_OPEN = text("ended_at IS NULL")


class BrowserSession(Record):
    """One person in one browser. The cookie is kept as a digest; `id` is the `sid` that clients are told."""

    __tablename__ = "browser_session"
    __table_args__ = (
        # Of the open ones only, which are few: listed newest first, by place, and ended when their time is over.
        Index("ix_browser_session_open_id", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_browser_session_open_person_id", "person_id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_browser_session_open_address_id", "address", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_browser_session_open_expires_at", "expires_at", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    acr: Mapped[str] = mapped_column(String(64))
    amr: Mapped[str] = mapped_column(String(128))
    required_acr: Mapped[str] = mapped_column(String(64))  # below this the session is unfinished and counts for nothing
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    shared_pc: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    idle_seconds: Mapped[int] = mapped_column()
    directory_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it last let the person in; none: a passkey alone did
    password_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the directory said then; over: on grace
    grace_left: Mapped[int | None] = mapped_column()
    password_end_told: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(32))


class TrustedBrowser(Record):
    """A browser in which one person showed two factors and asked not to be asked again today. The cookie is kept as a digest; it
    never counts as a factor, it only lets the house's own demand for one rest."""

    __tablename__ = "trusted_browser"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    session_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
