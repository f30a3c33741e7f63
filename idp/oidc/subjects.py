"""Subjects: the `sub` by which one client knows a person; for some the same as everybody's, for some its own (OpenID Connect Core §8.1).

A pairwise subject is a keyed digest of sector and person. Its key is made once for the installation and never replaced, or every
application would meet strangers one morning; at rest it is sealed.
"""

import hashlib
import hmac
import os
import uuid
from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from clients.registry import RegisteredClient
from idp import clock
from idp.database import db, in_transaction, reader, table_of
from idp.oidc.models import InstallationSecret
from idp.sealing import SealBroken, current_keys
from idp.settings import LOOPBACK_HOSTS, current_settings

PAIRWISE, NAME, KEY_BYTES = "pairwise", "pairwise_subjects", 32
SUBJECT_TYPES = ("public", PAIRWISE)
REMEMBERED = "hopnhat.pairwise_key"
_t = table_of(InstallationSecret)
_find = select(_t.c.sealed_value).where(_t.c.name == bindparam("wanted"))
_keep = {"sqlite": sqlite.insert(_t).on_conflict_do_nothing(), "postgresql": postgresql.insert(_t).on_conflict_do_nothing()}


def subject_for(client: RegisteredClient, public_subject: str) -> str:
    """The `sub` of this person for this client. Its first use for any pairwise client writes: not inside a transaction."""
    if client.metadata.subject_type != PAIRWISE:
        return public_subject
    return _digest(client, public_subject)


def session_for(client: RegisteredClient, session_id: uuid.UUID | str) -> str:
    """The `sid` of a session for this client: whoever must not recognise a person by `sub` must not by that either."""
    return str(session_id) if client.metadata.subject_type != PAIRWISE else _digest(client, f"sid\0{session_id}")


def may_share_hints(one: RegisteredClient, other: RegisteredClient) -> bool:
    """Whether it gives nothing away to take what one client knows of a person for the other: they are of one owner, or call everybody
    the same."""
    return PAIRWISE not in (one.metadata.subject_type, other.metadata.subject_type) or sector_of(one) == sector_of(other)


def _digest(client: RegisteredClient, of: str) -> str:
    return hmac.digest(_key(), f"{sector_of(client)}\0{of}".encode(), hashlib.sha256)[:16].hex()


def sector_of(client: RegisteredClient) -> str:
    """The host that several clients of one owner share, and with it their subjects (Core §8.1): that of the `sector_identifier_uri`,
    else of the redirect URIs, which then have one host only. Every native application has the host of loopback, and is alone."""
    if client.metadata.sector_identifier_uri is not None:
        return urlsplit(client.metadata.sector_identifier_uri).hostname or client.client_id
    redirect_uri = min(client.redirect_uris, default="")
    if redirect_uri.startswith(f"{current_settings().issuer}/saml/"):  # our own address: of every application that speaks SAML
        return client.client_id
    host = urlsplit(redirect_uri).hostname
    return client.client_id if host is None or host in LOOPBACK_HOSTS else host


def ensure_key() -> None:
    """Make the key of pairwise subjects when there is none yet."""
    if reader().execute(_find, {"wanted": NAME}).first() is None:
        sealed = current_keys().seal(os.urandom(KEY_BYTES), _context())
        row = {"name": NAME, "sealed_value": sealed, "created_at": clock.now()}
        in_transaction(lambda connection: connection.execute(_keep[db.engine.dialect.name], row))


def is_readable() -> bool:
    """Whether the key of pairwise subjects can be opened, if there is one yet."""
    kept = reader().execute(_find, {"wanted": NAME}).scalar()
    try:
        return kept is None or bool(current_keys().open(kept, _context()))
    except SealBroken:
        return False


def _key() -> bytes:
    key = cast("bytes | None", current_app.extensions.get(REMEMBERED))
    if key is None:
        ensure_key()
        key = current_keys().open(reader().execute(_find, {"wanted": NAME}).scalar_one(), _context())
        current_app.extensions[REMEMBERED] = key
    return key


def _context() -> str:
    return f"installation_secret.sealed_value:{NAME}"
