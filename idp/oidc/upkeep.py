"""What the worker does for the protocol: tell clients of ended sessions, forget what is long dead."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Connection, delete

from clients import failed_requests, secret_care
from idp import clock, outbox, spent_identifiers
from idp.database import id_floor, in_transaction, table_of
from idp.jobs import Job
from idp.oidc import device_authorizations, key_rotation, old_records, pushed_requests
from idp.oidc.backchannel_logout import DELIVERERS
from idp.oidc.models import Authorization, OldRefreshToken
from idp.people import letters
from idp.settings import current_settings

DELIVERING_THREADS, MESSAGES_AT_ONCE = 4, 4  # a silent client holds up one thread for 8 s, never all of them
KEPT = timedelta(days=1)
SKEW = timedelta(minutes=10)
HOUR, TEN_MINUTES = 3600, 600
_a, _rt = table_of(Authorization), table_of(OldRefreshToken)


def jobs() -> list[Job]:
    """The jobs of this part."""
    deliverers = {**DELIVERERS, **letters.DELIVERERS, **secret_care.DELIVERERS, **current_app.extensions.get(outbox.DELIVERERS_KEY, {})}
    deliver = [
        Job(f"outbox_{number}", 0.5, lambda: outbox.deliver_due(deliverers, MESSAGES_AT_ONCE)) for number in range(DELIVERING_THREADS)
    ]
    return [
        *deliver,
        Job("dead_tokens", HOUR, lambda: in_transaction(forget_dead), lease_seconds=TEN_MINUTES),
        Job("old_records", TEN_MINUTES, lambda: in_transaction(old_records.forget_old), lease_seconds=TEN_MINUTES),
        Job("failed_requests", TEN_MINUTES, lambda: in_transaction(failed_requests.forget_old), lease_seconds=TEN_MINUTES),
        Job("signing_keys", HOUR, lambda: in_transaction(key_rotation.rotate_due), lease_seconds=60),
    ]


def forget_dead(connection: Connection) -> int:
    """Delete refresh tokens of the old form whose chain ended over a day ago, authorizations too old to hold a living one, pushed
    requests, and private keys that nobody needs; return how many rows. A used refresh token stays until its chain has ended: it
    must be recognised when it is shown again."""
    before = clock.now() - KEPT
    oldest = before - timedelta(seconds=current_settings().refresh_token_seconds) - KEPT
    gone = connection.execute(delete(_rt).where(_rt.c.expires_at < before)).rowcount
    gone += connection.execute(delete(_a).where(_a.c.id < id_floor(oldest), _a.c.created_at < oldest)).rowcount
    of_clients = _a.c.person_id.is_(None)  # one a minute, without a refresh token: dead in eleven
    dead = clock.now() - timedelta(seconds=current_settings().access_token_seconds) - SKEW
    gone += connection.execute(delete(_a).where(of_clients, _a.c.id < id_floor(dead), _a.c.created_at < dead)).rowcount
    gone += device_authorizations.forget_expired(connection) + spent_identifiers.forget_expired(connection)
    return gone + pushed_requests.forget_old(connection) + key_rotation.remove_dead(connection)
