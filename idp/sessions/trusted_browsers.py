"""Browsers that their person trusts for half a day: there the house's own demand for a second factor rests. Nothing is proved by it:
`acr` and `amr` stay what they are, and an application that demands two factors gets them."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import Connection, bindparam, delete, insert, select
from werkzeug.wrappers import Response

from idp import audit, clock
from idp.database import new_id, table_of
from idp.opaque_tokens import Secret, digest, new_token
from idp.sessions.browser_sessions import LONGEST_USER_AGENT
from idp.sessions.models import TrustedBrowser
from idp.settings import current_settings

_t = table_of(TrustedBrowser)
_of_person = _t.c.person_id == bindparam("of_person")
_is_alive = _t.c.expires_at > bindparam("now")
_this = select(_t.c.id).where(_t.c.digest == bindparam("digest"), _of_person, _is_alive)
_all = select(_t).where(_of_person, _is_alive).order_by(_t.c.id)
_forget = delete(_t).where(_of_person)
_forget_expired = delete(_t).where(_t.c.expires_at <= bindparam("now"))


def is_trusted(connection: Connection, person_id: uuid.UUID) -> bool:
    """Whether this browser is one that the person trusts."""
    value = request.cookies.get(_cookie_name(person_id))
    values = {"digest": digest(value or ""), "of_person": person_id, "now": clock.now()}
    return value is not None and connection.execute(_this, values).first() is not None


def trust(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> Secret:
    """Trust this browser from now on for as long as the settings say; return the cookie's value."""
    value, now = new_token(), clock.now()
    row = {
        "id": new_id(),
        "digest": digest(value),
        "person_id": person_id,
        "session_id": session_id,
        "address": request.remote_addr,
        "user_agent": request.user_agent.string[:LONGEST_USER_AGENT].replace("\0", ""),
        "created_at": now,
        "expires_at": now + timedelta(seconds=current_settings().trusted_browser_seconds),
    }
    connection.execute(insert(_t), row)
    _record(connection, audit.Event.BROWSER_TRUSTED, person_id, f"person:{person_id}")
    return value


def find_all(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """The browsers that the person trusts at this moment, oldest first."""
    return connection.execute(_all, {"of_person": person_id, "now": clock.now()}).all()


def distrust(
    connection: Connection,
    person_id: uuid.UUID,
    *,
    actor: str,
    browser_id: uuid.UUID | None = None,
    of_session: uuid.UUID | None = None,
    keep_session: uuid.UUID | None = None,
) -> int:
    """Trust one browser no more, that of one session, or all but that of one; return how many it were."""
    gone = _forget
    if browser_id is not None:
        gone = gone.where(_t.c.id == browser_id)
    if of_session is not None:
        gone = gone.where(_t.c.session_id == of_session)
    if keep_session is not None:
        gone = gone.where(_t.c.session_id != keep_session)
    many = connection.execute(gone, {"of_person": person_id}).rowcount
    if many:
        _record(connection, audit.Event.BROWSER_DISTRUSTED, person_id, actor)
    return many


def forget_expired(connection: Connection) -> int:
    """Drop those whose time is over; return how many."""
    return connection.execute(_forget_expired, {"now": clock.now()}).rowcount


def set_cookie(response: Response, person_id: uuid.UUID, value: str) -> None:
    """Let the browser remember that it is trusted by this person, also when it is closed."""
    settings = current_settings()
    response.set_cookie(
        _cookie_name(person_id), value, max_age=settings.trusted_browser_seconds, path="/", secure=settings.is_https, httponly=True,
        samesite="Strict",
    )  # fmt: skip


def _cookie_name(person_id: uuid.UUID) -> str:
    # One for each person: people who share a computer do not take each other's place.
    mark = hashlib.sha256(person_id.bytes).hexdigest()[:8]
    return f"__Host-hopnhat-trusted-{mark}" if current_settings().is_https else f"hopnhat_trusted_{mark}"


def _record(connection: Connection, event: audit.Event, person_id: uuid.UUID, actor: str) -> None:
    audit.record(connection, event, actor=actor, person_id=person_id)
