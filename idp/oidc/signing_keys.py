"""The keys that sign tokens, as a process knows them: it signs with the newest active one and shows clients those that may verify.

A private key is imported once per process: that costs 40 ms, a signature 0.3 ms.
"""

import json
import threading
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from idp import clock
from idp.at_hand import this_application
from idp.database import in_transaction, reader, table_of
from idp.oidc.key_material import ALGORITHMS, ENCRYPTING, KINDS, SIGNING_NAMES, Key, family, import_key
from idp.oidc.key_rotation import RING, ensure_signer, sealing_context
from idp.oidc.models import SigningKey
from idp.sealing import current_keys
from idp.settings import current_settings

FRESH_SECONDS = 1.0  # a key made or withdrawn elsewhere is seen after this at the latest
CLOCK_SKEW = timedelta(minutes=2)


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
        """Whether clients find it in the JWKS: from creation until the last token it signed has died, or nobody is to encrypt to it."""
        if self.alg in ENCRYPTING:
            return self.retired_at is None or instant < self.retired_at
        settings = current_settings()
        longest = timedelta(seconds=max(settings.id_token_seconds, settings.access_token_seconds)) + CLOCK_SKEW
        return self.retired_at is None or instant < self.retired_at + longest


@dataclass
class _Ring:
    """What this process knows of the keys, and since when (monotonic seconds)."""

    read_at: float
    keys: tuple[LoadedKey, ...]


_t = table_of(SigningKey)
_all = select(_t).where(_t.c.removed_at.is_(None)).order_by(_t.c.active_from.desc(), _t.c.id)
_algorithms = JWSRegistry(algorithms=list(SIGNING_NAMES))
_compact = json.JSONEncoder(separators=(",", ":")).encode
_reading, _creating = threading.Lock(), threading.Lock()


def sign(alg: str, typ: str, claims: dict[str, Any]) -> str:
    """A signed JWT (RFC 7519) of these claims with the present key of this algorithm."""
    loaded = require_signing_key(alg)
    signed = _header(alg, typ, loaded.kid) + b"." + _encoded_json(claims)
    # Two parts in base64url and a dot (RFC 7515 §3.1). To be asked whether our own header is in order would cost a quarter of a signature.
    return (signed + b"." + _encoded(_algorithms.get_alg(alg).sign(signed, loaded.key))).decode()


@lru_cache(maxsize=100)
def _header(alg: str, typ: str, kid: str) -> bytes:
    return _encoded_json({"alg": alg, "typ": typ, "kid": kid})


def _encoded_json(part: dict[str, Any]) -> bytes:
    return _encoded(_compact(part).encode())


def _encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


def require_signing_key(alg: str) -> LoadedKey:
    """The key that signs now; the newest active one. `db upgrade` makes the first ones; should one be missing, it is made here."""
    kind = family(alg)
    found = _find_signing_key(kind, keys())
    if found is None:
        with _creating:  # making one takes a while; the threads that wait find it made
            in_transaction(lambda connection: ensure_signer(connection, kind, actor="system:first_need"))
            found = _find_signing_key(kind, keys(anew=True))
    assert found is not None
    return found


def _find_signing_key(alg: str, known: tuple[LoadedKey, ...]) -> LoadedKey | None:
    now = clock.now()
    return next((loaded for loaded in known if loaded.alg == alg and loaded.signs_at(now)), None)


def verification_keys() -> KeySet:
    """Every key whose signature we still recognise, retired ones as well."""
    return KeySet([loaded.key for loaded in keys() if loaded.alg not in ENCRYPTING])


class NotOurs(Exception):
    """Not a JWT that a key of ours has signed."""


def read_own(written: str) -> jwt.Token:
    """A JWT that this provider has signed, by a key that is still recognised, retired ones as well. What it is meant for and whether it
    has expired is for the caller to judge, who limits its length too. Raises NotOurs."""
    try:
        return jwt.decode(written, verification_keys(), algorithms=list(SIGNING_NAMES))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise NotOurs from None


def published_jwks() -> dict[str, Any]:
    """The public keys, as clients get them (RFC 7517 §5), one of each algorithm at least. Read from the database each time: who
    asks has perhaps just met the `kid` of a key that another process made."""
    known = keys(anew=True)
    missing = [alg for alg in KINDS if _find_signing_key(alg, known) is None]
    for alg in missing:
        require_signing_key(alg)
    now = clock.now()
    published = [loaded for loaded in (keys(anew=True) if missing else known) if loaded.is_published_at(now)]
    return {"keys": [loaded.public_jwk for loaded in sorted(published, key=lambda loaded: KINDS.index(loaded.alg))]}


def keys(*, anew: bool = False) -> tuple[LoadedKey, ...]:
    """All keys, newest first, as this process remembers them; read again every second, or `anew`.

    While the database is away the remembered ones go on: discovery and JWKS promise to.
    """
    known_here = this_application().extensions
    ring: _Ring | None = known_here.get(RING)
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
        known_here[RING] = _Ring(time.monotonic(), loaded)
    return loaded


def _loaded(row: Any, known: dict[str, LoadedKey]) -> LoadedKey:
    if row.id in known:
        key = known[row.id].key
    else:
        key = import_key(row.alg, current_keys().open(row.sealed_private_key, sealing_context(row.id)), row.id)
    return LoadedKey(row.id, row.alg, row.active_from, row.retired_at, row.public_jwk, key)


__all__ = [
    "ALGORITHMS",
    "SIGNING_NAMES",
    "LoadedKey",
    "NotOurs",
    "keys",
    "published_jwks",
    "read_own",
    "require_signing_key",
    "sign",
    "verification_keys",
]
