"""Which applications somebody's roles reach: all of the province, those that units of theirs own, and those that name them as a contact."""

import uuid
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, bindparam, false, func, or_, select

from clients.draft_models import ClientCard
from clients.models import Client
from idp.database import reader, table_of
from idp.people.models import Person
from idp.people.names import username_key
from idp.people.units import below
from idp.roles.models import Role
from idp.roles.permissions import holdings_of, scope_of
from idp.web.viewer import Permission

_c, _k, _p = table_of(Client), table_of(ClientCard), table_of(Person)
_mail = select(_p.c.mail_key).where(_p.c.id == bindparam("holder"))
_sharers = select(func.count()).where(_p.c.mail_key == bindparam("mail"))
_contacts = select(_c.c.id, _c.c.settings)


def reached(holder_id: uuid.UUID, permission: Permission) -> ColumnElement[bool] | None:
    """The condition on table client to be one that this holder may do this to; None: no limit."""
    scope = scope_of(holder_id, permission)
    if scope.whole_province:
        return None
    ways: list[ColumnElement[bool]] = []
    if scope.unit_ids:
        ways.append(_c.c.id.in_(select(_k.c.client_id).where(_k.c.owner_unit_id.in_(select(below(scope.unit_ids).c.id)))))
    named = _named(reader(), holder_id, permission)
    if named:
        ways.append(_c.c.id.in_(named))
    return or_(false(), *ways)


def reaches(holder_id: uuid.UUID, permission: Permission, client_key: uuid.UUID) -> bool:
    """Whether this holder may do this to one application, by its key."""
    condition = reached(holder_id, permission)
    return condition is None or reader().execute(select(_c.c.id).where(_c.c.id == client_key, condition)).first() is not None


def owns(holder_id: uuid.UUID, permission: Permission, unit_id: uuid.UUID) -> bool:
    """Whether an application of this unit is one that this holder may do this to."""
    scope = scope_of(holder_id, permission)
    if scope.whole_province:
        return True
    tree = below(scope.unit_ids)
    return bool(scope.unit_ids) and reader().execute(select(tree.c.id).where(tree.c.id == unit_id)).first() is not None


def _named(connection: Connection, holder_id: uuid.UUID, permission: Permission) -> Collection[uuid.UUID]:
    # By the official mail address, and only where that is one person's: whoever shares a mailbox cannot be told from the other.
    if not any(one.role is Role.CLIENT_OWNER and permission in one.permissions for one in holdings_of(holder_id)):
        return ()
    mail = connection.execute(_mail, {"holder": holder_id}).scalar()
    if not mail or connection.execute(_sharers, {"mail": mail}).scalar_one() != 1:
        return ()
    return [row.id for row in connection.execute(_contacts) if mail in {username_key(one) for one in row.settings.get("contacts", ())}]
