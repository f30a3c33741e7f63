"""A unit as people type it: its code or its name."""

import contextlib
import uuid

from flask_babel import gettext as _
from sqlalchemy import Connection, func, select

from idp.database import table_of
from idp.errors import Refusal
from idp.people.models import Unit
from idp.people.names import fold
from idp.people.narrowing import like

_u = table_of(Unit)
MOST_NEAR = 4


def unit_named(connection: Connection, typed: str) -> uuid.UUID:
    """The one unit in use of this code, name or key. Raises Refusal."""
    wanted = (_u.c.code == typed) | (_u.c.name == typed)
    with contextlib.suppress(ValueError):
        wanted = wanted | (_u.c.id == uuid.UUID(typed))
    found = connection.execute(select(_u.c.id).where(wanted, _u.c.valid_to.is_(None))).scalars().all()
    if len(found) != 1:
        raise Refusal(_unit_unknown(connection, typed), reason="bad_unit")
    unit_id: uuid.UUID = found[0]
    return unit_id


def _unit_unknown(connection: Connection, typed: str) -> str:
    """What to type instead: names that hold what was typed, without regard to accents, each with its code."""
    query = select(_u.c.name, _u.c.code).where(_u.c.search_key.like(like(fold(typed)), escape="\\"), _u.c.valid_to.is_(None))
    near = connection.execute(query.order_by(func.length(_u.c.name), _u.c.code).limit(MOST_NEAR)).all() if typed.strip() else []
    if not near:
        return _("Không có đơn vị nào mang mã hoặc tên “%(name)s”. Ghi mã hoặc tên đầy đủ như trong danh bạ.", name=typed[:100])
    told = ", ".join(f"{row.name} ({row.code})" if row.code else row.name for row in near)
    return _("Chưa rõ “%(name)s” là đơn vị nào. Ghi mã hoặc tên đầy đủ, ví dụ: %(units)s.", name=typed[:100], units=told)
