"""Distinguished names (RFC 4514): taken apart, compared, escaped."""

import re
import unicodedata
from functools import lru_cache

Rdn = tuple[tuple[str, str], ...]
Dn = tuple[Rdn, ...]
ROOT: Dn = ()
ALIASES = {
    "userid": "uid", "commonname": "cn", "surname": "sn", "organizationalunitname": "ou", "organizationname": "o",
    "domaincomponent": "dc", "rfc822mailbox": "mail", "gn": "givenname", "localityname": "l", "mobiletelephonenumber": "mobile",
}  # fmt: skip
_SPECIAL = frozenset(',+"\\<>;=')
_FIRST_RDN = re.compile(r'(?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*")*', re.DOTALL)
_HEX = frozenset("0123456789abcdefABCDEF")


class NotADn(Exception):
    """The text is not a distinguished name."""


def attribute_key(name: str) -> str:
    """An attribute's name as it is compared: lower case, without options, under one of its names."""
    key = name.partition(";")[0].strip().lower()
    return ALIASES.get(key, key)


def value_key(value: str) -> str:
    """A value as `caseIgnoreMatch` compares it: case folded, composed, blanks trimmed and collapsed."""
    if value.isascii():
        return " ".join(value.lower().split())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


def escape(value: str) -> str:
    """One attribute value as it stands in a DN (RFC 4514 §2.4)."""
    text = "".join("\\" + c if c in _SPECIAL else "\\00" if c == "\0" else c for c in value)
    if text[:1] in ("#", " "):
        text = "\\" + text
    if len(value) > 1 and text.endswith(" "):
        text = text[:-1] + "\\ "
    return text


def split(dn: str, separator: str = ",") -> list[str]:
    """The parts of a DN between unescaped separators, as written."""
    if "\\" not in dn and '"' not in dn:
        return dn.split(separator)
    parts, start, position, quoted = [], 0, 0, False
    while position < len(dn):
        character = dn[position]
        if character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(dn[start:position])
            start = position + 1
        position += 1
    parts.append(dn[start:])
    return parts


def parent_text(dn: str) -> str:
    """A DN without its first RDN, as written; empty for the last."""
    if "\\" not in dn and '"' not in dn:
        return dn.partition(",")[2]
    first = _FIRST_RDN.match(dn)
    return dn[first.end() + 1 :] if first else ""


def _unescape(text: str) -> str:
    text = text.lstrip(" ")
    if text.startswith('"') and text.rstrip(" ").endswith('"') and len(text.rstrip(" ")) > 1:
        text = text.rstrip(" ")[1:-1]
    out, position, kept = bytearray(), 0, 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            pair = text[position : position + 2]
            if len(pair) == 2 and set(pair) <= _HEX:
                out.append(int(pair, 16))
                position += 2
            elif pair:
                out += pair[0].encode()
                position += 1
            else:
                raise NotADn("a backslash at the end")
            kept = len(out)
        else:
            out += character.encode("utf-8", "surrogatepass")
    end = len(out)
    while end > kept and out[end - 1] == 0x20:
        end -= 1
    try:
        return out[:end].decode()
    except UnicodeDecodeError:
        raise NotADn("escaped bytes that are not UTF-8") from None


def parse_rdn(rdn: str) -> list[tuple[str, str]]:
    """The attributes (name as written, plain value) of one RDN. Raises NotADn."""
    pairs = []
    for part in split(rdn, "+"):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise NotADn("a part without attribute")
        pairs.append((name.strip(), _unescape(value)))
    return pairs


@lru_cache(maxsize=4096)
def _normalize_rdn(rdn: str) -> Rdn:
    return tuple(sorted((attribute_key(name), value_key(value)) for name, value in parse_rdn(rdn)))


def normalize(dn: str) -> Dn:
    """A DN as it is compared. Raises NotADn."""
    return tuple(map(_normalize_rdn, split(dn))) if dn.strip() else ROOT
