"""Sealing of secrets at rest: AES-256-GCM with a key id, bound to the place where the secret is kept."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp.at_hand import this_application

NONCE_BYTES = 12
KEY_BYTES = 32
KEY_ID_BYTES = 1


class SealBroken(Exception):
    """The sealed value was changed, moved to another place, or sealed by a key that is not here."""


class SealingKeys:
    """The keys of one installation: the first seals, all of them open.

    Written as `1:<base64 of 32 bytes>,2:…`: the number (1–255) is the key id kept in front of each sealed value, so that keys
    can be rotated without touching what is stored.
    """

    def __init__(self, written: str) -> None:
        self._ciphers: dict[int, AESGCM] = {}
        for part in written.split(","):
            number, _, encoded = part.strip().partition(":")
            try:
                key, key_id = base64.b64decode(encoded, validate=True), int(number)
            except (ValueError, binascii.Error):
                raise ValueError("each sealing key is written as NUMBER:BASE64") from None
            if len(key) != KEY_BYTES or not 0 < key_id < 256 or key_id in self._ciphers:
                raise ValueError("a sealing key has a number from 1 to 255, used once, and 32 bytes in base64")
            if not self._ciphers:
                self._first_key = key
            self._ciphers[key_id] = AESGCM(key)
        self._sealing_id = next(iter(self._ciphers))

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Seal `plaintext` for the place named by `context` (table, column and row key, or a purpose)."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._sealing_id].encrypt(nonce, plaintext, context.encode())
        return bytes([self._sealing_id]) + nonce + sealed

    def derive_key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, from the first key (HKDF, RFC 5869): for keyed digests. Changes when that key is replaced."""
        return HKDF(hashes.SHA256(), KEY_BYTES, None, b"hopnhat " + purpose.encode()).derive(self._first_key)

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plaintext of a value sealed for the same `context`. Raises SealBroken."""
        cipher = self._ciphers.get(sealed[0]) if sealed else None
        if cipher is None:
            raise SealBroken("sealed by an unknown key")
        nonce, body = sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES], sealed[KEY_ID_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken("changed or moved") from None

    def seal_text(self, plaintext: bytes, context: str) -> str:
        """As `seal`, in URL-safe base64 without padding, for a URL or a form field."""
        return base64.urlsafe_b64encode(self.seal(plaintext, context)).rstrip(b"=").decode()

    def open_text(self, sealed: str, context: str) -> bytes:
        """As `open`, of what `seal_text` made. Raises SealBroken."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raise SealBroken("not base64") from None
        return self.open(raw, context)


def new_key(number: int = 1) -> str:
    """A fresh sealing key in its written form."""
    return f"{number}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def current_keys() -> SealingKeys:
    """The keys of the running application."""
    keys: SealingKeys = this_application().extensions["hopnhat.sealing_keys"]
    return keys
