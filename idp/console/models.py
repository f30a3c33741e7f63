"""What is remembered of the console itself: filters that somebody keeps under a name."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class SavedFilter(Record):
    """One way of narrowing a list, kept by one person for themselves; `query` as it stands in an address."""

    __tablename__ = "saved_filter"
    __table_args__ = (Index("uq_saved_filter_person_id_list_name", "person_id", "list", "name", unique=True),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"))
    list: Mapped[str] = mapped_column(String(16))  # people, sessions, audit
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
