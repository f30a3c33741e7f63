"""What is remembered of factors. Secrets are sealed or digested; nothing here can be used as it stands."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class TotpCredential(Record):
    """One TOTP secret of a person (RFC 6238). `last_step` is the newest accepted time step: none at or before it is accepted.

    Not confirmed yet, it belongs to the session that it was shown in: nobody else can have it confirmed for them.
    """

    __tablename__ = "totp_credential"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Record):
    """One printed recovery code, as an Argon2id hash; used once. `confirmed_at`: the person said the sheet is kept.

    Until then it cannot be used, and is kept sealed as well, for the one session that it is shown in.
    """

    __tablename__ = "recovery_code"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    hash: Mapped[str] = mapped_column(Text)
    sealed_code: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FailureCount(Record):
    """Failures of one kind against one account, counted before the attempt is tried. `account` is a keyed digest, so that
    names that do not exist are counted alike and are not readable."""

    __tablename__ = "failure_count"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Passkey(Record):
    """One passkey or security key of a person (WebAuthn): its public key, and how often it says that it has signed.

    `signs_in_alone`: the key finds its person by itself and checks that it is them, so no password is needed. `synced`: a copy
    may be in other devices of the person, so possession of one piece of hardware is not proved.
    """

    __tablename__ = "passkey"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # COSE (RFC 9052)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    signs_in_alone: Mapped[bool] = mapped_column()
    synced: Mapped[bool] = mapped_column()
    transports: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HardwareToken(Record):
    """One device that shows codes (OATH TOTP, RFC 6238), bought with its secret known; in stock until it has a person.

    `drift`: by how many periods its clock differs from ours, learned at each use. `last_step`: the newest accepted period on its
    own clock, none at or before it is accepted.
    """

    __tablename__ = "hardware_token"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    serial: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    algorithm: Mapped[str] = mapped_column(String(8))
    digits: Mapped[int] = mapped_column()
    period_seconds: Mapped[int] = mapped_column()
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    drift: Mapped[int] = mapped_column(default=0)
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    assigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OfficerCode(Record):
    """One code that an officer handed to a person after checking who they are: for one sign-in ("temporary") or for enrolling the
    first factor ("activation"). Kept as an Argon2id hash, used once, in `session_id`."""

    __tablename__ = "officer_code"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(Text)
    issued_by: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    session_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Proofing(Record):
    """That somebody made sure who a person is: in person by an officer, by VNeID at level 2, or by a certificate of public service.

    In force until `expires_at` or until it is withdrawn. Nothing of the card itself is kept.
    """

    __tablename__ = "proofing"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    recorded_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)


class EnrolmentDelay(Record):
    """How often somebody without a second factor has put enrolling off since everybody needs one, and on which day last."""

    __tablename__ = "enrolment_delay"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    times: Mapped[int] = mapped_column()
    day: Mapped[date] = mapped_column(Date)
