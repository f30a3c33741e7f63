"""Clients that hold roles at the API, or that somebody has asked a role for: no other program gets at them."""

import uuid

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from idp.database import table_of
from idp.errors import Forbidden
from idp.roles.models import ApiGrant

_a = table_of(ApiGrant)
_held = select(_a.c.id).where(_a.c.client_id == bindparam("client"), _a.c.revoked_at.is_(None)).limit(1)


def refuse_those_with_roles(connection: Connection, client_key: uuid.UUID) -> None:
    """Raise Forbidden for a client that holds a role: a program that could change it, or get a secret of it, would give itself what it
    was not given."""
    if connection.execute(_held, {"client": client_key}).first() is not None:
        raise Forbidden(
            _("Ứng dụng này giữ vai trò ở API; chỉ người có quyền toàn tỉnh, ở trang quản trị, mới thay đổi được."), "needs_a_person"
        )
