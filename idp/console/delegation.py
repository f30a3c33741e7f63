"""Who may give which role to whom: nobody to themselves, an administrator of a unit lower roles within it, and the highest only by two."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from idp import access, second_word
from idp.client_reach import owns
from idp.database import reader, table_of
from idp.errors import Forbidden, NotFound, Refusal
from idp.people import letters
from idp.people.letters import Letter
from idp.people.models import Person, PersonState, Unit
from idp.people.roster import require_person
from idp.people.sign_in_name import lock
from idp.roles import grants, proposals
from idp.roles.grants import Terms
from idp.roles.models import Role, RoleGrant
from idp.roles.permissions import scope_of
from idp.web.formats import today
from idp.web.viewer import Permission, Viewer

KIND = "role.grant"
LOWER = frozenset({Role.HR_OFFICER, Role.HELP_DESK, Role.LEADER, Role.CLIENT_OWNER})
# Whoever reads the trail does not make it.
WATCHES, WATCHED = Role.AUDITOR, frozenset({Role.IT_ADMIN, Role.HR_OFFICER, Role.HELP_DESK, Role.CLIENT_OWNER})
FOR_TWO_EVERYWHERE = frozenset({Role.HR_OFFICER, Role.HELP_DESK, Role.AUDITOR})
_p, _u, _g = table_of(Person), table_of(Unit), table_of(RoleGrant)
_unit = select(_u.c.valid_to).where(_u.c.id == bindparam("unit"))
_administrators = (
    select(_g.c.id, _g.c.person_id, _g.c.valid_until)
    .where(_g.c.role == Role.IT_ADMIN.value, _g.c.unit_id.is_(None), _g.c.revoked_at.is_(None), _g.c.begun_at.is_not(None))
    .order_by(_g.c.id)
    .with_for_update()
)


@dataclass(frozen=True)
class Wanted:
    """A role for somebody; `unit_id` None: for the whole province, or of an owner of applications for those that name them."""

    person_id: uuid.UUID
    role: Role
    unit_id: uuid.UUID | None
    valid_from: date | None = None
    valid_until: date | None = None

    def told(self) -> dict[str, Any]:
        """As it is written down for a second person."""
        days = {name: value.isoformat() if value else None for name, value in (("from", self.valid_from), ("until", self.valid_until))}
        unit = str(self.unit_id) if self.unit_id else None
        return {"person_id": str(self.person_id), "role": self.role.value, "unit_id": unit, **days}

    @property
    def needs_two(self) -> bool:
        """Whether nobody gives it alone."""
        return self.role is Role.IT_ADMIN or (self.unit_id is None and self.role in FOR_TWO_EVERYWHERE)


def wanted_of(content: dict[str, Any]) -> Wanted:
    """What was written down."""
    unit = uuid.UUID(content["unit_id"]) if content["unit_id"] else None
    first, last = (date.fromisoformat(content[name]) if content[name] else None for name in ("from", "until"))
    return Wanted(uuid.UUID(content["person_id"]), Role(content["role"]), unit, first, last)


def check(giver_id: uuid.UUID, wanted: Wanted) -> None:
    """Raise Refusal when this giver may not give this, whoever agrees."""
    if wanted.person_id == giver_id:
        raise _own_account()
    scope = scope_of(giver_id, Permission.GRANT_ROLES)
    person = require_person(reader(), wanted.person_id, scope.within)
    if not scope.whole_province:
        _check_within(giver_id, wanted)
    if person.state != PersonState.ACTIVE:
        raise Refusal(_("Người này không còn hoạt động nên không nhận được vai trò."), "person_not_active")
    if wanted.unit_id is not None:
        row = reader().execute(_unit, {"unit": wanted.unit_id}).first()
        if row is None or row.valid_to is not None:
            raise Refusal(_("Đơn vị này không còn."), "bad_unit")
    _check_duties(wanted)


def _own_account() -> Refusal:
    return Refusal(_("Không tự giao vai trò cho chính mình. Nhờ một người khác có quyền."), "own_account", 403)


def may_give(giver_id: uuid.UUID, wanted: Wanted) -> bool:
    """Whether this giver may give this, at this moment."""
    try:
        check(giver_id, wanted)
    except Refusal:
        return False
    return True


def _check_within(giver_id: uuid.UUID, wanted: Wanted) -> None:
    if wanted.role not in LOWER:
        raise Forbidden(_("Vai trò này chỉ quản trị viên toàn tỉnh giao được."), "role_too_high")
    if wanted.unit_id is None or not owns(giver_id, Permission.GRANT_ROLES, wanted.unit_id):
        raise Forbidden(_("Chỉ giao được vai trò cho các đơn vị trong phạm vi được giao."), "unit_out_of_reach")
    for held in grants.find_grants(reader(), wanted.person_id):
        if not ends(giver_id, held):
            raise Forbidden(_("Người này giữ một vai trò trong hệ thống; chỉ người có quyền toàn tỉnh mới làm được."), "holds_a_role")


def _check_duties(wanted: Wanted) -> None:
    held = {Role(row.role) for row in grants.find_grants(reader(), wanted.person_id)}
    if (wanted.role is WATCHES and held & WATCHED) or (wanted.role in WATCHED and WATCHES in held):
        raise Refusal(_("Người kiểm tra không giữ thêm vai trò được thay đổi hệ thống. Thu hồi vai trò kia trước."), "duties_apart")


def ask(connection: Connection, giver: Viewer, wanted: Wanted, *, reason: str) -> uuid.UUID | None:
    """Give the role, or where that takes two, propose it: return the proposal's key. Raises Refusal."""
    lock(connection, wanted.person_id)
    if wanted.person_id in second_word.behind(connection, giver.actor):
        raise _own_account()
    check(giver.person_id, wanted)
    terms = Terms(wanted.valid_from, wanted.valid_until, reason)
    grants.check_terms(terms)
    if giver.client_id is not None:
        raise Forbidden(_("Việc này cần một người, không phải một ứng dụng."), "needs_a_person")
    if wanted.needs_two:
        _require_not_held(connection, wanted)
        return proposals.propose(connection, KIND, wanted.person_id, wanted.told(), reason=reason, actor=giver.actor)
    give(connection, wanted, terms, actor=giver.actor)
    return None


def _require_not_held(connection: Connection, wanted: Wanted) -> None:
    if any((row.role, row.unit_id) == (wanted.role.value, wanted.unit_id) for row in grants.find_grants(connection, wanted.person_id)):
        raise Refusal(_("Người này đã giữ vai trò đó."), "role_held", 409)


def give(connection: Connection, wanted: Wanted, terms: Terms, *, actor: str) -> None:
    """Give it now. An administrator's session is shorter and asks for two factors: it begins with the role. Raises Refusal."""
    if not grants.grant(connection, wanted.person_id, wanted.role, unit_id=wanted.unit_id, actor=actor, terms=terms):
        raise Refusal(_("Người này đã giữ vai trò đó."), "role_held", 409)
    if terms.valid_from is None or terms.valid_from <= today():
        access.role_granted(connection, wanted.person_id, actor=actor)
    letters.write(connection, wanted.person_id, Letter.ROLE_GRANTED)


def carry_out(connection: Connection, row: Any, content: dict[str, Any], approver: Viewer) -> None:
    """Give what one person proposed and this other one agrees to. Raises Refusal."""
    wanted = wanted_of(content)
    lock(connection, wanted.person_id)
    check(approver.person_id, wanted)
    terms = Terms(wanted.valid_from, wanted.valid_until, row.reason, approved_by=approver.actor)
    give(connection, wanted, terms, actor=row.proposed_by)


def ends(viewer_id: uuid.UUID, held: Any) -> bool:
    """Whether this viewer may take this grant back."""
    scope = scope_of(viewer_id, Permission.GRANT_ROLES)
    if scope.whole_province:
        return True
    return held.role in LOWER and held.unit_id is not None and owns(viewer_id, Permission.GRANT_ROLES, held.unit_id)


def end(connection: Connection, viewer: Viewer, grant_id: uuid.UUID, *, reason: str) -> None:
    """Take a grant back at once. Raises NotFound, Forbidden; Refusal for the last administrator of the province."""
    held = grants.find_grant(connection, grant_id)
    if held is None or not ends(viewer.person_id, held):
        raise NotFound(_("Vai trò này không còn, hoặc ngoài phạm vi được giao."))
    if held.role == Role.IT_ADMIN and held.unit_id is None:
        # Two administrators who take each other's role at once: one of them waits here, and then is the last.
        others = [one for one in connection.execute(_administrators).all() if one.id != grant_id and _is_in_force(one)]
        if not others:
            raise Refusal(_("Đây là quản trị viên toàn tỉnh cuối cùng. Giao vai trò cho người khác trước."), "last_administrator", 409)
    grants.revoke(connection, held.person_id, Role(held.role), unit_id=held.unit_id, actor=viewer.actor, reason=reason)


def _is_in_force(row: Any) -> bool:
    return row.valid_until is None or row.valid_until >= today()
