"""What is remembered of SCIM: who may push, what each source has said of its people, its groups, its messages, and the accounts that
applications hold for our people."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class ScimSource(Record):
    """A source of people that pushes them: the client whose tokens speak for it, and the part of the tree its people belong to (None:
    the whole province). `withdrawals`: how many people it may have suspended within an hour; `raised_*`: more, for a time, by
    somebody's decision. `signed`: each of its writes must be signed."""

    __tablename__ = "scim_source"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(Text)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), unique=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    signed: Mapped[bool] = mapped_column(default=False)
    withdrawals: Mapped[int | None] = mapped_column()
    raised_to: Mapped[int | None] = mapped_column()
    raised_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64))


class ScimEntry(Record):
    """What a source says of one person: `told` as it was written, `compared` as it is compared (by attribute path). `deleted_at`: the source
    says no more that the person is there; the entry waits for their return."""

    __tablename__ = "scim_entry"
    __table_args__ = (
        Index("uq_scim_entry_source_external_id", "source", "external_id", unique=True),
        Index("ix_scim_entry_source_user_name_key", "source", "user_name_key"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str | None] = mapped_column(String(255))
    user_name_key: Mapped[str] = mapped_column(String(255))
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    compared: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScimAddress(Record):
    """A mail address or phone number that a source gives for a person, in its order (`place`)."""

    __tablename__ = "scim_address"
    __table_args__ = (Index("ix_scim_address_kind_value_key", "kind", "value_key"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    place: Mapped[int] = mapped_column()
    value: Mapped[str | None] = mapped_column(String(255))
    value_key: Mapped[str | None] = mapped_column(String(255))
    type: Mapped[str | None] = mapped_column(String(255))
    primary: Mapped[bool | None] = mapped_column()


class ScimGroup(Record):
    """A group of one source."""

    __tablename__ = "scim_group"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(32), index=True)
    external_id: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScimGroupMember(Record):
    """A person in a group of their own source."""

    __tablename__ = "scim_group_member"

    group_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("scim_group.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True, index=True)
    display: Mapped[str | None] = mapped_column(Text)


class ScimMessage(Record):
    """A write that was answered, by the key its sender gave it: the same again gets the same answer, another one none."""

    __tablename__ = "scim_message"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int] = mapped_column()
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Provisioning(Record):
    """An application that wants its accounts in advance: where, with which token (sealed), for which units with all below them (none: for
    everybody). `filled_to`: how far the first filling has come, by the keys of people; `looked_until`: changes since then are still
    to be looked at; `stopped_at`: nothing more is sent."""

    __tablename__ = "provisioning"

    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    units: Mapped[list[str]] = mapped_column(JSON)
    looked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filled_to: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    is_filled: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProvisionedAccount(Record):
    """The account of a person at such an application. `remote_id`: how the application calls it, None before it has confirmed one;
    `is_active` and `digest`: what it has confirmed last; `message_id`: the message that was sent last."""

    __tablename__ = "provisioned_account"

    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True, index=True)
    remote_id: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=False)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    message_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
