"""The two codes of a device: a long one that it keeps, a short one that a person types (RFC 8628 §6.1)."""

import hashlib
import hmac
import re
import secrets
import unicodedata

from idp.opaque_tokens import Secret
from idp.sealing import current_keys

# No vowels, so that no word comes about; 20 letters eight times over: 34 bits, for ten minutes and a few tries.
LETTERS, LENGTH, HALF = "BCDFGHJKLMNPQRSTVWXZ", 8, 4
LONGEST_TYPED = 64
_NOISE = re.compile(r"[\s\-\u2010-\u2015._]")


def new_user_code() -> Secret:
    """A short code, as the device shows it: `BCDF-GHJK`."""
    return shown("".join(secrets.choice(LETTERS) for _ in range(LENGTH)))


def shown(letters: str) -> Secret:
    """The letters as people read them."""
    return Secret(f"{letters[:HALF]}-{letters[HALF:]}")


def read_user_code(typed: str) -> Secret | None:
    """The code that somebody typed, in its shown form, whatever the case and the separators; None when it cannot be one."""
    if len(typed) > LONGEST_TYPED:
        return None
    letters = _NOISE.sub("", unicodedata.normalize("NFKC", typed)).upper()
    return shown(letters) if len(letters) == LENGTH and set(letters) <= set(LETTERS) else None


def user_code_digest(user_code: str) -> bytes:
    """What is kept of it: keyed, since all short codes could be tried against a plain digest."""
    return hmac.digest(current_keys().derive_key("device user codes"), user_code.encode(), hashlib.sha256)
