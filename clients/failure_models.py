"""What is remembered of requests of applications that were refused, for thirty days."""

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class FailureKind(enum.StrEnum):
    """What was wrong, as somebody has to mend it."""

    CLIENT_UNKNOWN = "client_unknown"
    CLIENT_DISABLED = "client_disabled"
    ADDRESS = "redirect_uri"
    ADDRESS_MISSING = "redirect_uri_missing"
    LOGOUT_ADDRESS = "post_logout_redirect_uri"
    LOGOUT_HINT = "id_token_hint"
    MALFORMED = "malformed"
    REQUEST = "request"
    SCOPE = "scope"
    PKCE = "pkce"
    LINK_OVER = "request_uri"
    METHOD = "auth_method"
    SECRET = "secret"
    KEY = "key"
    GRANT = "grant"
    GRANT_TYPE = "grant_type"
    PROOF = "dpop"
    ASSURANCE = "acr"
    ENTRY = "entry"
    CANCELLED = "cancelled"
    SITE = "site"
    TOO_MANY = "too_many"
    OTHER = "other"


class FailedRequest(Record):
    """A request that was refused: where (`place`), why (`kind`; `error`: the word that was answered; `detail`: for the developer), what it
    asked (`asked`: values that are no secret, cut; `withheld`: the names of the others) and what was registered then, of what matters.
    `code` is what the person sees; `named`: the client_id of nobody. `address`: of a program, never of somebody's browser."""

    __tablename__ = "failed_request"
    __table_args__ = (Index("ix_failed_request_client_id_happened_at", "client_id", "happened_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(16), index=True)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    error: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("client.id"))
    named: Mapped[str | None] = mapped_column(String(64))
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    withheld: Mapped[list[str]] = mapped_column(JSON)
    registered: Mapped[dict[str, Any]] = mapped_column(JSON)
    address: Mapped[str | None] = mapped_column(String(64))
