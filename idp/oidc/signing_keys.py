"""The keys that sign tokens: created on first need, published before use, kept until the last token they signed has died.

A private key is imported once per process: that costs 40 ms, a signature 0.3 ms.
"""

import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import current_app
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError

from idp import audit, clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.oidc.models import SigningKey
from idp.sealing import current_keys
from idp.settings import current_settings

ALGORITHMS = ("RS256", "ES256")
FRESH_SECONDS = 10.0  # a key made elsewhere is published after this at the latest
PUBLISHED_BEFORE_USE = timedelta(hours=1)  # longer than anybody may cache the JWKS
HINT_KEPT = timedelta(days=30)  # an expired ID token is still a hint at sign-out: its key verifies, though it is not published
CLOCK_SKEW = timedelta(minutes=2)

Key = RSAKey | ECKey


@dataclass(frozen=True)
class LoadedKey:
    """A signing key with its private half in memory."""

    kid: str
    alg: str
    active_from: datetime
    retired_at: datetime | None
    public_jwk: dict[str, Any]
    key: Key

    def signs_at(self, instant: datetime) -> bool:
        """Whether it may sign at this instant."""
        return self.active_from <= instant and (self.retired_at is None or instant < self.retired_at)

    def is_published_at(self, instant: datetime) -> bool:
        """Whether clients find it in the JWKS: from creation until the last token it signed has died."""
        longest = timedelta(seconds=current_settings().id_token_seconds) + CLOCK_SKEW
        return self.retired_at is None or instant < self.retired_at + longest


@dataclass
class _Ring:
    """What this process knows of the keys, and since when (monotonic seconds)."""

    read_at: float
    keys: tuple[LoadedKey, ...]


_t = table_of(SigningKey)
_all = select(_t).where(_t.c.removed_at.is_(None)).order_by(_t.c.active_from.desc(), _t.c.id)
_retire = update(_t).where(_t.c.id == bindparam("kid"), _t.c.retired_at.is_(None)).values(retired_at=bindparam("at"))
_signing_now = _all.where(
    _t.c.alg == bindparam("wanted"),
    _t.c.active_from <= bindparam("now"),
    _t.c.retired_at.is_(None) | (_t.c.retired_at > bindparam("now")),
).limit(1)
_reading, _creating = threading.Lock(), threading.Lock()


def sign(alg: str, typ: str, claims: dict[str, Any]) -> str:
    """A signed JWT (RFC 7519) of these claims with the present key of this algorithm."""
    loaded = require_signing_key(alg)
    return jwt.encode({"alg": alg, "typ": typ, "kid": loaded.kid}, claims, loaded.key, algorithms=[alg])


def require_signing_key(alg: str) -> LoadedKey:
    """The key that signs now; the newest active one. The first need of an algorithm creates its first key."""
    found = _find_signing_key(alg, keys())
    if found is None:
        with _creating:  # making one takes a while; the threads that wait find it made
            in_transaction(lambda connection: create_first(connection, alg))
            found = _find_signing_key(alg, keys(anew=True))
    assert found is not None
    return found


def _find_signing_key(alg: str, known: tuple[LoadedKey, ...]) -> LoadedKey | None:
    now = clock.now()
    return next((loaded for loaded in known if loaded.alg == alg and loaded.signs_at(now)), None)


def verification_keys() -> KeySet:
    """Every key whose signature we still recognise, retired ones as well."""
    return KeySet([loaded.key for loaded in keys()])


def published_jwks() -> dict[str, Any]:
    """The public keys, as clients get them (RFC 7517 §5); there is one of each algorithm from the first look on."""
    for alg in ALGORITHMS:
        require_signing_key(alg)
    now = clock.now()
    published = [loaded for loaded in keys() if loaded.is_published_at(now)]
    return {"keys": [loaded.public_jwk for loaded in sorted(published, key=lambda loaded: ALGORITHMS.index(loaded.alg))]}


def keys(*, anew: bool = False) -> tuple[LoadedKey, ...]:
    """All keys, newest first, as this process remembers them; read again every 10 s, or `anew`.

    While the database is away the remembered ones go on: discovery and JWKS promise to.
    """
    ring = cast("_Ring | None", current_app.extensions.get("hopnhat.signing_keys"))
    if ring is not None and not anew and time.monotonic() - ring.read_at < FRESH_SECONDS:
        return ring.keys
    try:
        rows = reader().execute(_all).all()
    except DBAPIError:
        if ring is None:
            raise
        ring.read_at = time.monotonic()
        return ring.keys
    with _reading:
        known = {loaded.kid: loaded for loaded in ring.keys} if ring else {}
        loaded = tuple(_loaded(row, known) for row in rows)
        current_app.extensions["hopnhat.signing_keys"] = _Ring(time.monotonic(), loaded)
    return loaded


def _loaded(row: Any, known: dict[str, LoadedKey]) -> LoadedKey:
    if row.id in known:
        key = known[row.id].key
    else:
        pem = current_keys().open(row.sealed_private_key, _context(row.id))
        key = _import(row.alg, pem, row.id)
    return LoadedKey(row.id, row.alg, row.active_from, row.retired_at, row.public_jwk, key)


def _context(kid: str) -> str:
    return f"signing_key.sealed_private_key:{kid}"


def _import(alg: str, pem: bytes, kid: str) -> Key:
    parameters: KeyParameters = {"kid": kid, "alg": alg, "use": "sig"}
    return RSAKey.import_key(pem, parameters) if alg == "RS256" else ECKey.import_key(pem, parameters)


def _generate(alg: str) -> bytes:
    private = rsa.generate_private_key(65537, 2048) if alg == "RS256" else ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def create_first(connection: Connection, alg: str) -> str:
    """The `kid` of the key that signs now; made when there is none. Two processes that both need it make two: both are valid."""
    found = connection.execute(_signing_now, {"wanted": alg, "now": clock.now()}).first()
    return found.id if found is not None else create(connection, alg, active_from=clock.now(), actor="system:first_need")


def create(connection: Connection, alg: str, *, active_from: datetime, actor: str) -> str:
    """Make a key that signs from an instant on and is published at once; return its `kid`."""
    if alg not in ALGORITHMS:
        raise ValueError(f"no keys of {alg}")
    kid, pem = new_id().hex, _generate(alg)
    public = json.loads(json.dumps(_import(alg, pem, kid).as_dict(private=False)))
    row = {
        "id": kid,
        "alg": alg,
        "sealed_private_key": current_keys().seal(pem, _context(kid)),
        "public_jwk": public,
        "created_at": clock.now(),
        "active_from": active_from,
    }
    connection.execute(insert(SigningKey), row)
    audit.record(connection, audit.Event.SIGNING_KEY_CREATED, actor=actor, kid=kid, alg=alg, active_from=active_from.isoformat())
    current_app.extensions.pop("hopnhat.signing_keys", None)
    return kid


def rotate(connection: Connection, alg: str, *, actor: str) -> str:
    """Make the next key of an algorithm and publish it; it signs in an hour, and its predecessors retire then. Returns its `kid`."""
    starts = clock.now() + PUBLISHED_BEFORE_USE
    before = [row.id for row in connection.execute(_all) if row.alg == alg and row.retired_at is None]
    kid = create(connection, alg, active_from=starts, actor=actor)
    for older in before:
        _retire_at(connection, older, starts, actor)
    return kid


def retire(connection: Connection, kid: str, *, actor: str) -> bool:
    """Sign no more with this key from now on: it is lost or suspected. Return whether this call did it.

    When it was the only one, the next signature makes a new key at once, and clients fetch it when they meet its `kid`.
    """
    return _retire_at(connection, kid, clock.now(), actor)


def _retire_at(connection: Connection, kid: str, instant: datetime, actor: str) -> bool:
    done = connection.execute(_retire, {"kid": kid, "at": instant}).rowcount == 1
    if done:
        audit.record(connection, audit.Event.SIGNING_KEY_RETIRED, actor=actor, kid=kid, retired_at=instant.isoformat())
    current_app.extensions.pop("hopnhat.signing_keys", None)
    return done


def remove_dead(connection: Connection) -> int:
    """Forget private keys whose tokens can no longer be shown even as a hint: 30 days after they retired. Return how many."""
    dead = update(_t).where(_t.c.retired_at <= clock.now() - HINT_KEPT, _t.c.removed_at.is_(None))
    return connection.execute(dead.values(removed_at=clock.now(), sealed_private_key=b"")).rowcount
