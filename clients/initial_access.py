"""Initial access tokens (RFC 7591 §3): given out by an operator, each lets its holder register so many clients until some day."""

import uuid
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, or_, select, update

from clients.models import InitialAccessToken
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound
from idp.opaque_tokens import Secret, digest, new_token

_t = table_of(InitialAccessToken)
_all = select(_t).order_by(_t.c.created_at.desc())
_living = (_t.c.revoked_at.is_(None), _t.c.expires_at > bindparam("now"))
_usable = (_t.c.digest == bindparam("shown"), *_living, or_(_t.c.uses_left.is_(None), _t.c.uses_left > 0))
_find = select(_t.c.id).where(*_usable)
_take = update(_t).where(*_usable).values(uses_left=_t.c.uses_left - 1)
_revoke = update(_t).where(_t.c.id == bindparam("key"), _t.c.revoked_at.is_(None)).values(revoked_at=bindparam("now"))


def issue(connection: Connection, *, note: str, days: float, uses: int | None, actor: str) -> tuple[uuid.UUID, Secret]:
    """A new token for whoever the note names, shown this once; `uses`: how many clients it may register, None for any number."""
    token, token_id, now = new_token(), new_id(), clock.now()
    expires = now + timedelta(days=days)
    row = {
        "id": token_id, "digest": digest(token), "note": note, "uses_left": uses, "created_at": now, "created_by": actor,
        "expires_at": expires,
    }  # fmt: skip
    connection.execute(insert(_t), row)
    facts: dict[str, Any] = {"token": str(token_id), "note": note, "uses": uses, "expires_at": expires.isoformat()}
    audit.record(connection, audit.Event.REGISTRATION_TOKEN_ISSUED, actor=actor, **facts)
    return token_id, token


def take(connection: Connection, token: str) -> bool:
    """Use a token once; whether that was still possible. Together with the registration, or not at all."""
    return connection.execute(_take, {"shown": digest(token), "now": clock.now()}).rowcount == 1


def is_usable(connection: Connection, token: str) -> bool:
    """Whether a token could be used now: to be asked before any trouble is taken for its holder."""
    return connection.execute(_find, {"shown": digest(token), "now": clock.now()}).first() is not None


def all_tokens(connection: Connection) -> list[Any]:
    """Every token that was given out, the newest first: rows of their table."""
    return list(connection.execute(_all).all())


def revoke(connection: Connection, token_id: uuid.UUID, *, actor: str) -> bool:
    """Accept a token no more; whether this call did it. Raises NotFound."""
    row = connection.execute(select(_t.c.id).where(_t.c.id == token_id)).first()
    if row is None:
        raise NotFound(_("Không có mã đăng ký này."), reason="registration_token_unknown")
    done = connection.execute(_revoke, {"key": token_id, "now": clock.now()}).rowcount == 1
    if done:
        audit.record(connection, audit.Event.REGISTRATION_TOKEN_REVOKED, actor=actor, token=str(token_id))
    return done
