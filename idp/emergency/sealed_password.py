"""The password in the envelope: drawn by lot, long, and written so that a hurried person can type it from paper on any keyboard.

No vowels, no D and no W: with a Vietnamese input method switched on (Telex, VNI) nothing of it is turned into another letter. No 0, O, 1,
I, 5, S, 2, Z taken for each other. Two of its signs check the others, so that a slip of the finger is told from a wrong password.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from idp.opaque_tokens import Secret

ALPHABET = "BCFGHJKLMNPQRTVX2346789"  # 23 signs, a prime: every single slip and every swap of neighbours shows
DRAWN, CHECKS, GROUP = 30, 2, 4  # 135 bits, and 8 groups of 4
SELECTS = 12  # the first 3 groups, 54 bits: they tell which envelope is meant, and leave 81 bits to be guessed behind a slow hash
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, type=Type.ID)  # RFC 9106 §4, second choice; rarely asked


@dataclass(frozen=True)
class Sealed:
    """A password just drawn, in groups as it is printed, and what stays: the hash, and by what the envelope is found."""

    password: Secret
    hash: str
    selector: bytes


def draw() -> Sealed:
    """A new one. 100 ms of work, to be done before the transaction that keeps it."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(DRAWN))
    whole = drawn + _checks(drawn)
    groups = "-".join(whole[at : at + GROUP] for at in range(0, len(whole), GROUP))
    return Sealed(Secret(groups), _hasher.hash(whole), selector_of(whole))


def plain(typed: str) -> str | None:
    """The signs that were meant, without regard to case, dashes and blanks; None when it cannot be one of ours: a slip of the finger."""
    text = unicodedata.normalize("NFKC", typed[:200]).upper()
    signs = "".join(sign for sign in text if sign.isalnum())
    if len(signs) != DRAWN + CHECKS or any(sign not in ALPHABET for sign in signs):
        return None
    return signs if _checks(signs[:DRAWN]) == signs[DRAWN:] else None


def selector_of(signs: str) -> bytes:
    """By what an envelope is found before anything slow is done: nobody without its paper comes upon it."""
    return hashlib.sha256(b"hopnhat sealed password\0" + signs[:SELECTS].encode()).digest()


def is_in(kept_hash: str, signs: str) -> bool:
    """Whether this is the password. Slow on purpose: not to be done inside a transaction."""
    try:
        return _hasher.verify(kept_hash, signs)
    except VerificationError:
        return False


def _checks(drawn: str) -> str:
    values = [ALPHABET.index(sign) for sign in drawn]
    size = len(ALPHABET)
    weighed = sum(value * (at % (size - 1) + 1) for at, value in enumerate(values))
    return ALPHABET[sum(values) % size] + ALPHABET[weighed % size]
