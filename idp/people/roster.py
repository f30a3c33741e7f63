"""The roster: people found without accents, in the order of a staff list, a page at a time."""

import base64
import binascii
import contextlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from idp.database import table_of
from idp.errors import NotFound
from idp.people import units
from idp.people.models import Person, Unit
from idp.people.names import fold, username_key

PAGE_ROWS = 50
ID_BYTES = 16
_p, _u = table_of(Person), table_of(Unit)
LINE = (
    _p.c.id, _p.c.name, _p.c.username, _p.c.staff_code, _p.c.title, _p.c.staff_category, _p.c.state, _p.c.directory_locked,
    _p.c.last_signed_in_at, _p.c.sort_key, _p.c.unit_id, _u.c.name.label("unit_name"), _u.c.level,
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What narrows a search. `within`: these units and all below them, None for everybody. `conditions`: of other features."""

    text: str = ""
    level: str = ""
    state: str = ""
    unit_id: uuid.UUID | None = None
    within: Collection[uuid.UUID] | None = None
    conditions: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True)
class Page:
    """Rows of one page and the place after which the next one goes on; None: this was the last."""

    rows: Sequence[Any]
    after: str | None


def like(text: str) -> str:
    """The pattern of LIKE that finds `text` anywhere, its own wildcards taken literally; the escape character is a backslash."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = list(filters.conditions)
    if text := fold(filters.text):
        found.append(_p.c.search_key.like(like(text), escape="\\"))
    if filters.level:
        found.append(_u.c.level == filters.level)
    if filters.state:
        found.append(_p.c.state == filters.state)
    if filters.unit_id is not None:
        found.append(_p.c.unit_id.in_(select(units.below([filters.unit_id]).c.id)))
    if filters.within is not None:
        found.append(_p.c.unit_id.in_(select(units.below(filters.within).c.id)))
    return found


def _matching(filters: Filters, *columns: Any) -> Select[Any]:
    return select(*columns).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(*_conditions(filters))


def _place_after(after: str) -> ColumnElement[bool]:
    try:
        raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        key, person_id = raw[:-ID_BYTES], uuid.UUID(bytes=raw[-ID_BYTES:])
    except (ValueError, binascii.Error):
        raise NotFound(_("Trang này không còn. Tìm lại từ đầu.")) from None
    return or_(_p.c.sort_key > key, and_(_p.c.sort_key == key, _p.c.id > person_id))


def search_people(connection: Connection, filters: Filters, *, after: str | None = None, columns: Sequence[Any] = ()) -> Page:
    """One page of the people that match, sorted as a staff list, 50 rows; `columns` are read beside those of `LINE`.

    Keyset paging: a page costs the same however far it is. Raises NotFound when `after` is not a place that we gave.
    """
    query = _matching(filters, *LINE, *columns).order_by(_p.c.sort_key, _p.c.id).limit(PAGE_ROWS + 1)
    if after:
        query = query.where(_place_after(after))
    rows = connection.execute(query).all()
    if len(rows) <= PAGE_ROWS:
        return Page(rows, None)
    last = rows[PAGE_ROWS - 1]
    return Page(rows[:PAGE_ROWS], base64.urlsafe_b64encode(last.sort_key + last.id.bytes).rstrip(b"=").decode())


def count_people(connection: Connection, filters: Filters) -> int:
    """How many people match."""
    return int(connection.execute(_matching(filters, func.count())).scalar_one())


def require_person(connection: Connection, person_id: uuid.UUID, within: Collection[uuid.UUID] | None = None) -> Any:
    """All that is remembered of one person, with the unit's name and level. Raises NotFound, also for one outside `within`."""
    filters = Filters(within=within, conditions=[_p.c.id == person_id])
    found = connection.execute(_matching(filters, *_p.c, _u.c.name.label("unit_name"), _u.c.level)).first()
    if found is None:
        raise NotFound(_("Không có người này, hoặc người này ngoài phạm vi được giao."))
    return found


def require_person_named(connection: Connection, typed: str) -> Any:
    """One person by username, official mail address, staff code or id, as an operator types it. Raises NotFound."""
    key = username_key(typed)
    names = [_p.c.staff_code == typed.strip(), *([_p.c.username_key == key, _p.c.mail_key == key] if key else [])]
    with contextlib.suppress(ValueError):
        names.append(_p.c.id == uuid.UUID(typed.strip()))
    found = connection.execute(_matching(Filters(conditions=[or_(*names)]), _p.c.id).limit(2)).scalars().all()
    if len(found) != 1:
        raise NotFound(
            _("Có nhiều người trùng “%(typed)s”. Dùng mã nội bộ (id).", typed=typed)
            if found
            else _("Không có người nào là “%(typed)s”.", typed=typed)
        )
    return require_person(connection, found[0])
