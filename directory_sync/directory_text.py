"""Text as directories hold it, made fit to be kept: NFC, single blanks, nothing invisible; and what was wrong with it."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

# Control characters, and marks that show nothing or turn the reading direction: a name must read as it is written.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


class Flaw(StrEnum):
    """What can be wrong with an entry. Only one without a usable key is left out; each is told, so that it can be put right at its source."""

    DECOMPOSED_TEXT = "decomposed_text"
    STRAY_BLANKS = "stray_blanks"
    UNREADABLE_TEXT = "unreadable_text"
    TOO_LONG = "too_long"
    NO_NAME = "no_name"
    NO_USERNAME = "no_username"
    UNUSABLE_USERNAME = "unusable_username"
    NO_MAIL = "no_mail"
    SEVERAL_MAILS = "several_mails"
    NO_STAFF_CODE = "no_staff_code"
    NO_TITLE = "no_title"
    NO_UNIT = "no_unit"
    OTHER_UNIT = "other_unit"
    UNKNOWN_CATEGORY = "unknown_category"
    SHARED_STAFF_CODE = "shared_staff_code"
    SHARED_USERNAME = "shared_username"
    SHARED_MAIL = "shared_mail"
    NO_ENTRY_UUID = "no_entry_uuid"
    UNUSABLE_KEY = "unusable_key"


@lru_cache(maxsize=8192)
def tidy(raw: bytes) -> tuple[str | None, frozenset[Flaw]]:
    """One value as text, None when nothing is left of it, and what had to be put right. Cached: titles, categories and half of
    all names repeat, and are then kept once."""
    text, flaws = raw.decode("utf-8", "replace"), set()
    if "\ufffd" in text:
        flaws.add(Flaw.UNREADABLE_TEXT)
    if not unicodedata.is_normalized("NFC", text):
        flaws.add(Flaw.DECOMPOSED_TEXT)
        text = unicodedata.normalize("NFC", text)
    spaced = " ".join(text.split())
    if spaced != text:
        flaws.add(Flaw.STRAY_BLANKS)
    if not spaced.isprintable():
        flaws.add(Flaw.UNREADABLE_TEXT)
        spaced = " ".join(_INVISIBLE.sub("", spaced).split())
    return spaced or None, frozenset(flaws)


def clean(raw: bytes, flaws: set[Flaw]) -> str | None:
    """As `tidy`, adding what was wrong to `flaws`. Plain text, which usernames, numbers and addresses are, is not worth the cache."""
    if raw.isascii():
        text = raw.decode("ascii")
        if text.isprintable() and " " not in text:
            return text or None
    found, wrong = tidy(raw)
    if wrong:
        flaws |= wrong
    return found
