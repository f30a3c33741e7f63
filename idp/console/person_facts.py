"""What the console shows of one person beside their own data: factors, sessions, applications, roles."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from clients.models import Client
from idp import clock
from idp.credentials import factors
from idp.credentials.models import RecoveryCode
from idp.database import table_of
from idp.errors import NotFound
from idp.oidc.models import Authorization
from idp.people.models import Unit
from idp.roles.models import RoleGrant
from idp.sessions.models import BrowserSession

SHOWN_SESSIONS = 10
_r, _s, _a = table_of(RecoveryCode), table_of(BrowserSession), table_of(Authorization)
_c, _g, _u = table_of(Client), table_of(RoleGrant), table_of(Unit)


@dataclass(frozen=True)
class Facts:
    """`codes_left` None: no sheet of recovery codes was ever confirmed. `sessions`: the open ones first, then the newest."""

    factors: Sequence[Any]
    codes_left: int | None
    sessions: Sequence[Any]
    open_sessions: int
    applications: Sequence[Any]
    roles: Sequence[Any]


def facts_of(connection: Connection, person_id: uuid.UUID) -> Facts:
    """All of it, in a handful of statements."""
    codes = connection.execute(
        select(func.count(), func.count().filter(_r.c.used_at.is_(None))).where(
            _r.c.person_id == person_id, _r.c.confirmed_at.is_not(None), _r.c.replaced_at.is_(None)
        )
    ).one()
    now = clock.now()
    is_open = _s.c.ended_at.is_(None) & (_s.c.expires_at > now)
    sessions = connection.execute(
        select(_s, is_open.label("is_open"))
        .where(_s.c.person_id == person_id)
        .order_by(is_open.desc(), _s.c.created_at.desc())
        .limit(SHOWN_SESSIONS)
    ).all()
    return Facts(
        factors.list_of(connection, person_id),
        codes[1] if codes[0] else None,
        sessions,
        count_open_sessions(connection, person_id),
        _applications(connection, person_id),
        _roles(connection, person_id),
    )


def require_session_of(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """Raise NotFound unless the session is this person's."""
    if connection.execute(select(_s.c.id).where(_s.c.id == session_id, _s.c.person_id == person_id)).first() is None:
        raise NotFound("")


def count_open_sessions(connection: Connection, person_id: uuid.UUID) -> int:
    """How many browsers the person is signed in to."""
    query = select(func.count()).where(_s.c.person_id == person_id, _s.c.ended_at.is_(None), _s.c.expires_at > clock.now())
    return int(connection.execute(query).scalar_one())


def _applications(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    query = (
        select(_c.c.client_id, _c.c.client_name, func.min(_a.c.created_at).label("first_at"), func.max(_a.c.created_at).label("last_at"))
        .join(_c, _c.c.id == _a.c.client_id)
        .where(_a.c.person_id == person_id)
        .group_by(_c.c.id, _c.c.client_id, _c.c.client_name)
        .order_by(func.max(_a.c.created_at).desc())
    )
    return connection.execute(query).all()


def _roles(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    query = (
        select(_g.c.role, _g.c.granted_at, _g.c.valid_from, _g.c.valid_until, _g.c.begun_at, _u.c.name.label("unit_name"))
        .select_from(_g.outerjoin(_u, _u.c.id == _g.c.unit_id))
        .where(_g.c.person_id == person_id, _g.c.revoked_at.is_(None))
        .order_by(_g.c.granted_at)
    )
    return connection.execute(query).all()
