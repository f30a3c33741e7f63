"""Device authorizations: a device waits while its person answers in a browser (RFC 8628); each is answered once and redeemed once."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import Connection, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import new_id, table_of
from idp.oidc.device_codes import new_user_code, user_code_digest
from idp.oidc.models import DeviceAuthorization
from idp.opaque_tokens import Secret, digest, new_token
from idp.sessions.browser_sessions import LiveSession
from idp.settings import current_settings

LONGER_PAUSE_SECONDS = 5  # what `slow_down` adds (RFC 8628 §3.5)
EARLY_SECONDS = 1  # a device's clock and the network may bring it this much too soon
MOST_WAITING = 200  # of one client from one address; a whole office of devices has less
TRIES = 5
KEPT = timedelta(hours=1)

_t = table_of(DeviceAuthorization)
_insert = {
    "sqlite": sqlite.insert(_t).on_conflict_do_nothing().returning(_t.c.digest),
    "postgresql": postgresql.insert(_t).on_conflict_do_nothing().returning(_t.c.digest),
}
_is_open = and_(_t.c.approved_at.is_(None), _t.c.denied_at.is_(None), _t.c.expires_at > bindparam("now"))
_waiting = select(func.count()).where(_t.c.client_id == bindparam("client"), _t.c.address == bindparam("from_address"), _is_open)
_by_user_code = select(_t).where(_t.c.user_code_digest == bindparam("code"), _is_open)
_by_device_code = select(_t).where(_t.c.digest == bindparam("code"))
_answer = update(_t).where(_t.c.digest == bindparam("code"), _is_open)
_note_poll = update(_t).where(_t.c.digest == bindparam("code")).values(polled_at=bindparam("now"), pause_seconds=bindparam("pause"))
_take = delete(_t).where(_t.c.digest == bindparam("code"), _t.c.approved_at.is_not(None))


class TooManyWait(Exception):
    """This client has begun more than anybody could answer."""


@dataclass(frozen=True)
class Begun:
    """What the device is told (§3.2); lifetimes in seconds."""

    device_code: Secret
    user_code: Secret
    expires_in: int
    interval: int


def begin(connection: Connection, client: RegisteredClient, scope: str, resource: tuple[str, ...]) -> Begun:
    """A device begins to wait. Raises TooManyWait."""
    settings, now, device_code, address = current_settings(), clock.now(), new_token(), request.remote_addr
    waiting = connection.execute(_waiting, {"client": client.key, "from_address": address, "now": now}).scalar_one()
    if waiting >= MOST_WAITING:
        raise TooManyWait
    row = {
        "digest": digest(device_code),
        "authorization_id": new_id(),
        "client_id": client.key,
        "scope": scope,
        "resource": list(resource) or None,
        "address": address,
        "created_at": now,
        "expires_at": now + timedelta(seconds=settings.device_code_seconds),
        "pause_seconds": settings.device_poll_seconds,
    }
    for _ in range(TRIES):  # one short code in billions is taken already
        user_code = new_user_code()
        written = connection.execute(_insert[connection.dialect.name], {**row, "user_code_digest": user_code_digest(user_code)})
        if written.first() is not None:
            return Begun(device_code, user_code, settings.device_code_seconds, settings.device_poll_seconds)
    raise TooManyWait


def find_waiting(connection: Connection, user_code: str) -> Any:
    """The device that shows this code and waits for an answer; None when there is none, or no longer."""
    return connection.execute(_by_user_code, {"code": user_code_digest(user_code), "now": clock.now()}).first()


def asked_by(waiting: Any) -> frozenset[str]:
    """What the person lets the device have: its scopes, and the resources that its tokens are for."""
    return frozenset(waiting.scope.split()) | frozenset(waiting.resource or ())


def approve(connection: Connection, waiting: Any, live: LiveSession) -> bool:
    """Let the device in as the person of this session. Return whether this call answered it."""
    values = {
        "person_id": live.person_id,
        "session_id": live.session_id,
        "acr": live.acr,
        "amr": live.amr,
        "auth_time": live.auth_time,
        "approved_at": clock.now(),
    }
    return _answered(connection, waiting, live.person_id, audit.Event.DEVICE_APPROVED, values)


def deny(connection: Connection, waiting: Any, person_id: uuid.UUID) -> bool:
    """Turn the device away. Return whether this call answered it."""
    return _answered(connection, waiting, person_id, audit.Event.DEVICE_DENIED, {"person_id": person_id, "denied_at": clock.now()})


def _answered(connection: Connection, waiting: Any, person_id: uuid.UUID, event: audit.Event, values: dict[str, Any]) -> bool:
    if connection.execute(_answer.values(**values), {"code": waiting.digest, "now": clock.now()}).rowcount != 1:
        return False
    about: dict[str, Any] = {"person_id": person_id, "client_id": waiting.client_id, "scope": waiting.scope, "device": waiting.address}
    audit.record(connection, event, actor=f"person:{person_id}", authorization_id=str(waiting.authorization_id), **about)
    return True


def find(connection: Connection, device_code: str) -> Any:
    """The row of a device code, answered or not; None when it is unknown or was redeemed."""
    return connection.execute(_by_device_code, {"code": digest(device_code)}).first()


def note_poll(connection: Connection, row: Any) -> bool:
    """The device asks; return whether it does so too soon, after which it must pause longer (§3.5)."""
    now = clock.now()
    soonest = timedelta(seconds=max(0, row.pause_seconds - EARLY_SECONDS))
    too_soon = row.polled_at is not None and now - row.polled_at < soonest
    pause = row.pause_seconds + LONGER_PAUSE_SECONDS if too_soon else row.pause_seconds
    connection.execute(_note_poll, {"code": row.digest, "now": now, "pause": pause})
    return too_soon


def take(connection: Connection, row: Any) -> bool:
    """Use the device code up: of any number at once, one gets True."""
    return connection.execute(_take, {"code": row.digest}).rowcount == 1


def forget_expired(connection: Connection) -> int:
    """Forget what expired over an hour ago; until then a device that still asks is told so. Return how many."""
    return connection.execute(delete(_t).where(_t.c.expires_at < clock.now() - KEPT)).rowcount
