"""Back-Channel Logout 1.0: every client of a session that ended is told, each on its own, through the outbox, until it knows."""

import threading
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from clients.models import Client
from clients.registry import RegisteredClient, find_by_key
from idp import audit, clock, outbox
from idp.database import in_transaction, new_id, reader, table_of
from idp.oidc.encryption import NoEncryptionKey
from idp.oidc.id_token import sealed_for
from idp.oidc.models import Authorization
from idp.oidc.subjects import session_for, subject_for
from idp.outbound import OutboundFailed, OutboundRefused, post_form
from idp.outbox import DeliveryFailed, Message, OutboxMessage, Undeliverable
from idp.people.models import Person
from idp.settings import current_settings

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_SECONDS = 120
LONGEST_TRY_SECONDS, FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 10.0, 2.5, 60.0
SESSION_ENDED, LOGOUT_TOKEN = "session_ended", "logout_token"
WITHDRAWN = "access_withdrawn"  # such an authorization's client is told of the whole person already

_a, _c, _p, _o = table_of(Authorization), table_of(Client), table_of(Person), table_of(OutboxMessage)
_clients_of_session = (
    select(_a.c.client_id, _a.c.person_id, _p.c.subject)
    .distinct()
    .select_from(_a.join(_c, _c.c.id == _a.c.client_id).join(_p, _p.c.id == _a.c.person_id))
    .where(
        _a.c.session_id == bindparam("session_id"),
        _c.c.backchannel_logout_uri.is_not(None),
        or_(_a.c.revoked_reason.is_(None), _a.c.revoked_reason != WITHDRAWN),
    )
)
_names_of_session = (
    select(_c.c.client_name)
    .distinct()
    .select_from(_a.join(_c, _c.c.id == _a.c.client_id))
    .where(_a.c.session_id == bindparam("session_id"), _a.c.revoked_at.is_(None))
    .order_by(_c.c.client_name)
)
_told_of_person = (
    select(_c.c.id, _c.c.settings, _p.c.subject)
    .select_from(_c.join(_p, _p.c.id == bindparam("person_id")))
    .where(_c.c.id.in_(bindparam("clients", expanding=True)), _c.c.backchannel_logout_uri.is_not(None))
)
_sessions_at_client = (
    select(_a.c.session_id)
    .distinct()
    .where(
        _a.c.person_id == bindparam("person_id"),
        _a.c.client_id == bindparam("client"),
        _a.c.session_id.is_not(None),
        or_(_a.c.offline, _a.c.created_at > bindparam("since")),  # what is older has been told when its session ended
    )
    .order_by(_a.c.session_id)
)
_deliveries = (
    select(
        _o.c.id, _o.c.client_id, _o.c.person_id, _o.c.created_at, _o.c.attempts, _o.c.next_attempt_at, _o.c.delivered_at, _o.c.failed_at,
        _o.c.last_error,
    )
    .where(_o.c.kind == LOGOUT_TOKEN)
    .order_by(_o.c.created_at.desc())
)  # fmt: skip
_resting: dict[uuid.UUID, tuple[float, int]] = {}  # until when (monotonic seconds), after how many failures in a row
_resting_lock = threading.Lock()


def tell_clients_of_session(message: Message) -> None:
    """Turn the end of one session into one message for each client that took part in it and wants to know."""
    session_id = message.payload["session_id"]

    def expand(connection: Connection) -> None:
        for row in connection.execute(_clients_of_session, {"session_id": uuid.UUID(session_id)}):
            tell_client(connection, row.client_id, row.person_id, row.subject, session_id=session_id)

    in_transaction(expand)


def tell_clients_of_person(connection: Connection, clients: Sequence[uuid.UUID], person_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Let these clients know that every session of the person is over (§2.4): session by session, since some programs (mod_auth_openidc) keep
    theirs by `sid`, answer 200 to a token with `sub` alone and end nothing; and by `sub` alone, unless the client must be told which one.
    Return who is told by which message; a client without a channel is not among them."""
    told: list[tuple[uuid.UUID, uuid.UUID]] = []
    since = clock.now() - timedelta(seconds=current_settings().session_staff_seconds)
    for row in connection.execute(_told_of_person, {"clients": clients, "person_id": person_id}).all():
        known = connection.execute(_sessions_at_client, {"person_id": person_id, "client": row.id, "since": since}).scalars().all()
        sessions: list[str | None] = [str(session_id) for session_id in known]
        if not row.settings.get("backchannel_logout_session_required"):
            sessions.append(None)
        told += [(row.id, tell_client(connection, row.id, person_id, row.subject, session_id=one)) for one in sessions]
    return told


def tell_client(
    connection: Connection, client: uuid.UUID, person_id: uuid.UUID, subject: str, *, session_id: str | None = None
) -> uuid.UUID:
    """Let one client know that a session is over; without a session, that all of the person's are. Return the message's id."""
    payload = {"sub": subject} | ({"sid": session_id} if session_id else {})
    return outbox.enqueue(connection, LOGOUT_TOKEN, payload, person_id=person_id, client_id=client)


def deliver_logout_token(message: Message) -> None:
    """Send one client its logout token (§2.5). Raises DeliveryFailed to be tried again, Undeliverable to be given up."""
    assert message.client_id is not None
    client = find_by_key(message.client_id)
    if client is None or client.backchannel_logout_uri is None:
        raise Undeliverable("the client has no backchannel_logout_uri any more")
    _refuse_while_resting(client.key)
    try:
        token = logout_token(client, message.payload)
        status = post_form(client.backchannel_logout_uri, {"logout_token": token}, public_only=client.metadata.public_addresses_only)
    except NoEncryptionKey as missing:
        _note_failure(message, client, missing.description)
        raise DeliveryFailed(missing.description) from None
    except OutboundRefused as refused:
        _note_failure(message, client, str(refused), is_last=True)
        raise Undeliverable(str(refused)) from None
    except OutboundFailed as failed:
        _let_rest(client.key)
        _note_failure(message, client, str(failed))
        raise DeliveryFailed(str(failed)) from None
    _is_back(client.key)
    if status not in (200, 204):
        _note_failure(message, client, f"answered {status}")
        raise DeliveryFailed(f"answered {status}")
    about: dict[str, Any] = {"person_id": message.person_id, "client_id": client.key, "attempts": message.attempts, **_sid(message)}
    in_transaction(lambda connection: audit.record(connection, audit.Event.LOGOUT_DELIVERED, actor="system:outbox", **about))


def logout_token(client: RegisteredClient, payload: dict[str, Any]) -> str:
    """A logout token (§2.4), fresh for each attempt: a client that took one and whose answer was lost must not refuse the next."""
    now = clock.now()
    claims = {
        "iss": current_settings().issuer,
        "aud": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=TOKEN_SECONDS)).timestamp()),
        "jti": new_id().hex,
        "events": {EVENT: {}},
        **payload,
        "sub": subject_for(client, payload["sub"]),
        **({"sid": session_for(client, payload["sid"])} if "sid" in payload else {}),
    }
    return sealed_for(client, "logout+jwt", claims)


def deliveries(
    connection: Connection, *, client: uuid.UUID | None = None, person_id: uuid.UUID | None = None, most: int = 100
) -> Sequence[Any]:
    """The ledger: logout tokens, newest first, with attempts, delivery, failure and the last error; of one client or person."""
    query = _deliveries.limit(most)
    if client is not None:
        query = query.where(_o.c.client_id == client)
    if person_id is not None:
        query = query.where(_o.c.person_id == person_id)
    return connection.execute(query).all()


def _sid(message: Message) -> dict[str, str]:
    return {"session_id": message.payload["sid"]} if "sid" in message.payload else {}


def _refuse_while_resting(client: uuid.UUID) -> None:
    """A client that does not answer costs up to 8 s a try. While it rests, messages for others go on; then one try at a time asks
    whether it is back."""
    with _resting_lock:
        until, failures = _resting.get(client, (0.0, 0))
        if until > time.monotonic():
            raise DeliveryFailed("the client did not answer a moment ago")
        if failures:
            _resting[client] = (time.monotonic() + LONGEST_TRY_SECONDS, failures)


def _let_rest(client: uuid.UUID) -> None:
    with _resting_lock:
        failures = _resting.get(client, (0.0, 0))[1] + 1
        _resting[client] = (time.monotonic() + min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2**failures), failures)


def _is_back(client: uuid.UUID) -> None:
    with _resting_lock:
        _resting.pop(client, None)


def _note_failure(message: Message, client: RegisteredClient, why: str, *, is_last: bool = False) -> None:
    """The first failure and the giving up are events; the tries between are in the ledger, or a dead client would fill the trail."""
    is_last = is_last or clock.now() - message.created_at >= outbox.GIVE_UP_AFTER
    if message.attempts > 1 and not is_last:
        return
    about: dict[str, Any] = {"person_id": message.person_id, "client_id": client.key, **_sid(message)}
    in_transaction(
        lambda connection: audit.record(
            connection, audit.Event.LOGOUT_FAILED, actor="system:outbox", why=why, given_up=is_last, attempts=message.attempts, **about
        )
    )


DELIVERERS: dict[str, outbox.Deliver] = {SESSION_ENDED: tell_clients_of_session, LOGOUT_TOKEN: deliver_logout_token}


def clients_of_session(session_id: uuid.UUID) -> Sequence[str]:
    """The names of the clients that took part in a session: shown on the signed-out page."""
    return reader().execute(_names_of_session, {"session_id": session_id}).scalars().all()
