"""The keys that sign for SAML applications. These keep our certificate for years, so a key is prepared, announced, used, then retired."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update

from clients.saml_models import SamlSigningKey
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.sealing import current_keys
from idp.settings import current_settings

BITS, YEARS = 3072, 10
_k = table_of(SamlSigningKey)
_published = select(_k).where(_k.c.retired_at.is_(None)).order_by(_k.c.used_from.desc(), _k.c.created_at)
_one = select(_k).where(_k.c.id == bindparam("key"), _k.c.retired_at.is_(None))
_use = update(_k).where(_k.c.id == bindparam("key"), _k.c.retired_at.is_(None))


@dataclass(frozen=True)
class LoadedKey:
    """A private key and its certificate in PEM."""

    id: uuid.UUID
    certificate: str
    private_key: rsa.RSAPrivateKey = field(repr=False)


def prepare_key(connection: Connection, *, actor: str) -> uuid.UUID:
    """A new key, announced in our metadata and not yet used, unless it is the first."""
    key_id, now = new_id(), clock.now()
    private = rsa.generate_private_key(65537, BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hop Nhat SAML")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365 * YEARS)).sign(private, hashes.SHA256())
    )  # fmt: skip
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    is_first = connection.execute(select(_k.c.id).where(_k.c.used_from.is_not(None), _k.c.retired_at.is_(None))).first() is None
    row = {
        "id": key_id, "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(), "created_at": now,
        "sealed_private_key": current_keys().seal(pem, _context(key_id)), "used_from": now if is_first else None, "retired_at": None,
    }  # fmt: skip
    connection.execute(insert(_k), row)
    audit.record(connection, audit.Event.SAML_KEY_PREPARED, actor=actor, key=str(key_id))
    return key_id


def use_key(connection: Connection, key_id: uuid.UUID, *, actor: str) -> None:
    """Sign by this key from now on. Raises NotFound."""
    if connection.execute(_use.returning(_k.c.id), {"key": key_id, "used_from": clock.now()}).first() is None:
        raise NotFound(_("Không có khóa này, hoặc đã thôi dùng."), reason="saml_key_unknown")
    audit.record(connection, audit.Event.SAML_KEY_USED, actor=actor, key=str(key_id))


def retire_key(connection: Connection, key_id: uuid.UUID, *, actor: str) -> None:
    """Announce this key no more. Raises NotFound, or Refusal for the one that signs."""
    signing = next((row for row in published_keys(connection) if row.used_from is not None), None)
    if signing is not None and signing.id == key_id:
        raise Refusal(_("Khóa này đang ký; chuyển sang khóa khác trước."), reason="saml_key_in_use")
    if connection.execute(_use.returning(_k.c.id), {"key": key_id, "retired_at": clock.now()}).first() is None:
        raise NotFound(_("Không có khóa này, hoặc đã thôi dùng."), reason="saml_key_unknown")
    audit.record(connection, audit.Event.SAML_KEY_RETIRED, actor=actor, key=str(key_id))


def published_keys(connection: Connection) -> Sequence[Any]:
    """The keys in our metadata, the one that signs first, those that are only announced last."""
    rows = connection.execute(_published).all()
    return [row for row in rows if row.used_from is not None] + [row for row in rows if row.used_from is None]


def signing_key(connection: Connection) -> LoadedKey:
    """The key that signs. Raises Refusal when there is none."""
    row = next((row for row in published_keys(connection) if row.used_from is not None), None)
    if row is None:
        raise Refusal(_("Chưa có khóa ký cho SAML."), reason="saml_key_missing")
    return _loaded(current_settings().issuer, row.id, row.certificate, row.sealed_private_key)


@lru_cache(maxsize=8)
def _loaded(_installation: str, key_id: uuid.UUID, certificate: str, sealed: bytes) -> LoadedKey:
    pem = current_keys().open(sealed, _context(key_id))
    return LoadedKey(key_id, certificate, cast("rsa.RSAPrivateKey", serialization.load_pem_private_key(pem, None)))


def _context(key_id: uuid.UUID) -> str:
    return f"saml_signing_key.sealed_private_key:{key_id}"
