"""What is remembered of persons and units."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Level(enum.StrEnum):
    """The level of government a unit belongs to."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class StaffCategory(enum.StrEnum):
    """The categories of staff that the law knows, and contract staff."""

    CAN_BO = "can_bo"
    CONG_CHUC = "cong_chuc"
    VIEN_CHUC = "vien_chuc"
    HOP_DONG = "hop_dong"


class PersonState(enum.StrEnum):
    """Whether a person may sign in. Nobody is ever deleted."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class DirectoryReason(enum.StrEnum):
    """Why a directory sync suspends somebody: what it may also take back. Any other reason is a person's decision."""

    GONE = "gone_from_directory"
    LOCKED = "locked_in_directory"


# The source of people who were made up so that an application can be checked with them: they are nobody, and are never counted.
INTEGRATION_CHECK = "integration_check"


class Unit(Record):
    """An agency or a part of one. Codes change and close; the key is our own and stays."""

    __tablename__ = "unit"
    __table_args__ = (Index("ix_unit_source_source_key", "source", "source_key", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(32))
    source_key: Mapped[str] = mapped_column(String(64))
    code: Mapped[str | None] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class MirrorReading(Record):
    """When a source of people was last read."""

    __tablename__ = "mirror_reading"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


_IS_OUT = text("state != 'active'")
_HAS_ALIAS = text("alias_key IS NOT NULL")
_BY_BYTES = Text().with_variant(Text(collation="C"), "postgresql")  # in whatever language the database sorts


class Person(Record):
    """An official. `subject` is the OpenID Connect `sub`: opaque, permanent, never reused."""

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_source_source_key", "source", "source_key", unique=True),
        # Counted at each look at what changed; those in service are the rest, so that adding them costs nothing here.
        Index("ix_person_source_state", "source", "state", sqlite_where=_IS_OUT, postgresql_where=_IS_OUT),
        Index("ix_person_sort_key_id", "sort_key", "id"),  # a staff list goes on after a place in it
        Index("ix_person_out_sort_key_id", "sort_key", "id", sqlite_where=_IS_OUT, postgresql_where=_IS_OUT),
        Index("ix_person_alias_key", "alias_key", sqlite_where=_HAS_ALIAS, postgresql_where=_HAS_ALIAS),  # most have none
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    subject: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(String(32))
    source_key: Mapped[str] = mapped_column(String(64))
    directory_dn: Mapped[str] = mapped_column(Text)
    username: Mapped[str | None] = mapped_column(String(255))
    username_key: Mapped[str | None] = mapped_column(String(255), index=True)
    mail: Mapped[str | None] = mapped_column(String(255))
    mail_key: Mapped[str | None] = mapped_column(String(255), index=True)
    alias_key: Mapped[str | None] = mapped_column(String(255))  # another name that the directory takes at sign-in
    phone: Mapped[str | None] = mapped_column(String(64))
    staff_code: Mapped[str | None] = mapped_column(String(64), index=True)
    staff_category: Mapped[str | None] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    family_name: Mapped[str | None] = mapped_column(Text)
    middle_name: Mapped[str | None] = mapped_column(Text)
    given_name: Mapped[str | None] = mapped_column(Text)
    sort_key: Mapped[bytes] = mapped_column(LargeBinary)
    search_key: Mapped[str] = mapped_column(_BY_BYTES, index=True)
    title: Mapped[str | None] = mapped_column(Text)
    employment_status: Mapped[str | None] = mapped_column(String(32))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=PersonState.ACTIVE)
    state_reason: Mapped[str | None] = mapped_column(Text)
    state_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    directory_locked: Mapped[bool] = mapped_column(default=False)
    directory_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    first_signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_two_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notice_acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    browser_round: Mapped[int] = mapped_column(default=0, server_default="0")  # browsers of rounds before are not known any more
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
