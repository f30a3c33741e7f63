"""What is remembered of authorizations, their tokens, and the keys that sign."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime


class SigningKey(Record):
    """A key pair of this provider; `id` is the `kid`. Published before use, kept until the last token it signed has died."""

    __tablename__ = "signing_key"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    alg: Mapped[str] = mapped_column(String(16))
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_from: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Authorization(Record):
    """What a person has let a client do, once: every code and token hangs on one row. Without a person (client credentials,
    RFC 6749 §4.4) it is the client's own. `confirmation`: the key that its tokens are bound to (`cnf`: RFC 9449 §6, RFC 8705
    §3.1); `resource`: whom they are for (RFC 8707), None for this provider alone.

    The code is a sealed value whose id is this row's primary key: redeeming it inserts the row, so that a second redemption
    collides, whatever the race.

    The chain of its refresh tokens stands in the row as well: `refresh_sequence` is the one that is good (None: it has none, or
    one of the old form), given at `refreshed_at`; at `refresh_ends_at` the chain is over.
    """

    __tablename__ = "authorization"
    __table_args__ = (Index("ix_authorization_person_id_client_id", "person_id", "client_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("browser_session.id"), index=True)
    scope: Mapped[str] = mapped_column(Text)
    offline: Mapped[bool] = mapped_column(default=False)
    acr: Mapped[str | None] = mapped_column(String(64))
    amr: Mapped[str | None] = mapped_column(String(128))
    auth_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    requested_claims: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    confirmation: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    resource: Mapped[list[str] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_reason: Mapped[str | None] = mapped_column(String(32))
    refresh_sequence: Mapped[int | None] = mapped_column()
    refreshed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OldRefreshToken(Record):
    """A refresh token given before revision 0005, as its digest: redeemed once (`used_at`), then a successor stood for the chain."""

    __tablename__ = "refresh_token"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    authorization_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("authorization.id"), index=True)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    idle_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PushedRequest(Record):
    """An authorization request that its client pushed (RFC 9126): `digest` of its request_uri. It may be opened until `expires_at`,
    and is answered once (`answered_at`). `parameters` are those that count, already taken out of a request object."""

    __tablename__ = "pushed_request"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_signed: Mapped[bool] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Consent(Record):
    """What a person has agreed that a client may know and do; one row for both, withdrawn and given anew in place. `scope`:
    names of scopes and identifiers of resources, space separated."""

    __tablename__ = "consent"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class InstallationSecret(Record):
    """A secret of this installation that must never change, sealed: pairwise subjects are made with it."""

    __tablename__ = "installation_secret"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed_value: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceAuthorization(Record):
    """A device that waits for somebody to enter its code elsewhere (RFC 8628); both codes as digests. Who answered is kept with how
    they had proved themselves; `authorization_id` is the key of the row that redeeming it inserts."""

    __tablename__ = "device_authorization"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_code_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    authorization_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    scope: Mapped[str] = mapped_column(Text)
    resource: Mapped[list[str] | None] = mapped_column(JSON)
    address: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    pause_seconds: Mapped[int] = mapped_column()
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("browser_session.id"))
    acr: Mapped[str | None] = mapped_column(String(64))
    amr: Mapped[str | None] = mapped_column(String(128))
    auth_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    denied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Leaving(Record):
    """One time that a person's access was withdrawn. `changed_at`: when the directory was changed, where it tells; `read_at`: when
    the sync that noticed began to read; both None when somebody decided here. `undone_at`: when access was given back."""

    __tablename__ = "leaving"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LeavingClient(Record):
    """One client of a leaving, and the message of the outbox that tells it; without a message it has no channel to be told by."""

    __tablename__ = "leaving_client"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    leaving_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("leaving.id"), index=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    message_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
