"""An envelope in use: one hour in one browser, at the console only, loudly. No application knows of it: it is nobody's browser session."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from werkzeug.wrappers import Response

from idp import audit, clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.emergency import alarm
from idp.emergency.models import EmergencyAccount, EmergencySession
from idp.opaque_tokens import Secret, digest, new_token
from idp.people.models import Person
from idp.settings import current_settings

IDLE = timedelta(minutes=15)
TOUCH = timedelta(minutes=1)
LONGEST_USER_AGENT = 400
_a, _s = table_of(EmergencyAccount), table_of(EmergencySession)
_p = table_of(Person)
_one, _other = _p.alias("first_person"), _p.alias("second_person")
_is_open = (
    _s.c.ended_at.is_(None)
    & (_s.c.expires_at > bindparam("now"))
    & (_s.c.last_seen_at > bindparam("idle_since"))
    & _a.c.retired_at.is_(None)
)
_columns = (
    _s.c.id, _s.c.account_id, _s.c.used_for, _s.c.address, _s.c.started_at, _s.c.proved_at, _s.c.last_seen_at, _s.c.expires_at,
    _a.c.name,
)  # fmt: skip
_open = select(*_columns).join(_a, _a.c.id == _s.c.account_id).where(_is_open).order_by(_s.c.started_at)
_of_cookie = _open.where(_s.c.digest == bindparam("digest"))
_opened_by = (_one.c.name.label("first_name"), _other.c.name.label("second_name"))
_all = (
    select(*_columns, _s.c.ended_at, _s.c.ended_reason, *_opened_by)
    .join(_a, _a.c.id == _s.c.account_id)
    .outerjoin(_one, _one.c.id == _s.c.first_opener)
    .outerjoin(_other, _other.c.id == _s.c.second_opener)
    .order_by(_s.c.started_at.desc())
    .limit(20)
)
_names = select(_p.c.name).where(_p.c.id.in_(bindparam("people", expanding=True))).order_by(_p.c.name)
_end = update(_s).where(_s.c.id == bindparam("session"), _s.c.ended_at.is_(None)).returning(_s.c.id)


def spend(connection: Connection, account: Any, *, used_for: str, openers: tuple[uuid.UUID, uuid.UUID]) -> Secret | None:
    """Use the envelopes up and begin an hour with them; of any number at once, one does. None: they are spent already."""
    now = clock.now()
    sealed = (_a.c.id == account.id, _a.c.hash == account.hash, _a.c.spent_at.is_(None), _a.c.retired_at.is_(None))
    if connection.execute(update(_a).where(*sealed).values(spent_at=now).returning(_a.c.id)).first() is None:
        return None
    value, session_id = new_token(), new_id()
    row = {
        "id": session_id, "account_id": account.id, "digest": digest(value), "used_for": used_for, "first_opener": openers[0],
        "second_opener": openers[1], "address": request.remote_addr,
        "user_agent": request.user_agent.string[:LONGEST_USER_AGENT].replace("\0", ""), "started_at": now, "proved_at": now,
        "last_seen_at": now, "expires_at": now + timedelta(seconds=current_settings().emergency_seconds),
    }  # fmt: skip
    connection.execute(insert(_s), row)
    audit.record(
        connection, audit.Event.EMERGENCY_BEGUN, actor=f"emergency:{account.id}", account=str(account.id), name=account.name,
        reason=used_for, session_id=str(session_id), opened_by=[str(one) for one in openers],
    )  # fmt: skip
    names = ", ".join(connection.execute(_names, {"people": openers}).scalars())
    involved = {*openers, account.first_holder, account.second_holder} - {None}
    alarm.raise_alarm(connection, account.name, used_for=used_for, opened_by=names, involved=involved, address=request.remote_addr)
    return value


def prove_again(connection: Connection, live: Any) -> Secret:
    """Whoever is in has typed the passwords once more, as for what is sensitive: the hour goes on with a new cookie."""
    value = new_token()
    values = {"digest": digest(value), "proved_at": clock.now(), "last_seen_at": clock.now()}
    connection.execute(update(_s).where(_s.c.id == live.id, _s.c.ended_at.is_(None)).values(**values))
    return value


def current() -> Any | None:
    """The emergency session of the browser that sent this request, found once a request."""
    if "emergency_session" not in g:
        value = request.cookies.get(cookie_name())
        g.emergency_session = _find(value) if value else None
    return cast("Any | None", g.emergency_session)


def _find(value: str) -> Any | None:
    now = clock.now()
    row = reader().execute(_of_cookie, {"digest": digest(value), "now": now, "idle_since": now - IDLE}).first()
    if row is not None and now - row.last_seen_at >= TOUCH:
        in_transaction(lambda connection: connection.execute(update(_s).where(_s.c.id == row.id).values(last_seen_at=now)))
    return row


def running(connection: Connection) -> Sequence[Any]:
    """The envelopes in use at this moment."""
    now = clock.now()
    return connection.execute(_open, {"now": now, "idle_since": now - IDLE}).all()


def lately(connection: Connection) -> Sequence[Any]:
    """The newest uses, also those that are over."""
    return connection.execute(_all).all()


def end(connection: Connection, session_id: uuid.UUID, *, reason: str, actor: str) -> bool:
    """End the use of an envelope. Return whether this call did it."""
    ended = connection.execute(_end.values(ended_at=clock.now(), ended_reason=reason), {"session": session_id}).first()
    if ended is not None:
        audit.record(connection, audit.Event.EMERGENCY_ENDED, actor=actor, session_id=str(session_id), reason=reason)
    return ended is not None


def title_of(name: str) -> str:
    """How whoever is in by an envelope is called at the console."""
    return _("Truy cập khẩn cấp: %(name)s", name=name)


def cookie_name() -> str:
    """The cookie's name; on https browsers refuse it from another host or without Secure (RFC 6265bis)."""
    return "__Host-hopnhat_emergency" if current_settings().is_https else "hopnhat_emergency"


def set_cookie(response: Response, value: Secret | None) -> None:
    """Give the browser the cookie, or take it. It comes with nothing that another site has the browser ask for."""
    g.pop("emergency_session", None)
    g.pop("viewer", None)
    told: dict[str, Any] = {"path": "/", "secure": current_settings().is_https, "httponly": True, "samesite": "Strict"}
    if value is None:
        response.delete_cookie(cookie_name(), **told)
    else:
        response.set_cookie(cookie_name(), str(value), **told)
