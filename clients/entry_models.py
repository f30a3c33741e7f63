"""What is remembered of who may enter an application, and what they are there."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class EntryKind(enum.StrEnum):
    """Whom a rule lets in."""

    EVERYBODY = "everybody"
    UNIT = "unit"  # whoever works in the unit or below it
    CATEGORY = "category"
    ROLE = "role"
    PERSON = "person"


class ClientEntryRule(Record):
    """A rule that lets people into an application; without any, nobody gets in. `valid_from` and `valid_to` are days, both included;
    None: no limit. Taken back, never deleted."""

    __tablename__ = "client_entry_rule"
    __table_args__ = (Index("ix_client_entry_rule_client_id_removed_at", "client_id", "removed_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    kind: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    staff_category: Mapped[str | None] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(32))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientRoleRule(Record):
    """A rule that gives people a role in an application (claim `roles`): whoever works in a unit or below it, a category, a title, a
    person, or everybody. Days as in entry rules. Taken back, never deleted."""

    __tablename__ = "client_role_rule"
    __table_args__ = (Index("ix_client_role_rule_client_id_removed_at", "client_id", "removed_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    name: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    staff_category: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(String(200))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
