"""Filters of a list that somebody keeps under a name, for themselves; a role taken away takes nothing out of a list with it: each
opening asks anew what the person may see."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from sqlalchemy import Connection, delete, func, insert, select

from idp import clock
from idp.console.models import SavedFilter
from idp.database import new_id, table_of
from idp.errors import Refusal

PEOPLE, SESSIONS, AUDIT = "people", "sessions", "audit"
MOST, LONGEST_NAME, LONGEST_QUERY = 20, 60, 2000
_f = table_of(SavedFilter)


def filters_of(connection: Connection, person_id: uuid.UUID, of_list: str) -> Sequence[Any]:
    """Those that a person keeps for one list, by name."""
    return connection.execute(select(_f).where(_f.c.person_id == person_id, _f.c.list == of_list).order_by(_f.c.name)).all()


def keep(connection: Connection, person_id: uuid.UUID, of_list: str, name: str, asked: Mapping[str, str]) -> None:
    """Keep a filter under a name; one of the same name is replaced. Raises Refusal for nothing to keep, no name, or too many."""
    name = " ".join("".join(character if character.isprintable() else " " for character in name).split())
    query = urlencode({key: value for key, value in asked.items() if value})
    if not query:
        raise Refusal(_("Chưa có điều kiện nào để lưu. Lọc danh sách trước."), "nothing_to_keep")
    if not 0 < len(name) <= LONGEST_NAME or len(query) > LONGEST_QUERY:
        raise Refusal(_("Đặt tên cho bộ lọc, tối đa %(most)s ký tự.", most=LONGEST_NAME), "no_name")
    of_person = (_f.c.person_id == person_id, _f.c.list == of_list)
    connection.execute(delete(_f).where(*of_person, _f.c.name == name))
    if connection.execute(select(func.count()).select_from(_f).where(*of_person)).scalar_one() >= MOST:
        raise Refusal(_("Đã có %(most)s bộ lọc. Xóa bớt trước khi lưu thêm.", most=MOST), "too_many")
    row = {"id": new_id(), "person_id": person_id, "list": of_list, "name": name, "query": query, "created_at": clock.now()}
    connection.execute(insert(_f), row)


def forget(connection: Connection, person_id: uuid.UUID, filter_id: uuid.UUID) -> str | None:
    """Delete one of the person's own; return the list that it was for."""
    return connection.execute(delete(_f).where(_f.c.id == filter_id, _f.c.person_id == person_id).returning(_f.c.list)).scalar()


def asked_by(row: Any) -> dict[str, str]:
    """What a kept filter asks, as arguments of an address."""
    return dict(parse_qsl(row.query))
