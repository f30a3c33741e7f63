"""Passwords of the demo directory: salted and hashed the way LDAP directories keep them (fast on purpose: the people are invented)."""

import base64
import binascii
import hashlib
import hmac
import os

SALT_BYTES = 8
SCHEMES = {b"{SSHA256}": (hashlib.sha256, 32), b"{SSHA}": (hashlib.sha1, 20)}


def protect(password: bytes, salt: bytes | None = None) -> bytes:
    """A password as it is stored; one that is stored already stays."""
    if password.startswith(tuple(SCHEMES)):
        return password
    salt = salt or os.urandom(SALT_BYTES)
    return b"{SSHA256}" + base64.b64encode(hashlib.sha256(password + salt).digest() + salt)


def is_right(password: bytes, stored: bytes) -> bool:
    """Whether the password is the one stored."""
    scheme, closing, encoded = stored.partition(b"}")
    known = SCHEMES.get(scheme + closing)
    if known is None:
        return False
    algorithm, length = known
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    return hmac.compare_digest(algorithm(password + raw[length:]).digest(), raw[:length])
