"""Identifiers that count once: the `jti` of a client assertion (RFC 7523 §3) or of a DPoP proof (RFC 9449 §11.1), the challenge of
a passkey (WebAuthn §13.4.3), a token that its client gave back."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, LargeBinary, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from idp import clock
from idp.database import Record, UtcDateTime, table_of
from idp.prepared import first


class SpentIdentifier(Record):
    """Something that counts once, as a digest, until it would be too old anyway."""

    __tablename__ = "spent_identifier"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


_t = table_of(SpentIdentifier)
# For statements about something that must not have been used up: `spent` is its digest.
is_spent = select(_t.c.digest).where(_t.c.digest == bindparam("spent")).exists()
# The row that comes back says who was first: of an INSERT, PostgreSQL's driver does not count.
_spend = {
    name: kind.insert(_t).on_conflict_do_nothing().returning(_t.c.digest) for name, kind in (("sqlite", sqlite), ("postgresql", postgresql))
}


def spend(connection: Connection, kind: str, *parts: str, until: datetime) -> bool:
    """Use an identifier up, remembered `until` then at least: of any number at once, one gets True. `kind` and `parts` name it."""
    row = {"digest": digest_of(kind, *parts), "expires_at": until}
    return first(connection, _spend[connection.dialect.name], row) is not None


def digest_of(kind: str, *parts: str) -> bytes:
    """How an identifier is remembered."""
    written = "".join(f"{len(part)}:{part}" for part in (kind, *parts))  # no two lists of parts read alike
    return hashlib.sha256(written.encode()).digest()


def forget_expired(connection: Connection) -> int:
    """Forget those that nobody would accept any more; return how many."""
    return connection.execute(delete(_t).where(_t.c.expires_at < clock.now())).rowcount
