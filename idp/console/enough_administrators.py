"""Whether there are enough administrators of the province for what takes two people."""

from sqlalchemy import func, select

from idp.database import reader, table_of
from idp.people.models import Person, PersonState
from idp.roles.models import Role, RoleGrant

_g, _p = table_of(RoleGrant), table_of(Person)
_administrators = (
    select(func.count(_g.c.person_id.distinct()))
    .join(_p, _p.c.id == _g.c.person_id)
    .where(_g.c.role == Role.IT_ADMIN.value, _g.c.unit_id.is_(None), _g.c.begun_at.is_not(None), _g.c.revoked_at.is_(None))
    .where(_p.c.state == PersonState.ACTIVE.value)
)


def advice() -> str:
    """For `hopnhat doctor`: what to do, or nothing."""
    number = reader().execute(_administrators).scalar_one()
    if number == 0:
        return "Nobody: run `hopnhat role grant PERSON it_admin` (docs/running.md, The first administrators)."
    if number == 1:
        return "One alone, who can put nothing into production that takes two: run `hopnhat role grant PERSON it_admin` for a second."
    return ""
