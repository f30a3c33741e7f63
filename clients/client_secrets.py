"""The secrets of clients: made here, kept as digests, and sealed as well where a client signs with its secret."""

import hmac
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from clients.metadata import CLIENT_SECRET_JWT
from clients.models import ClientSecret
from clients.registry import KnownSecret
from idp import clock
from idp.database import new_id, table_of
from idp.opaque_tokens import Secret, digest, new_token
from idp.sealing import current_keys

HINT_CHARACTERS = 4
_s = table_of(ClientSecret)
_of_client = select(_s).where(_s.c.client_id == bindparam("key"))


def add_secret(
    connection: Connection, key: uuid.UUID, auth_method: str, chosen: Secret | None = None, *, expires_at: datetime | None = None
) -> Secret:
    """A new secret of the client, or one `chosen` elsewhere, good until `expires_at` (None: until it is ended). Only client_secret_jwt needs more of it than its digest."""
    secret, secret_id = chosen or new_token(), new_id()
    row = {
        "id": secret_id, "client_id": key, "digest": digest(secret), "hint": secret[-HINT_CHARACTERS:], "created_at": clock.now(), "expires_at": expires_at,
        "sealed": current_keys().seal(secret.encode(), _context(secret_id)) if auth_method == CLIENT_SECRET_JWT else None,
    }  # fmt: skip
    connection.execute(insert(ClientSecret), row)
    return secret


def open_secret(secret: KnownSecret) -> bytes | None:
    """The secret itself; None of one that is kept as a digest only. Raises SealBroken."""
    return current_keys().open(secret.sealed, _context(secret.id)) if secret.sealed is not None else None


def has_usable(connection: Connection, key: uuid.UUID, auth_method: str) -> bool:
    """Whether the client holds a secret that this method can be used with."""
    return any(_is_open(row) and (auth_method != CLIENT_SECRET_JWT or row.sealed) for row in connection.execute(_of_client, {"key": key}))


def holds(connection: Connection, key: uuid.UUID, shown: str) -> bool:
    """Whether this is a secret of the client that is still accepted."""
    known = [row.digest for row in connection.execute(_of_client, {"key": key}) if _is_open(row)]
    return any(hmac.compare_digest(digest(shown), one) for one in known)


def end_secrets(connection: Connection, key: uuid.UUID, within: timedelta = timedelta(0)) -> None:
    """Accept the client's present secrets for so long and no longer."""
    ends = clock.now() + within
    still_open = _s.c.expires_at.is_(None) | (_s.c.expires_at > ends)
    connection.execute(update(_s).where(_s.c.client_id == key, still_open).values(expires_at=ends))


def forget_sealed(connection: Connection, key: uuid.UUID) -> None:
    """Keep the digests only: the client signs with its secret no more."""
    connection.execute(update(_s).where(_s.c.client_id == key).values(sealed=None))


def note_secret_use(connection: Connection, secret_id: uuid.UUID, address: str | None) -> None:
    """Remember when and from where a secret was used, so that nobody ends one that is still in use."""
    connection.execute(update(_s).where(_s.c.id == secret_id).values(last_used_at=clock.now(), last_used_from=(address or "")[:64] or None))


def _is_open(row: Any) -> bool:
    return row.expires_at is None or row.expires_at > clock.now()


def _context(secret_id: uuid.UUID) -> str:
    return f"client_secret.sealed:{secret_id}"
