"""Sessions that ended and messages that were delivered a quarter of a year ago are forgotten; the audit trail keeps what happened."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, or_, select

from idp import clock
from idp.database import id_floor, table_of
from idp.oidc.models import Authorization, DeviceAuthorization, LeavingClient
from idp.outbox import OutboxMessage
from idp.sessions.models import BrowserSession

KEPT = timedelta(days=90)  # as far back as the history on the account page goes
AT_ONCE = 5000
_s, _a, _d = table_of(BrowserSession), table_of(Authorization), table_of(DeviceAuthorization)
_o, _l = table_of(OutboxMessage), table_of(LeavingClient)


def forget_old(connection: Connection) -> int:
    """Delete at most 5000 of each; return how many. A session stays while something that began in it is kept, and a message while
    the ledger of leavings tells of it."""
    before = clock.now() - KEPT
    return _forget_sessions(connection, before) + _forget_messages(connection, before)


def _forget_sessions(connection: Connection, before: datetime) -> int:
    is_used = exists().where(_a.c.session_id == _s.c.id) | exists().where(_d.c.session_id == _s.c.id)
    old = select(_s.c.id).where(_s.c.id < id_floor(before), _s.c.ended_at < before, ~is_used).limit(AT_ONCE)
    return connection.execute(delete(_s).where(_s.c.id.in_(old))).rowcount


def _forget_messages(connection: Connection, before: datetime) -> int:
    is_settled = or_(_o.c.delivered_at < before, _o.c.failed_at < before)
    is_told = exists().where(_l.c.message_id == _o.c.id)
    old = select(_o.c.id).where(_o.c.id < id_floor(before), is_settled, ~is_told).limit(AT_ONCE)
    return connection.execute(delete(_o).where(_o.c.id.in_(old))).rowcount
