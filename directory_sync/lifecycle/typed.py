"""What an officer types for posts and planned changes, understood: a unit by code or name, days of the province."""

import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, or_, select

from idp.database import table_of
from idp.errors import Refusal
from idp.people import units
from idp.people.models import Unit
from idp.people.names import fold

_u = table_of(Unit)
Within = Collection[uuid.UUID] | None


def find_unit(connection: Connection, typed: str, within: Within) -> Any:
    """The one open unit with this code or name, without accents if one likes, among these and below. Raises Refusal."""
    text = " ".join(typed.split())
    query = select(_u.c.id, _u.c.name, _u.c.code).where(
        _u.c.valid_to.is_(None), or_(_u.c.code == text, _u.c.search_key.contains(fold(text), autoescape=True))
    )
    if within is not None:
        query = query.where(_u.c.id.in_(select(units.below(within).c.id)))
    rows = connection.execute(query.limit(200)).all() if text else []
    exact = [row for row in rows if text in (row.code, str(row.id)) or fold(row.name) == fold(text)]
    if len(exact) != 1:
        raise Refusal(
            _("Có nhiều đơn vị trùng “%(typed)s”. Nhập mã đơn vị.", typed=text)
            if exact
            else _("Không có đơn vị “%(typed)s” đang hoạt động trong phạm vi được giao. Nhập mã hoặc tên đầy đủ.", typed=text),
            "no_such_unit",
        )
    return exact[0]


def read_day(typed: str) -> date | None:
    """A day as the form sends it (2026-12-31); None when nothing was typed. Raises Refusal for what is no day."""
    try:
        return date.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError:
        raise Refusal(_("Nhập ngày theo lịch."), "no_day") from None
