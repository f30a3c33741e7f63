"""Vietnamese names: how they are split, sorted, searched, and how a typed username is made comparable."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = {"\u0300": 2, "\u0309": 3, "\u0303": 4, "\u0301": 5, "\u0323": 6}  # huyền hỏi ngã sắc nặng; ngang is 1
LONGEST_USERNAME = 255
LONGEST_SEARCH_KEY = 600  # characters: PostgreSQL indexes no text of more than 2,704 bytes
_QUALITY_MARKS = frozenset("\u0306\u0302\u031b")  # breve, circumflex and horn make another letter, not another tone
_WORD_GAP, _END, _PUNCTUATION, _DIGITS, _LETTERS, _FOREIGN = 1, 0, 2, 3, 16, 0xFE
_RANK = {letter: _LETTERS + rank for rank, letter in enumerate(LETTERS)} | {str(digit): _DIGITS + digit for digit in range(10)}


_SPELT = {"a": "aăâ", "d": "dđ", "e": "eê", "o": "oôơ", "u": "uư"}


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its parts, as HR writes it: family, middle, given. A name of one word is a given name."""

    family: str | None
    middle: str | None
    given: str | None


def split_name(full_name: str) -> Name:
    """The parts of a full name, in NFC: the first word is the family name, the last the given name."""
    words = unicodedata.normalize("NFC", full_name).split()
    if len(words) < 2:
        return Name(None, None, words[0] if words else None)
    return Name(words[0], " ".join(words[1:-1]) or None, words[-1])


@lru_cache(maxsize=8192)
def _fold_word(word: str) -> str:
    plain = word.replace("đ", "d").replace("Đ", "D")
    if plain.isascii():
        return plain.lower()
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not "\u0300" <= c <= "\u036f").lower()


def fold(text: str) -> str:
    """Text without tones and marks, in lower case, its blanks collapsed: what is compared when people search."""
    return (
        text.lower() if text.isascii() and " " not in text and text.isprintable() else " ".join(filter(None, map(_fold_word, text.split())))
    )


def search_key(*texts: str | None) -> str:
    """What a search looks into: each text folded and, of several words, its initials (`nva`) and its last word before its
    first (`an nguyen`). A query is folded the same way and looked for as a part of this."""
    parts: list[str] = []
    for text in texts:
        folded = fold(text) if text else ""
        if " " in folded:
            words = folded.split(" ")
            parts += [folded, "".join([word[0] for word in words]), f"{words[-1]} {words[0]}"]
        elif folded and folded not in parts:
            parts.append(folded)
    return "\n".join(parts)[:LONGEST_SEARCH_KEY]


@lru_cache(maxsize=8192)
def _weigh_word(word: str) -> tuple[bytes, int]:
    """The letters of one word as they rank in the Vietnamese alphabet, and the word's tone."""
    letters, tone = bytearray(), 1
    for character in _clusters(unicodedata.normalize("NFD", word.lower())):
        base = unicodedata.normalize("NFC", character[0] + "".join(mark for mark in character[1:] if mark in _QUALITY_MARKS))
        tone = next((TONES[mark] for mark in character[1:] if mark in TONES), tone)
        if base in _RANK:
            letters.append(_RANK[base])
        elif character[0].isalpha():
            letters += bytes([_FOREIGN]) + ord(character[0]).to_bytes(3, "big")
        else:
            letters.append(_PUNCTUATION)
    return bytes(letters), tone


def _clusters(decomposed: str) -> list[str]:
    clusters: list[str] = []
    for character in decomposed:
        if clusters and "\u0300" <= character <= "\u036f":
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


@lru_cache(maxsize=8192)
def _weigh(text: str | None) -> bytes:
    weighed = [_weigh_word(word) for word in (text or "").split()]
    letters = bytes([_WORD_GAP]).join(word for word, _ in weighed)
    return letters + bytes([_END]) + bytes(tone for _, tone in weighed) + bytes([_END])


def sort_key(full_name: str) -> bytes:
    """Bytes that sort as a Vietnamese staff list does: by given, family and middle name; in each first by letters
    (a ă â b … d đ e ê … o ô ơ … u ư), then by tones (ngang huyền hỏi ngã sắc nặng). Case counts for nothing.

    Our own and not the database's collation, so that SQLite and every PostgreSQL sort alike.
    """
    name = split_name(full_name)
    return _weigh(name.given) + _weigh(name.family) + _weigh(name.middle)


def given_name_ranges(folded: str, most: int = 24) -> list[tuple[bytes, bytes]]:
    """Where in the order of `sort_key` people stand whose given name begins with these letters, whatever marks and tones it bears: from,
    and up to but not with. In rising order; none when that would be more than `most` places."""
    spellings = [b""]
    for letter in folded:
        if letter not in _RANK:
            return []
        spellings = [spelt + bytes([_RANK[other]]) for spelt in spellings for other in _SPELT.get(letter, letter)]
        if len(spellings) > most:
            return []
    return [(spelt, spelt[:-1] + bytes([spelt[-1] + 1])) for spelt in sorted(spellings) if spelt]


def username_key(typed: str) -> str | None:
    """A username or mail address as it is compared: NFKC (full-width forms become plain), case folded, trimmed, in NFC.

    None for what can only be a slip or a disguise: nothing, too long, blanks inside, control and zero-width characters,
    letters of another script that look like Latin ones. Latin letters keep their marks: `an` and `ân` are two names.
    """
    if typed.isascii():
        key = typed.strip().lower()
        return key if key.isprintable() and " " not in key and 0 < len(key) <= LONGEST_USERNAME else None
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", typed).strip().casefold())
    if not key or len(key) > LONGEST_USERNAME or not all(map(_is_plain, key)):
        return None
    return key


def _is_plain(character: str) -> bool:
    if character.isascii():
        return "!" <= character <= "~"
    if unicodedata.combining(character) or not character.isalpha():
        return False
    base = unicodedata.normalize("NFD", character)[0]
    return base == "đ" or ("a" <= base <= "z")
