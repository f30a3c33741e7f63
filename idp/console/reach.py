"""Whom somebody at the console may see or do something to: people of their units, never themselves, and nobody above them."""

import uuid
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _

from idp.database import reader
from idp.errors import Forbidden, NotFound, Refusal
from idp.people.roster import require_person, require_person_named
from idp.roles.permissions import is_administrator, scope_of
from idp.web.viewer import Permission, may, require_viewer


def within(permission: Permission) -> Collection[uuid.UUID] | None:
    """The units whose people the viewer may see or change; None: all."""
    return scope_of(require_viewer().person_id, permission).within


def sees_all(permission: Permission) -> bool:
    """Whether the viewer may do this for the whole province: for showing or hiding a link, never instead of the guard."""
    return may(permission) and within(permission) is None


def require_named(typed: str, permission: Permission) -> Any:
    """The person as somebody typed them, within reach; also oneself. Whoever reaches a part of the tree only is not told whether
    somebody of that name is elsewhere. Raises NotFound."""
    reach, me = within(permission), require_viewer().person_id
    try:
        found = require_person_named(reader(), typed)
        return found if found.id == me else require_person(reader(), found.id, reach)
    except NotFound:
        if reach is None:
            raise
        raise NotFound(_("Không có người này, hoặc người này ngoài phạm vi được giao.")) from None


def require_changeable(person_id: uuid.UUID, permission: Permission) -> Any:
    """The person, when the viewer may do this to them: not oneself, nobody of other units, and whoever holds a role only from the
    whole province, so that no unit's officer gets at those above. Raises Refusal."""
    if person_id == require_viewer().person_id:
        raise Refusal(_("Không tự làm việc này cho chính mình. Nhờ một người khác có quyền."), "own_account", 403)
    reach = within(permission)
    person = require_person(reader(), person_id, reach)
    if reach is not None and is_administrator(person_id):
        raise Forbidden(_("Người này giữ một vai trò trong hệ thống; chỉ người có quyền toàn tỉnh mới làm được."), "holds_a_role")
    return person


def may_change(person_id: uuid.UUID, permission: Permission) -> bool:
    """Whether the viewer may do this to the person: for showing or hiding a link, never instead of `require_changeable`."""
    if not may(permission):
        return False
    try:
        require_changeable(person_id, permission)
    except Refusal:
        return False
    return True
