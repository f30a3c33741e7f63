"""Logos of clients: fetched once by the worker, made into pictures of our own, and served from here.

A page that loaded them from the application's server would tell it who is about to sign in (OpenID Connect Registration §9.2 asks for
care). One that registered itself without a token has none: it could look like somebody else.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, insert, select

from clients.models import Client, ClientLogo
from clients.pictures import PictureRefused, as_png
from clients.registry import RegisteredClient, from_row
from idp import audit, clock
from idp.database import in_transaction, reader, table_of
from idp.jobs import Job
from idp.outbound import OutboundFailed, OutboundRefused, fetch

LARGEST_ORIGINAL = 512 * 1024  # bytes
UPLOADED = "uploaded"  # in place of an address: an administrator has put it here
AGAIN_AFTER = timedelta(days=1)  # one that could not be had is asked for again
EVERY_SECONDS, AT_ONCE = 20.0, 5
ACCEPT = "image/png, image/jpeg, image/webp, image/gif"
_c, _l = table_of(Client), table_of(ClientLogo)
_all = select(_c, _l.c.uri, _l.c.png.is_(None).label("is_missing"), _l.c.fetched_at).select_from(
    _c.outerjoin(_l, _l.c.client_id == _c.c.id)
)
_enabled = _all.where(_c.c.disabled_at.is_(None))
_png = select(_l.c.png, _l.c.uri).where(_l.c.client_id == bindparam("client"), _l.c.png.is_not(None))
_shown = select(_l.c.client_id, _l.c.uri).where(_l.c.client_id.in_(bindparam("clients", expanding=True)), _l.c.png.is_not(None))
_forget = delete(_l).where(_l.c.client_id == bindparam("client"))
_log = structlog.get_logger()


def jobs() -> list[Job]:
    """The job of this part."""
    return [Job("client_logos", EVERY_SECONDS, fetch_due, lease_seconds=300)]


def find_logo(client: RegisteredClient) -> bytes | None:
    """The PNG of this client; None when it has none, or another address than the one it was fetched from."""
    row = reader().execute(_png, {"client": client.key}).first()
    return bytes(row.png) if row is not None and row.uri in (UPLOADED, _wanted(client)) else None


def paths_of(connection: Connection, clients: Iterable[RegisteredClient]) -> dict[uuid.UUID, str]:
    """Where on this server the logos of these clients are, by key; those without one are left out."""
    known = {client.key: client for client in clients}
    if not known:
        return {}
    rows = connection.execute(_shown, {"clients": list(known)})
    return {row.client_id: path_of(known[row.client_id]) for row in rows if row.uri in (UPLOADED, _wanted(known[row.client_id]))}


def path_of(client: RegisteredClient) -> str:
    """Where its logo is on this server."""
    return f"/clients/{client.client_id}/logo"


def fetch_due() -> int:
    """Fetch what is new and what could not be had a day ago, a few at a time; forget what is wanted no more. Return how many changed."""
    due = [(from_row(row), row) for row in reader().execute(_enabled) if _is_due(from_row(row), row)][:AT_ONCE]
    for client, _row in due:
        in_transaction(partial(_put, client=client.key, kept=_kept(client)))
    return len(due)


def _wanted(client: RegisteredClient) -> str | None:
    return None if client.metadata.public_addresses_only else client.metadata.logo_uri


def _is_due(client: RegisteredClient, row: Any) -> bool:
    if row.uri == UPLOADED:
        return False
    if row.uri != _wanted(client):
        return True
    return row.uri is not None and row.is_missing and row.fetched_at < clock.now() - AGAIN_AFTER


def _kept(client: RegisteredClient) -> dict[str, Any] | None:
    """The row of a client's logo: with the picture, or with what was wrong with it; None when it wants none."""
    uri = _wanted(client)
    if uri is None:
        return None
    found: dict[str, Any] = {"client_id": client.key, "uri": uri, "png": None, "flaw": None, "fetched_at": clock.now()}
    try:
        answer = fetch(uri, accept=ACCEPT, largest=LARGEST_ORIGINAL)
        if answer.status != 200:
            raise OutboundFailed(f"status {answer.status}")
        return found | {"png": as_png(answer.body)}
    except (OutboundRefused, OutboundFailed, PictureRefused) as flaw:
        _log.warning("logo.not_fetched", client_id=client.client_id, why=str(flaw))
        return found | {"flaw": str(flaw)[:200]}


def put_first(connection: Connection, client: uuid.UUID, png: bytes) -> None:
    """The logo that an application is registered with, as `as_png` has made it."""
    _put(connection, client, {"client_id": client, "uri": UPLOADED, "png": png, "flaw": None, "fetched_at": clock.now()})


def put_uploaded(connection: Connection, client: RegisteredClient, raw: bytes, *, actor: str, reason: str) -> None:
    """Take a picture of an administrator's as the logo, whatever the client's own address says. Raises PictureRefused."""
    png = as_png(raw)
    kept = {"client_id": client.key, "uri": UPLOADED, "png": png, "flaw": None, "fetched_at": clock.now()}
    _put(connection, client.key, kept)
    told: dict[str, Any] = {"before": {"logo": None}, "after": {"logo": hashlib.sha256(png).hexdigest()[:16]}}
    audit.record(connection, audit.Event.CLIENT_CHANGED, actor=actor, client_id=client.key, reason=reason, **told)


def take_uploaded(connection: Connection, client: RegisteredClient, *, actor: str, reason: str) -> bool:
    """Be without it again; the worker fetches what the client's own address has. Return whether this call did it."""
    taken = _forget.where(_l.c.uri == UPLOADED).returning(_l.c.client_id)
    if connection.execute(taken, {"client": client.key}).first() is None:
        return False
    told: dict[str, Any] = {"before": {"logo": UPLOADED}, "after": {"logo": None}}
    audit.record(connection, audit.Event.CLIENT_CHANGED, actor=actor, client_id=client.key, reason=reason, **told)
    return True


def _put(connection: Connection, client: uuid.UUID, kept: dict[str, Any] | None) -> None:
    connection.execute(_forget, {"client": client})
    if kept is not None:
        connection.execute(insert(ClientLogo), kept)
