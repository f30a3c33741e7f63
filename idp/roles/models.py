"""What is remembered of roles."""

import enum
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Role(enum.StrEnum):
    """What a person may be for this system, beside being an official."""

    IT_ADMIN = "it_admin"
    HR_OFFICER = "hr_officer"
    LEADER = "leader"
    AUDITOR = "auditor"
    HELP_DESK = "help_desk"


class RoleGrant(Record):
    """A role given to a person for a part of the unit tree; no unit means all of it. Ended, never deleted."""

    __tablename__ = "role_grant"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FirstWord(Record):
    """The word of one officer for a deed on somebody who holds a role: it waits for that of a second one, who carries it out."""

    __tablename__ = "first_word"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    deed: Mapped[str] = mapped_column(String(32))
    officer_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiGrant(Record):
    """A role given to a machine client for a part of the unit tree, for what it does at the API. It counts once a second officer has
    approved it. Ended, never deleted."""

    __tablename__ = "api_grant"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
