"""What is remembered of who is missing from a source while the grace runs."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime


class MissingPerson(Record):
    """Somebody whose entry is gone, since when; suspended when the grace is over, unless the entry is back."""

    __tablename__ = "missing_person"

    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
