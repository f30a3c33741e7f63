"""The life of a signing key: made, published before use, replaced every 90 days, kept until its last token died, or withdrawn."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Connection, bindparam, func, insert, select, update

from idp import audit, clock
from idp.database import new_id, table_of
from idp.oidc.key_material import KINDS, generate, import_key, public_jwk
from idp.oidc.models import SigningKey
from idp.sealing import current_keys
from idp.settings import current_settings

PUBLISHED_BEFORE_USE = timedelta(hours=1)  # longer than anybody may cache the JWKS
HINT_KEPT = timedelta(days=30)  # an expired ID token is still a hint at sign-out: its key verifies, though it is not published
RING = "hopnhat.signing_keys"  # where a process remembers the keys

_t = table_of(SigningKey)
_in_use = (
    select(_t.c.id, _t.c.alg, _t.c.active_from, _t.c.retired_at)
    .where(_t.c.alg == bindparam("wanted"), _t.c.removed_at.is_(None), _t.c.retired_at.is_(None) | (_t.c.retired_at > bindparam("now")))
    .order_by(_t.c.active_from)
)
_retire = update(_t).where(_t.c.id == bindparam("kid"), _t.c.retired_at.is_(None)).values(retired_at=bindparam("at")).returning(_t.c.alg)
_stop = (
    update(_t)
    .where(_t.c.id == bindparam("kid"), _t.c.removed_at.is_(None), _t.c.retired_at.is_(None) | (_t.c.retired_at > bindparam("at")))
    .values(retired_at=bindparam("at"))
    .returning(_t.c.alg)
)
_withdraw = (
    update(_t)
    .where(_t.c.id == bindparam("kid"), _t.c.removed_at.is_(None))
    .values(retired_at=func.coalesce(_t.c.retired_at, bindparam("at", type_=_t.c.retired_at.type)), removed_at=bindparam("at"))
    .values(sealed_private_key=b"")
    .returning(_t.c.alg)
)
_keep_on = update(_t).where(_t.c.id == bindparam("kid")).values(retired_at=None)
_start = update(_t).where(_t.c.id == bindparam("kid")).values(active_from=bindparam("at"))


def create(connection: Connection, alg: str, *, active_from: datetime, actor: str) -> str:
    """Make a key that signs from an instant on and is published at once; return its `kid`."""
    kid, pem = new_id().hex, generate(alg)
    row = {
        "id": kid,
        "alg": alg,
        "sealed_private_key": current_keys().seal(pem, sealing_context(kid)),
        "public_jwk": public_jwk(import_key(alg, pem, kid)),
        "created_at": clock.now(),
        "active_from": active_from,
    }
    connection.execute(insert(SigningKey), row)
    audit.record(connection, audit.Event.SIGNING_KEY_CREATED, actor=actor, kid=kid, alg=alg, active_from=active_from.isoformat())
    _read_anew()
    return kid


def sealing_context(kid: str) -> str:
    """Where a private key is sealed for."""
    return f"signing_key.sealed_private_key:{kid}"


def ensure_signer(connection: Connection, alg: str, *, actor: str) -> str:
    """The `kid` of the key of this algorithm that signs now. When none does, the one already published begins at once; when there
    is none either, one is made. Two processes that both need it make two: both are valid."""
    now = clock.now()
    known = connection.execute(_in_use, {"wanted": alg, "now": now}).all()
    signing = [row.id for row in known if row.active_from <= now]
    if signing:
        return str(signing[-1])
    if known:
        connection.execute(_start, {"kid": known[0].id, "at": now})
        _read_anew()
        return str(known[0].id)
    return create(connection, alg, active_from=now, actor=actor)


def _succeed(connection: Connection, alg: str, actor: str) -> None:
    """A key of this algorithm has gone: another one signs now, and one without an end is there for the time after. When it was the
    successor that has gone, the one that was to retire in its favour stays."""
    ensure_signer(connection, alg, actor=actor)
    known = connection.execute(_in_use, {"wanted": alg, "now": clock.now()}).all()
    if all(row.retired_at is not None for row in known):
        connection.execute(_keep_on, {"kid": known[-1].id})
        _read_anew()


def create_missing(connection: Connection) -> None:
    """One key of each algorithm, those that open what is encrypted to us as well, so that no request waits for the making of one."""
    for alg in KINDS:
        ensure_signer(connection, alg, actor="system:first_need")


def rotate(connection: Connection, alg: str, *, actor: str) -> str:
    """Make the next key of an algorithm and publish it; it signs in an hour, and its predecessors retire then. Returns its `kid`."""
    ensure_signer(connection, alg, actor=actor)  # the hour until then must be signed by somebody
    starts = clock.now() + PUBLISHED_BEFORE_USE
    before = [row.id for row in connection.execute(_in_use, {"wanted": alg, "now": clock.now()}) if row.retired_at is None]
    kid = create(connection, alg, active_from=starts, actor=actor)
    for older in before:
        connection.execute(_retire, {"kid": older, "at": starts})
        _record(connection, audit.Event.SIGNING_KEY_RETIRED, older, actor, retired_at=starts.isoformat())
    return kid


def rotate_due(connection: Connection) -> list[str]:
    """Rotate each algorithm whose newest key is older than the setting says; return the new `kid`s. For the worker."""
    days, now = current_settings().signing_key_days, clock.now()
    create_missing(connection)
    if not days:
        return []
    made = []
    for alg in KINDS:
        newest = max(row.active_from for row in connection.execute(_in_use, {"wanted": alg, "now": now}))
        if newest <= now - timedelta(days=days):
            made.append(rotate(connection, alg, actor="system:signing_keys"))
    return made


def retire(connection: Connection, kid: str, *, actor: str) -> bool:
    """Sign no more with this key from now on; its successor takes over at once. What it signed is accepted until it expires. Return
    whether this call did it."""
    now = clock.now()
    alg = connection.execute(_stop, {"kid": kid, "at": now}).scalar()
    if alg is None:
        return False
    _record(connection, audit.Event.SIGNING_KEY_RETIRED, kid, actor, retired_at=now.isoformat())
    _succeed(connection, alg, actor)
    return True


def withdraw(connection: Connection, kid: str, *, actor: str) -> bool:
    """This key is in wrong hands: it leaves the JWKS at once, nothing it signed is accepted here any more, and its private half is
    deleted. Return whether this call did it."""
    now = clock.now()
    alg = connection.execute(_withdraw, {"kid": kid, "at": now}).scalar()
    if alg is None:
        return False
    _record(connection, audit.Event.SIGNING_KEY_WITHDRAWN, kid, actor)
    _succeed(connection, alg, actor)
    return True


def remove_dead(connection: Connection) -> int:
    """Forget private keys whose tokens can no longer be shown even as a hint: 30 days after they retired. Return how many."""
    dead = update(_t).where(_t.c.retired_at <= clock.now() - HINT_KEPT, _t.c.removed_at.is_(None))
    return connection.execute(dead.values(removed_at=clock.now(), sealed_private_key=b"")).rowcount


def _record(connection: Connection, event: audit.Event, kid: str, actor: str, **detail: Any) -> None:
    audit.record(connection, event, actor=actor, kid=kid, **detail)
    _read_anew()


def _read_anew() -> None:
    current_app.extensions.pop(RING, None)
