"""What no officer does alone: helping somebody who holds a role past their factors. The second officer within an hour does it."""

import uuid
from datetime import timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from idp import clock
from idp.database import new_id, table_of
from idp.roles.models import FirstWord
from idp.roles.permissions import scope_of
from idp.web.viewer import Permission

WAITS = timedelta(hours=1)
_t = table_of(FirstWord)
_is_waiting = (
    (_t.c.person_id == bindparam("of_person"))
    & (_t.c.deed == bindparam("of_deed"))
    & _t.c.taken_at.is_(None)
    & (_t.c.given_at > bindparam("since"))
)
_take = update(_t).where(_is_waiting, _t.c.officer_id.in_(bindparam("officers", expanding=True)))
_waiting = select(_t.c.officer_id).where(_is_waiting)


def agree(connection: Connection, person_id: uuid.UUID, deed: str, officer_id: uuid.UUID) -> bool:
    """Give one's word; return whether another officer gave theirs before, so that it is done now. Their word is used up. It is worth
    nothing from whoever has lost the role meanwhile."""
    values = {"of_person": person_id, "of_deed": deed, "since": clock.now() - WAITS}
    waiting = connection.execute(_waiting, values).scalars().all()
    others = [one for one in waiting if one != officer_id and scope_of(one, Permission.HELP_PEOPLE).whole_province]
    if others and connection.execute(_take.values(taken_at=clock.now()), {**values, "officers": others}).rowcount > 0:
        return True
    if officer_id not in waiting:
        row = {"id": new_id(), "person_id": person_id, "deed": deed, "officer_id": officer_id, "given_at": clock.now()}
        connection.execute(insert(_t), row)
    return False
