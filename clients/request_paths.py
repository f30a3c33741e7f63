"""The path of a request as everybody reads it: one that two programs could read differently is none, so that no rule is walked round."""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

LONGEST = 1000
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# After decoding none of these may have come out of an escape: one program sees a separator or a mark where another sees a name.
_NEVER_ESCAPED = frozenset("/\\.;%?#")
_NEVER = frozenset("\\;#")
_UNSEEN = ("C", "Z")  # Unicode's classes of what cannot be seen: control, format, separators; a plain space may be inside a name


class UnclearPath(Exception):
    """Two programs could read this path differently. The text says why, for the operator."""


def clear_path(target: str) -> str:
    """The path of a request target (RFC 9112 §3.2.1), decoded once, in NFC, without its query. Raises UnclearPath."""
    written = target.partition("?")[0]
    if not written.startswith("/") or len(target) > LONGEST:
        raise UnclearPath("it does not begin with a slash, or is too long")
    decoded = _decoded(written)
    if any(character in _NEVER or _is_unseen(character) for character in decoded):
        raise UnclearPath("it holds a backslash, a semicolon, a number sign or what cannot be seen")
    segments = decoded.split("/")[1:]
    if "" in segments[:-1]:
        raise UnclearPath("two slashes follow each other")
    if any(segment in (".", "..") or segment != segment.rstrip(". ") or segment != segment.lstrip(" ") for segment in segments):
        raise UnclearPath("a part is a dot segment, or ends in a dot or a space")
    return unicodedata.normalize("NFC", decoded)


def _decoded(written: str) -> str:
    plain = _ESCAPE.sub("", written)
    if "%" in plain:
        raise UnclearPath("a percent sign begins no escape")
    for escape in _ESCAPE.findall(written):
        octet = int(escape[1:], 16)
        if chr(octet) in _NEVER_ESCAPED or octet < 0x20 or octet == 0x7F:
            raise UnclearPath(f"{escape} stands for what separates")
    try:
        # A proxy that passes on octets as they are has them read as Latin-1 (PEP 3333).
        return unquote_to_bytes(written.encode("latin-1")).decode()
    except UnicodeError:
        pass
    try:
        return unquote_to_bytes(written).decode()
    except UnicodeError:
        raise UnclearPath("it is not UTF-8") from None


def _is_unseen(character: str) -> bool:
    return character != " " and unicodedata.category(character).startswith(_UNSEEN)
