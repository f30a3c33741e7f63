"""Text out of old office programs: told from its bytes, read as Unicode in composed form (NFC).

Personnel files of communes still come in the encodings of the nineties. No kept library reads TCVN3 and VNI; both are tables.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

UTF_8, UTF_16, WINDOWS_1258, TCVN3, VNI = "utf-8", "utf-16", "windows-1258", "tcvn3", "vni"
ENCODINGS = (UTF_8, UTF_16, WINDOWS_1258, TCVN3, VNI)
_WORD = re.compile(r"[^\W\d_]+|[^\s\x00-\x7f]+")
_WITHOUT_TONE = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_SYLLABLE = re.compile(
    "(ngh?|nh|gh|gi|g|kh|k|ph|p|qu|th|tr|ch|[bcdđhlmnrstvx])?"
    "(iêu|yêu|oai|oay|oao|oeo|uây|uôi|uya|uyê|uyu|ươi|ươu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|ôi|ơi|ua|uâ|uê|ui|uô|uơ|uy|ưa|ươ|ưi|ưu|yê"
    "|[aăâeêioôơuưy])"
    "(ch|ng|nh|[cmnpt])?"
)

# TCVN 5712:1993, the third set ("ABC" fonts): a byte a letter; its capitals with a tone exist only as fonts, and read as small ones.
_TCVN3_BYTES = "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\xadõøö÷ùúýûüþ¡¢§£¤¥¦"
_TCVN3_TEXT = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ"
_TCVN3 = str.maketrans(_TCVN3_BYTES, _TCVN3_TEXT)

# VNI Windows: a letter, then its marks as one more character; some letters have a byte of their own.
_TONES = {"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_BREVES = {"ê": "", "è": "\u0300", "é": "\u0301", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_HATS = {"â": "", "à": "\u0300", "á": "\u0301", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


class NotReadable(ValueError):
    """The bytes are no text in the encoding that was named."""


@dataclass(frozen=True)
class Text:
    """What the bytes say, and the encoding by which they were read."""

    text: str
    encoding: str


def _vni_pairs() -> dict[str, str]:
    pairs = dict(_ALONE)
    for vowel in "aeou":
        pairs |= {vowel + mark: vowel + tone for mark, tone in _TONES.items()}
        if vowel in "aeo":
            pairs |= {vowel + mark: vowel + "\u0302" + tone for mark, tone in _HATS.items()}
    pairs |= {"a" + mark: "a\u0306" + tone for mark, tone in _BREVES.items()}
    pairs |= {f"{letter}{mark}": f"{text}{tone}" for letter, text in (("ô", "ơ"), ("ö", "ư"), ("y", "y")) for mark, tone in _TONES.items()}
    return pairs | {old.upper(): new.upper() for old, new in pairs.items()}


_VNI = {old: unicodedata.normalize("NFC", new) for old, new in _vni_pairs().items()}
_VNI_SIGN = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))


def _windows_1258(content: bytes) -> str:
    return unicodedata.normalize("NFC", content.decode("cp1258"))


def _tcvn3(content: bytes) -> str:
    return content.decode("latin-1").translate(_TCVN3)


def _vni(content: bytes) -> str:
    return _VNI_SIGN.sub(lambda found: _VNI[found.group()], content.decode("cp1252"))


_READERS: dict[str, Callable[[bytes], str]] = {
    UTF_8: lambda content: unicodedata.normalize("NFC", content.decode("utf-8-sig")),
    UTF_16: lambda content: unicodedata.normalize("NFC", content.decode("utf-16")),
    WINDOWS_1258: _windows_1258,
    TCVN3: _tcvn3,
    VNI: _vni,
}


def read_text(content: bytes, encoding: str | None = None) -> Text:
    """The text of a file. `encoding`: one of ENCODINGS when somebody knows it; else it is told from the bytes: what is UTF-8 is read
    so, and of the old ones that which makes the most Vietnamese syllables. Raises NotReadable."""
    if encoding is not None:
        return Text(_read_as(content, encoding), encoding)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Text(_read_as(content, UTF_16), UTF_16)
    try:
        return Text(_read_as(content, UTF_8), UTF_8)
    except NotReadable:
        pass
    readings = []
    for name in (WINDOWS_1258, TCVN3, VNI):
        try:
            readings.append(Text(_read_as(content, name), name))
        except NotReadable:
            continue
    if not readings:
        raise NotReadable
    return max(readings, key=lambda reading: _likeness(reading.text))


def _read_as(content: bytes, encoding: str) -> str:
    if encoding not in _READERS:
        raise NotReadable
    try:
        return _READERS[encoding](content)
    except UnicodeDecodeError:
        raise NotReadable from None


def _likeness(text: str) -> int:
    """How much a text looks like Vietnamese: its words beyond ASCII that are syllables of the language, less those that are not."""
    words = Counter(word.lower() for word in _WORD.findall(text) if not word.isascii())
    ours = sum(count for word, count in words.items() if _is_syllable(word))
    return 2 * ours - words.total()


def _is_syllable(word: str) -> bool:
    """Whether a word is built as Vietnamese builds them: one tone at most, and known sounds in their order."""
    parts = unicodedata.normalize("NFD", word)
    tones = sum(parts.count(tone) for tone in "\u0300\u0301\u0303\u0309\u0323")
    plain = unicodedata.normalize("NFC", parts.translate(_WITHOUT_TONE))
    return tones <= 1 and _SYLLABLE.fullmatch(plain) is not None
