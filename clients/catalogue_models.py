"""What is remembered of the catalogue of systems: also of those that are not connected yet."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Protocol(enum.StrEnum):
    """How people sign in to a system today."""

    OIDC = "oidc"
    SAML = "saml"
    PROXY = "proxy"  # behind the forward-auth proxy: it speaks nothing itself
    LDAP = "ldap"
    OWN = "own"  # accounts of its own
    UNKNOWN = "unknown"


class OwnPasswords(enum.StrEnum):
    """Whether people still have a password of their own in a system."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class CatalogueSystem(Record):
    """An information system of some level of government: the tracker's denominator of systems.

    `code` names it in files and commands. `client_id`: the application it is connected as. `proven_at`: when an integration check of
    that application last passed; `stated_*`: an administrator's word instead, with the reason. `retired_at`: no longer in use.
    """

    __tablename__ = "catalogue_system"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    owner_unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    contact: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    protocol: Mapped[str] = mapped_column(String(16))
    security_level: Mapped[int | None] = mapped_column()
    in_scope: Mapped[bool] = mapped_column()
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("client.id"), unique=True)
    own_passwords_left: Mapped[str] = mapped_column(String(16))
    accounts: Mapped[int | None] = mapped_column()
    planned_on: Mapped[date | None] = mapped_column(Date)
    notes: Mapped[str] = mapped_column(Text)
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stated_by: Mapped[str | None] = mapped_column(String(64))
    stated_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
