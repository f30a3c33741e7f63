"""Codes that are printed or read out: short enough to be typed, kept only as an Argon2id hash (NIST SP 800-63B-4 §3.1.2)."""

import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from idp.opaque_tokens import Secret

HALF = 4
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, O, 1 and I, which are taken for each other in print
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)  # OWASP's least memory: 25 ms each


@dataclass(frozen=True)
class NewCode:
    """A code just made, and the hash that stays when it has been shown."""

    code: Secret
    hash: str


def new_code() -> NewCode:
    """A fresh code, as it is printed: ABCD-2345. 25 ms of work, to be done before the transaction that keeps it."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(2 * HALF))
    return NewCode(Secret(f"{code[:HALF]}-{code[HALF:]}"), _hasher.hash(code))


def is_code_of(kept_hash: str, typed: str) -> bool:
    """Whether this is the code, without regard to case, dashes and blanks. Slow on purpose: not to be done inside a transaction."""
    code = _plain(typed)
    try:
        return bool(code) and _hasher.verify(kept_hash, code)
    except VerificationError:
        return False


def _plain(typed: str) -> str:
    """The letters that were meant; empty when it cannot be a code."""
    text = unicodedata.normalize("NFKC", typed[:64]).upper()
    code = "".join(character for character in text if character.isalnum())
    return code if len(code) == 2 * HALF and all(character in ALPHABET for character in code) else ""
