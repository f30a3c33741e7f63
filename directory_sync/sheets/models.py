"""What is remembered of spreadsheets: files on their way, and how each source's columns were matched."""

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import JSON, Date, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.database import Record, UtcDateTime, new_id


class ImportState(enum.StrEnum):
    """How a file stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class SheetImport(Record):
    """A file on its way. While it is a draft, file and table are kept sealed, because they hold personal numbers; once submitted only the
    rows as they were understood, without them.

    `columns`: the field of each column, empty for one that is left out; `next_day`: when rows take effect that still wait.
    """

    __tablename__ = "sheet_import"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(32), index=True)
    file_name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    encoding: Mapped[str | None] = mapped_column(String(16))
    is_whole: Mapped[bool] = mapped_column(default=False)
    key_field: Mapped[str] = mapped_column(String(32))
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    sealed_file: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_table: Mapped[bytes | None] = mapped_column(LargeBinary)
    understood: Mapped[bytes | None] = mapped_column(LargeBinary)
    rows: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_day: Mapped[date | None] = mapped_column(Date)


class SheetColumns(Record):
    """How the columns of a source were matched last: the field of each heading, as it was written without accents."""

    __tablename__ = "sheet_columns"

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    fields: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    key_field: Mapped[str] = mapped_column(String(32))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
