"""Identifiers that count once, such as the `jti` of a client assertion (RFC 7523 §3) or of a DPoP proof (RFC 9449 §11.1)."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock
from idp.database import table_of
from idp.oidc.models import SpentIdentifier

_t = table_of(SpentIdentifier)
_spend = {"sqlite": sqlite.insert(_t).on_conflict_do_nothing(), "postgresql": postgresql.insert(_t).on_conflict_do_nothing()}


def spend(connection: Connection, kind: str, *parts: str, until: datetime) -> bool:
    """Use an identifier up, remembered `until` then at least: of any number at once, one gets True. `kind` and `parts` name it."""
    written = "".join(f"{len(part)}:{part}" for part in (kind, *parts))  # no two lists of parts read alike
    row = {"digest": hashlib.sha256(written.encode()).digest(), "expires_at": until}
    return connection.execute(_spend[connection.dialect.name], row).rowcount == 1


def forget_expired(connection: Connection) -> int:
    """Forget those that nobody would accept any more; return how many."""
    return connection.execute(delete(_t).where(_t.c.expires_at < clock.now())).rowcount
