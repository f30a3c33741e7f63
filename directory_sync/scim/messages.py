"""Messages that may come twice: a write that carries a key is carried out once, whatever the line does to the answer."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from directory_sync.scim.models import ScimMessage
from idp import clock
from idp.database import table_of

REMEMBERED = timedelta(hours=24)
LONGEST_KEY = 255
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_m = table_of(ScimMessage)
_find = select(_m).where(_m.c.source == bindparam("of_source"), _m.c.key == bindparam("of_key"))


class BadKey(Exception):
    """The key of a message is no key, or was used for another message. `status`: the HTTP status that says so."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.detail, self.status = detail, status


@dataclass(frozen=True)
class Answered:
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any] | None


def digest_of(method: str, path: str, body: bytes) -> bytes:
    """32 bytes by which a message is known again: what it asks for and all it says."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).digest()


def check_key(key: str) -> None:
    """Raises BadKey for what cannot be a key: 1 to 255 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise BadKey("Idempotency-Key has 1 to 255 visible ASCII characters", 400)


def find_answer(connection: Connection, source: str, key: str, digest: bytes) -> Answered | None:
    """The answer that this very message got within 24 hours, or None. Raises BadKey when the key was another message's."""
    row = connection.execute(_find, {"of_source": source, "of_key": key}).first()
    if row is None or row.created_at <= clock.now() - REMEMBERED:
        return None
    if row.digest != digest:
        raise BadKey("this Idempotency-Key was used for another message", 409)
    return Answered(row.status, row.headers, row.body)


def keep_answer(connection: Connection, source: str, key: str, digest: bytes, answered: Answered) -> None:
    """Keep an answer, in the transaction of what it answers. Raises IntegrityError when another with this key was faster: then
    nothing of this one may stay."""
    connection.execute(delete(_m).where(_m.c.source == source, _m.c.key == key, _m.c.created_at <= clock.now() - REMEMBERED))
    row = {
        "source": source, "key": key, "digest": digest, "status": answered.status, "headers": answered.headers, "body": answered.body,
        "created_at": clock.now(),
    }  # fmt: skip
    connection.execute(insert(_m), row)


def forget_old(connection: Connection) -> int:
    """Forget messages older than 24 hours; return how many."""
    return connection.execute(delete(_m).where(_m.c.created_at <= clock.now() - REMEMBERED)).rowcount
