"""What is remembered of the desk: cases that a person must decide, and what was decided for all of the same kind."""

import enum
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class CaseKind(enum.StrEnum):
    """What a case is about. The first four keep a new entry out until it is decided whose it is."""

    NO_NUMBER = "no_number"  # a new entry without a staff number, like somebody who is gone
    NUMBER_NOT_UNIQUE = "number_not_unique"  # a new entry whose number somebody gone had, and others have too
    REHIRE = "rehire"  # a new entry with the number of somebody gone for long
    NUMBER_IN_USE = "number_in_use"  # a new entry with the number of somebody who is there
    SHARED_NUMBER = "shared_number"
    SHARED_USERNAME = "shared_username"
    SHARED_MAIL = "shared_mail"
    SAME_MARK = "same_mark"  # two people with one personal identification number
    SUSPENDED_HERE = "suspended_here"  # somebody suspended by an officer whom the directory shows in service


class Choice(enum.StrEnum):
    """What can be decided."""

    SAME = "same"
    SAME_ANEW = "same_anew"  # the same person, whose old factors are not theirs any more
    NEW = "new"
    SECOND_POST = "second_post"
    KEEP_OUT = "keep_out"
    FINE = "fine"
    RESTORE = "restore"


class CaseState(enum.StrEnum):
    """How a case stands."""

    OPEN = "open"
    DECIDED = "decided"
    SETTLED = "settled"  # it has gone away by itself


_IS_OPEN = text("state = 'open'")


class DeskCase(Record):
    """One case. `fingerprint` names what it is about, so that a run finds its case again; `unit_id`: the unit whose officers may see
    it. `facts` and `candidates`: what stands side by side; `hints` of a candidate say what is alike and prove nothing."""

    __tablename__ = "desk_case"
    __table_args__ = (Index("uq_desk_case_open", "fingerprint", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(24), index=True)
    source: Mapped[str] = mapped_column(String(32))
    fingerprint: Mapped[str] = mapped_column(String(400), index=True)
    entry_key: Mapped[str | None] = mapped_column(String(64), index=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(String(255))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(String(16), default=CaseState.OPEN)
    not_before: Mapped[date | None] = mapped_column(Date)
    choice: Mapped[str | None] = mapped_column(String(24))
    chosen_person_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rule_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("desk_rule.id"))


class DeskRule(Record):
    """What was decided once for all cases of a kind: those of one value, or those of a unit and all below it (none: everywhere)."""

    __tablename__ = "desk_rule"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(24))
    choice: Mapped[str] = mapped_column(String(24))
    value: Mapped[str | None] = mapped_column(String(255))
    unit_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("unit.id"))
    reason: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(String(64))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
