"""Pushed authorization requests (RFC 9126): kept for a minute, opened as often as need be, answered once."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from clients.registry import RegisteredClient
from idp import clock
from idp.database import table_of
from idp.oidc.models import PushedRequest
from idp.opaque_tokens import digest, new_token

URN = "urn:ietf:params:oauth:request_uri:"
LIFE_SECONDS = 60
KEPT = timedelta(days=1)  # who opened it in time may take long to sign in
_t = table_of(PushedRequest)
_by_digest = select(_t).where(_t.c.digest == bindparam("digest"))
_answer = update(_t).where(_t.c.digest == bindparam("pushed"), _t.c.answered_at.is_(None)).values(answered_at=bindparam("now"))
_insert = insert(_t)


def push(connection: Connection, client: RegisteredClient, parameters: dict[str, str], *, is_signed: bool) -> str:
    """Keep a request that was found in order; return its request_uri."""
    reference, expires_at = new_token(), clock.now() + timedelta(seconds=LIFE_SECONDS)
    row = {
        "digest": digest(reference),
        "client_id": client.key,
        "parameters": parameters,
        "is_signed": is_signed,
        "expires_at": expires_at,
    }
    connection.execute(_insert, row)
    return URN + reference


def is_reference(request_uri: str | None) -> bool:
    """Whether a request_uri has the form of ours."""
    return request_uri is not None and request_uri.startswith(URN)


def digest_of(request_uri: str) -> bytes:
    """What its row is found by."""
    return digest(request_uri.removeprefix(URN))


def find(connection: Connection, pushed: bytes) -> Any:
    """The row of this digest, answered or not, expired or not; None when there is none."""
    return connection.execute(_by_digest, {"digest": pushed}).first()


def answer(connection: Connection, pushed: bytes) -> bool:
    """Use a pushed request up: of any number of answers at once, one gets True (RFC 9126 §7.3)."""
    return connection.execute(_answer, {"pushed": pushed, "now": clock.now()}).rowcount == 1


def forget_old(connection: Connection) -> int:
    """Forget those that nobody can still be signing in for; return how many."""
    return connection.execute(delete(_t).where(_t.c.expires_at < clock.now() - KEPT)).rowcount
