"""The roster: people found without accents, in the order of a staff list, a page at a time."""

import contextlib
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, Select, func, or_, select

from idp.database import table_of
from idp.errors import NotFound
from idp.people.models import Person, Unit
from idp.people.names import username_key
from idp.people.narrowing import Filters as Filters
from idp.people.narrowing import conditions_of, stretches_of
from idp.people.narrowing import like as like
from idp.web.paging import EFFORT as EFFORT
from idp.web.paging import PAGE_ROWS as PAGE_ROWS
from idp.web.paging import Page as Page
from idp.web.paging import read_page

_p, _u = table_of(Person), table_of(Unit)
LINE = (
    _p.c.id, _p.c.name, _p.c.username, _p.c.staff_code, _p.c.title, _p.c.staff_category, _p.c.state, _p.c.directory_locked,
    _p.c.last_signed_in_at, _p.c.sort_key, _p.c.unit_id, _u.c.name.label("unit_name"), _u.c.level,
)  # fmt: skip


def _matching(filters: Filters, *columns: Any) -> Select[Any]:
    return select(*columns).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(*conditions_of(filters))


def search_people(
    connection: Connection, filters: Filters, *, after: str | None = None, before: str | None = None, columns: Sequence[Any] = (),
    most: int = PAGE_ROWS, effort: int = EFFORT,
) -> Page:  # fmt: skip
    """One page of the people that match, 50 rows, sorted as a staff list; whom the text names outright stand first. `columns` are read
    beside those of `LINE`. A page may be shorter though there are more. Raises NotFound when a place is not one that we gave."""
    query = select(*LINE, *columns).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))
    return read_page(connection, query, stretches_of(connection, filters), after=after, before=before, most=most, effort=effort)


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
