"""What is remembered of applications that speak SAML, and of the keys that sign for them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class SamlParty(Record):
    """A service provider: the client that it is for us, and what its metadata says. `facts`: addresses and certificates as read from
    the metadata; `name_id`: by which name it knows people; `attributes`: its name of an attribute → our claim; `signs_requests`: only
    signed requests count; `takes_unsolicited`: a sign-in may begin here, without a request of its."""

    __tablename__ = "saml_party"

    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    entity_id: Mapped[str] = mapped_column(String(1024), unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    name_id: Mapped[str] = mapped_column(String(16))
    attributes: Mapped[dict[str, str]] = mapped_column(JSON)
    signs_requests: Mapped[bool] = mapped_column()
    takes_unsolicited: Mapped[bool] = mapped_column()
    metadata_url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SamlSession(Record):
    """By which kind of name a party was told of the person of a session: by the same it is asked to end it. Kept as long as sessions last."""

    __tablename__ = "saml_session"

    session_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    name_kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SamlSigningKey(Record):
    """A key that signs what SAML applications get, and its certificate (PEM), which they keep. Prepared, then in use, then retired."""

    __tablename__ = "saml_signing_key"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    certificate: Mapped[str] = mapped_column(Text)
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
