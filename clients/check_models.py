"""What is remembered of integration checks: what was looked at when an application was proven to work, by whom, and what was seen."""

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class Outcome(enum.StrEnum):
    """What came of a check that is over."""

    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"  # its time was over while something still waited, and nothing had failed
    ENDED = "ended"  # somebody ended it before everything had been seen


class StepState(enum.StrEnum):
    """How far one step of a check is."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    NOT_APPLICABLE = "not_applicable"


class SightKind(enum.StrEnum):
    """What was seen of the application while a check of it was open."""

    CODE_GIVEN = "code_given"
    TOKEN_GIVEN = "token_given"
    USERINFO_TOLD = "userinfo_told"
    SITE_ASKED = "site_asked"  # its proxy asked about a request of somebody it lets in


class IntegrationCheck(Record):
    """One check of one application. `open_client_id` is the application while the check is open, so that no second one can be.

    `person_id`: whose sign-ins are looked at beside those of the test person; `ticket_*`: the link with which the test person is signed
    in once; `probe`: what was tried with the test person's access before and after it was withdrawn; `outdated_at`: when what the
    check had seen was changed.
    """

    __tablename__ = "integration_check"
    __table_args__ = (Index("ix_integration_check_client_id_made_at", "client_id", "made_at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("client.id"))
    open_client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("client.id"), unique=True)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(16))
    outdated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    test_person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    ticket_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    ticket_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ticket_acr: Mapped[str | None] = mapped_column(String(64))
    probe: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    sights: Mapped[int] = mapped_column()


class IntegrationStep(Record):
    """One step of a check, as it was last looked at. `word` says what was seen, `facts` fill it in: no values of anybody's claims."""

    __tablename__ = "integration_step"

    check_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("integration_check.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    word: Mapped[str] = mapped_column(String(48))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IntegrationSight(Record):
    """Something that the application did while it was checked, for one of the check's people or for itself (no person)."""

    __tablename__ = "integration_sight"
    __table_args__ = (Index("ix_integration_sight_check_id", "check_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    check_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("integration_check.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
