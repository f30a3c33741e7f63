"""Who is meant by what somebody typed into the sign-in page: a username or an official mail address, in any usual writing."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from idp.database import table_of
from idp.people.models import Person, PersonState
from idp.people.names import username_key
from idp.people.precedence import DIRECTORY
from idp.people.source_models import SourceEntry


@dataclass(frozen=True)
class Named:
    """The person meant, as far as sign-in needs to know them."""

    person_id: uuid.UUID
    username: str | None
    name: str
    directory_dn: str
    source_key: str
    state: str
    state_changed_at: datetime | None
    directory_locked: bool
    notice_acknowledged_at: datetime | None
    browser_round: int

    @property
    def may_sign_in(self) -> bool:
        """Whether the directory and we let this person in, once the password was right."""
        return self.state == PersonState.ACTIVE and not self.directory_locked


_p, _e = table_of(Person), table_of(SourceEntry)
# Of whom the directory is not the first source, its entry is a further one.
_further = select(_e.c.source_key).where(_e.c.person_id == _p.c.id, _e.c.source == DIRECTORY, _e.c.gone_at.is_(None)).limit(1)
_facts = select(
    _p.c.id,
    _p.c.username,
    _p.c.name,
    _p.c.directory_dn,
    func.coalesce(_further.correlate(_p).scalar_subquery(), _p.c.source_key).label("source_key"),
    _p.c.state,
    _p.c.state_changed_at,
    _p.c.directory_locked,
    _p.c.notice_acknowledged_at,
    _p.c.browser_round,
)
_is_called = or_(*(column == bindparam("key") for column in (_p.c.username_key, _p.c.mail_key, _p.c.alias_key)))
_by_name = _facts.add_columns(_p.c.username_key).where(_is_called)
_lock = select(_p.c.id).where(_p.c.id == bindparam("person_id")).with_for_update()
_by_id = _facts.where(_p.c.id == bindparam("person_id"))


def find_for_sign_in(connection: Connection, typed: str) -> Named | None:
    """The person whose username, else whose mail address or other name in the directory, this is; active people before former ones. None also when it could
    be two: nobody is ever signed in by a guess."""
    key = username_key(typed)
    rows = connection.execute(_by_name, {"key": key}).all() if key else []
    for active in (True, False):
        for by_username in (True, False):
            meant = [row for row in rows if (row.state == PersonState.ACTIVE) == active and (row.username_key == key) == by_username]
            if meant:
                return _named(meant[0]) if len(meant) == 1 else None
    return None


def require_named(connection: Connection, person_id: uuid.UUID) -> Named:
    """The same facts of a person already known."""
    return _named(connection.execute(_by_id, {"person_id": person_id}).one())


def lock(connection: Connection, person_id: uuid.UUID) -> None:
    """Let nobody else change what this person signs in with until the transaction ends."""
    connection.execute(_lock, {"person_id": person_id})


def _named(row: Any) -> Named:
    return Named(*row[:10])
