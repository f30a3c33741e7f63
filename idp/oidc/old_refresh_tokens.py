"""Refresh tokens as they were given before revision 0005: random values, each with a row. They go on working until the last has
died, 30 days after the upgrade; at its next use such a token moves into the chain of its authorization."""

from sqlalchemy import Connection, bindparam, select

from idp.database import table_of
from idp.oidc.models import Authorization, OldRefreshToken
from idp.oidc.refresh_token import OLD, OLD_AND_USED, RefreshToken
from idp.opaque_tokens import digest
from idp.prepared import first

LENGTH = 43  # of 256 bits in base64
_a, _t = table_of(Authorization), table_of(OldRefreshToken)
_find = (
    select(_a.c.id, _a.c.client_id, _a.c.scope, _a.c.acr, _a.c.resource, _a.c.confirmation, _t.c.used_at)
    .select_from(_t.join(_a, _a.c.id == _t.c.authorization_id))
    .where(_t.c.digest == bindparam("of"))
)


def find(connection: Connection, written: str) -> RefreshToken | None:
    """What a token of the old form stands for, used or not, dead or alive; None when it is none of ours."""
    if len(written) != LENGTH:
        return None
    of = digest(written)
    row = first(connection, _find, {"of": of})
    if row is None:
        return None
    sequence = OLD if row.used_at is None else OLD_AND_USED
    return RefreshToken(row.id, row.client_id, sequence, row.scope, row.acr, tuple(row.resource or ()), row.confirmation, of)
