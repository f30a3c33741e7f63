"""Which applications and drafts whoever looks at the console reaches. Pages whose address names one are guarded before they are asked."""

import contextlib
import uuid
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, bindparam, select

from clients.drafts import require_draft
from clients.models import Client
from idp.client_reach import owns, reached, reaches
from idp.database import reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.unit_names import unit_named
from idp.roles.models import ApiGrant
from idp.roles.permissions import scope_of
from idp.web.viewer import Permission, add_reach_guard, require_viewer

_c, _a = table_of(Client), table_of(ApiGrant)
_key_of = select(_c.c.id).where(_c.c.client_id == bindparam("wanted"))
_works_at_the_api = select(_a.c.id).where(_a.c.client_id == bindparam("client"), _a.c.revoked_at.is_(None)).limit(1)
DRAWING_UP = frozenset({Permission.DRAFT_CLIENTS, Permission.CHANGE_CLIENTS})


def reached_clients(permission: Permission) -> list[ColumnElement[bool]]:
    """The condition on table client to be shown to the viewer, as a list: empty for no limit."""
    condition = reached(require_viewer().person_id, permission)
    return [] if condition is None else [condition]


def require_reached(permission: Permission, client_id: str) -> None:
    """Raise NotFound for an application out of reach, as for one that is not there; Forbidden for changing one that holds roles at the
    API, which only the whole province may."""
    holder = require_viewer().person_id
    if scope_of(holder, permission).whole_province:
        return
    key = reader().execute(_key_of, {"wanted": client_id}).scalar()
    if key is None or not reaches(holder, permission, key):
        raise NotFound(_("Không có ứng dụng này, hoặc ứng dụng ngoài phạm vi được giao."))
    if permission is not Permission.SEE_CLIENTS and reader().execute(_works_at_the_api, {"client": key}).first() is not None:
        raise Forbidden(_("Ứng dụng này giữ vai trò ở API; chỉ người có quyền toàn tỉnh mới thay đổi được."), "client_holds_a_role")


def require_draft_reached(permission: Permission, draft_id: uuid.UUID) -> None:
    """Raise NotFound for a draft out of reach: neither one's own nor of a unit within reach."""
    if not reaches_draft(permission, require_draft(reader(), draft_id)):
        raise NotFound(_("Không có bản đăng ký này."))


def reaches_draft(permission: Permission, row: Any) -> bool:
    """Whether the viewer reaches this draft. One's own without an owner yet, or with one elsewhere, is drawn up but never connected."""
    viewer = require_viewer()
    if scope_of(viewer.person_id, permission).whole_province:
        return True
    if permission in DRAWING_UP and viewer.actor in (row.made_by, row.submitted_by):
        return True
    unit_id = None
    with contextlib.suppress(Refusal):
        unit_id = unit_named(reader(), row.answers.get("owner", ""))
    return unit_id is not None and owns(viewer.person_id, permission, unit_id)


def require_owner_reached(permission: Permission, unit_id: uuid.UUID) -> None:
    """Nobody connects an application in the name of a unit that is not theirs. Raises Forbidden."""
    if not owns(require_viewer().person_id, permission, unit_id):
        raise Forbidden(_("Đơn vị chủ quản ngoài phạm vi được giao. Nhờ quản trị viên toàn tỉnh gửi bản đăng ký."), "owner_out_of_reach")


def set_up_reach(app: Flask) -> None:
    """Guard every page of the console, and every address of the API, that names an application or a draft."""
    add_reach_guard(app, "client_id", require_reached)
    add_reach_guard(app, "draft_id", require_draft_reached)
