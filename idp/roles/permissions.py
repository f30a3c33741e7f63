"""Who may do what: roles are sets of permissions, held for the whole province or for one part of the unit tree."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Date, bindparam, cast, null, select, union_all

from idp.database import reader, table_of
from idp.prepared import first
from idp.roles.models import ApiGrant, Role, RoleGrant
from idp.web.formats import today
from idp.web.viewer import Permission as May
from idp.web.viewer import emergency_holder

ROLES: dict[Role, frozenset[May]] = {
    Role.IT_ADMIN: frozenset(May),
    Role.HR_OFFICER: frozenset(
        {
            May.OPEN_CONSOLE,
            May.SEE_PEOPLE,
            May.SUSPEND_PEOPLE,
            May.DECIDE_ON_PEOPLE,
            May.SEE_SYNC,
            May.RUN_SYNC,
            May.APPROVE_SYNC,
            May.SEE_TRACKER,
            May.SEE_TRACKER_NAMES,
            May.ACT_ON_TRACKER,
        }
    ),
    Role.LEADER: frozenset({May.OPEN_CONSOLE, May.SEE_TRACKER, May.SEE_TRACKER_NAMES, May.CLOSE_PERIODS}),
    Role.AUDITOR: frozenset(
        {
            May.OPEN_CONSOLE,
            May.SEE_PEOPLE,
            May.SEE_CLIENTS,
            May.SEE_SYSTEMS,
            May.SEE_SYNC,
            May.SEE_AUDIT,
            May.SEE_TRACKER,
            May.SEE_ROLES,
        }
    ),
    Role.HELP_DESK: frozenset({May.OPEN_CONSOLE, May.SEE_PEOPLE, May.HELP_PEOPLE}),
    Role.CLIENT_OWNER: frozenset({May.OPEN_CONSOLE, May.SEE_CLIENTS, May.CHANGE_CLIENTS, May.DRAFT_CLIENTS}),
}
# What a role bound to one unit allows. The audit trail and the catalogue of systems belong to the whole province and cannot be cut; of
# applications those that these units own are seen and changed; of runs and plans the part about these units is seen and approved, and
# starting one is for the whole province.
WITHIN_A_UNIT = frozenset(
    {
        May.OPEN_CONSOLE,
        May.SEE_PEOPLE,
        May.SUSPEND_PEOPLE,
        May.DECIDE_ON_PEOPLE,
        May.HELP_PEOPLE,
        May.SEE_CLIENTS,
        May.CHANGE_CLIENTS,
        May.DRAFT_CLIENTS,
        May.APPROVE_CLIENTS,
        May.SEE_ROLES,
        May.GRANT_ROLES,
        May.SEE_SYNC,
        May.APPROVE_SYNC,
        May.SEE_TRACKER,
        May.SEE_TRACKER_NAMES,
        May.ACT_ON_TRACKER,
    }
)


@dataclass(frozen=True)
class Holding:
    """A role that a person holds; `unit_id` None: for the whole province, or of an owner of applications for those that name them."""

    role: Role
    unit_id: uuid.UUID | None

    @property
    def permissions(self) -> frozenset[May]:
        """What it allows."""
        return ROLES[self.role] if self.unit_id is None else ROLES[self.role] & WITHIN_A_UNIT

    @property
    def is_for_all(self) -> bool:
        """Whether it reaches the whole province."""
        return self.unit_id is None and self.role is not Role.CLIENT_OWNER


@dataclass(frozen=True)
class Scope:
    """For which people something is allowed: the whole province, or these units with all that is below them."""

    whole_province: bool
    unit_ids: frozenset[uuid.UUID]

    @property
    def within(self) -> frozenset[uuid.UUID] | None:
        """The units as a filter takes them: None for no limit."""
        return None if self.whole_province else self.unit_ids


_g, _m = table_of(RoleGrant), table_of(ApiGrant)
# For being treated with care a grant is enough that has not begun yet or is just over; what it allows is looked at by its days.
_holdings = select(_g.c.role, _g.c.unit_id, _g.c.begun_at, _g.c.valid_until).where(
    _g.c.person_id == bindparam("person_id"), _g.c.revoked_at.is_(None)
)
_of_client = select(_m.c.role, _m.c.unit_id, _m.c.approved_at.label("begun_at"), cast(null(), Date).label("valid_until")).where(
    _m.c.client_id == bindparam("person_id"), _m.c.approved_at.is_not(None), _m.c.revoked_at.is_(None)
)
_all_holdings = union_all(_holdings, _of_client)


def holdings_of(holder_id: uuid.UUID) -> tuple[Holding, ...]:
    """The roles that a person holds at this moment, or a machine client by its key: a key is of one of them only."""
    if holder_id == emergency_holder():
        return (Holding(Role.IT_ADMIN, None),)
    day = today()
    return tuple(
        Holding(Role(row.role), row.unit_id)
        for row in reader().execute(_all_holdings, {"person_id": holder_id})
        if row.begun_at is not None and (row.valid_until is None or row.valid_until >= day)
    )


def permissions_of(person_id: uuid.UUID) -> frozenset[May]:
    """All that the person's roles allow, wherever."""
    return frozenset().union(*(holding.permissions for holding in holdings_of(person_id)))


def is_administrator(person_id: uuid.UUID) -> bool:
    """Whether the person holds any role: then two factors are always asked for and sessions are short."""
    return first(reader(), _holdings, {"person_id": person_id}) is not None


def scope_of(person_id: uuid.UUID, permission: May) -> Scope:
    """For which people the person holds the permission."""
    held = [holding for holding in holdings_of(person_id) if permission in holding.permissions]
    units = frozenset(holding.unit_id for holding in held if holding.unit_id is not None)
    return Scope(any(holding.is_for_all for holding in held), units)
